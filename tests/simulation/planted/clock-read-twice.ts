//! Whether an order can still be paid is decided by one look at the clock, and when it was paid by a second.
import type { Planted } from './planted.ts'

export const clockReadTwice: Planted = {
  async meddle({ params, run, process }) {
    const isPaying = params.paidAt != null && params.status === 'confirmed'
    return await run(isPaying ? { ...params, paidAt: process.now() } : params)
  },
}
