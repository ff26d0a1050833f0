//! Money that is given back is given twice, and written down once.
import type { Planted } from './planted.ts'

const again = 'update wallets set available = available + ? where user_id = ?'

export const doubleRefund: Planted = {
  async meddle({ params, run, exec }) {
    const done = await run()
    // The transaction that is written beside the wallet.
    if (params.kind === 'refund') exec(again, params.amount, params.userId)
    return done
  },
}
