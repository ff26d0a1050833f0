//! A shipment whose order is over stays in the couriers' queue.
import type { Planted } from './planted.ts'

export const lostCancellation: Planted = {
  async meddle({ process, params, run }) {
    const isOff =
      process.service === 'delivery' && params.status === 'cancelled' && 'previousVersion' in params
    return await run(isOff ? { ...params, status: 'queued' } : params)
  },
}
