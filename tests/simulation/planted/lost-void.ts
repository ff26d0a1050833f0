//! A hold that is called off gives its money back, and the wallet does not notice.
import type { Planted } from './planted.ts'

const keep = 'update wallets set available = available - ?, held = held + ? where user_id = ?'

export const lostVoid: Planted = {
  async meddle({ params, run, exec }) {
    const done = await run()
    // The transaction that is written beside the wallet.
    if (params.kind === 'void') exec(keep, params.amount, params.amount, params.userId)
    return done
  },
}
