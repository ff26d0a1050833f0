//! The step that a checkout and the settling of an overdue one share: transaction 2, which ends it exactly once.
import type { Instant } from '../../contracts/time.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { claimKey, storeAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type CartLine, takeSeen } from '../domain/cart.ts'
import type { Outcome, Purchase } from '../domain/outcome.ts'
import { dropLine, lockLines, putLine } from '../store/carts.ts'
import { type Checkout, endCheckout } from '../store/checkouts.ts'
import type { Tx } from '../store/schema.ts'

/**
 * Ends the checkout unless somebody else has; takes the snapshot out of the cart where an order was made of it, so that
 * what was added meanwhile stays; and answers the idempotency keys of whoever began it and whoever asks now.
 */
export async function endWith(
  deps: Pick<Deps, 'store' | 'now'>,
  checkout: Checkout,
  outcome: Outcome,
  call?: Call,
): Promise<Answer<Purchase>> {
  const now = deps.now()
  return await deps.store.write(async (tx) => {
    const { tenantId, id, keyScope, key } = checkout
    const present = await lockLines(tx, checkout)
    const orderId = outcome.state === 'placed' ? outcome.orderId : null
    const rows = await endCheckout(tx, { tenantId, id, state: outcome.state, orderId, endedAt: now })
    if (rows.length === 1) {
      if (outcome.state === 'placed') await takeSnapshot(tx, checkout, present, now)
      if (keyScope !== null && key !== null) {
        await storeAnswer(tx, { tenantId, idempotency: { scope: keyScope, key } }, outcome.answer)
      }
    }
    if (call === undefined || (rows.length === 1 && isOf(call, checkout))) return outcome.answer
    const claim = await claimKey(tx, call, now)
    // Whoever ended it before us, or a repeat that came after that, has had an answer; ours is that, for a key has one.
    if (!claim.claimed) return claim.answer
    await storeAnswer(tx, call, outcome.answer)
    return outcome.answer
  })
}

/** The key of the one who asks now is the key that began it: not the same word of another caller or route. */
function isOf({ idempotency }: Call, { key, keyScope }: Checkout): boolean {
  return idempotency?.key === key && idempotency?.scope === keyScope
}

async function takeSnapshot(
  tx: Tx,
  { tenantId, userId, lines }: Checkout,
  present: readonly CartLine[],
  now: Instant,
): Promise<void> {
  for (const seen of lines) {
    const { sku } = seen
    const line = present.find((line) => line.sku === sku)
    if (line === undefined) continue
    const left = takeSeen(line, seen)
    if (left === undefined) await dropLine(tx, { tenantId, userId, sku })
    else if (left !== line) await putLine(tx, { tenantId, userId, ...left, addedAt: now })
  }
}
