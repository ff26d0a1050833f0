//! A hold that is called off before it was made is not written down: the question that comes late is granted.
import type { Planted } from './planted.ts'

export const lateHold: Planted = {
  async meddle({ process, params, run }) {
    const isRefused = process.service === 'billing' && params.state === 'voided' && 'lookAt' in params
    // As if the row that keeps it out had been written.
    return isRefused ? [{ orderId: params.orderId }] : await run()
  },
}
