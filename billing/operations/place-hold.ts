//! The step that holding and paying share: the order's one hold, or the answer that the order has already.
import { ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Money } from '../../contracts/money.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { type AskedHold, type HoldKey, hold, holdAgain } from '../domain/hold.ts'
import { holdFacts } from '../facts.ts'
import { claimHold, lockHold, moveHold } from '../store/holds.ts'
import type { Tx } from '../store/schema.ts'
import { lockWallet, record } from '../store/wallets.ts'

export type PlaceHold = HoldKey & { readonly userId: UserId; readonly amount: Money }

/** Runs inside the caller's transaction. The order is locked before the wallet, here as everywhere. */
export async function placeHold(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  request: PlaceHold,
): Promise<Result<'held' | 'captured'>> {
  const { tenantId, orderId, userId, amount } = request
  const now = deps.now()
  const asked = { userId, amount, paymentId: deps.newId('payment') }
  const moments = { createdAt: now, lookAt: plusMs(now, deps.holdLookMs) }
  if (!(await claimHold(tx, request, asked, moments))) {
    const held = await lockHold(tx, request)
    if (held === undefined) throw new Error(`order ${orderId} has a hold that is not there`)
    return holdAgain(held, request)
  }
  const wallet = await lockWallet(tx, { tenantId, userId, currency: amount.currency })
  const posting = hold(wallet, orderId, amount)
  const state = posting.ok ? 'held' : 'refused'
  if (posting.ok && wallet !== undefined)
    await record(tx, wallet, posting.value, { id: deps.newId('entry'), moment: now })
  // Nobody has seen it held: the claim and the refusal are one transaction.
  else await moveHold(tx, request, { from: 'held', state: 'refused', updatedAt: now })
  const placed: AskedHold = { tenantId, orderId, state, asked }
  await deps.announce(tx, cause, holdFacts(placed, now))
  return posting.ok ? ok('held') : posting
}
