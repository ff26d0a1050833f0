//! A hold that is asked for again is made again: whoever got no answer is held for twice.
import type { Planted } from './planted.ts'

const again = `update wallets set available = available - ?, held = held + ? where user_id = ? and available >= ?`

export const holdAgain: Planted = {
  async meddle({ params, run, exec }) {
    const done = await run()
    const { amount, userId } = params
    // The claim of the order's one hold, which it has already.
    if (params.state === 'held' && 'lookAt' in params && Array.isArray(done) && done.length === 0)
      exec(again, amount, amount, userId, amount)
    return done
  },
}
