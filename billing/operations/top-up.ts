//! Money comes into a wallet.
import { fail, ok } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import { add, type Money } from '../../contracts/money.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Balance, topUp as decide } from '../domain/wallet.ts'
import { toppedUpFact } from '../facts.ts'
import { record } from '../store/wallets.ts'
import { findWallet } from './find-wallet.ts'

export type TopUp = { readonly userId: UserId; readonly amount: Money }

/**
 * What was in the wallet right after. Refused with `top_up_needs_provider` where money is not given for the asking, with
 * `invalid_argument` outside of what one top-up may be, and with `wallet_full`.
 */
export async function topUp(deps: Deps, call: Call, { userId, amount }: TopUp): Promise<Answer<Balance>> {
  if (!deps.freeTopUp) return fail('top_up_needs_provider')
  const owner = { tenantId: call.tenantId, userId }
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), async () => {
      const wallet = await findWallet(tx, deps, owner)
      const posting = decide(wallet, amount)
      if (!posting.ok) return posting
      const moment = deps.now()
      await record(tx, wallet, posting.value, { id: deps.newId('entry'), moment })
      await deps.announce(tx, call, [toppedUpFact(wallet, amount, moment)])
      return ok({ available: add(wallet.available, amount), held: wallet.held })
    }),
  )
}
