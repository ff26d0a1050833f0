//! `PATCH /api/v1/cart/items/{sku}`: a line of the cart has so many pieces from now on.
import { ok } from '../../contracts/errors.ts'
import type { Sku, UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once, storedAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { changeQuantity } from '../domain/cart.ts'
import { lockLines, putLine } from '../store/carts.ts'
import { askOffer, type NamedLine, namedLine } from './ask-offer.ts'

export type SetQuantity = { readonly userId: UserId; readonly sku: Sku; readonly quantity: number }

/** Refused with `cart_line_not_found`, and where it is more than before with what adding is refused with. */
export async function setQuantity(
  deps: Deps,
  call: Call,
  { userId, sku, quantity }: SetQuantity,
): Promise<Answer<NamedLine>> {
  const stored = await storedAnswer(deps.store, call)
  if (stored !== undefined) return stored
  const offer = await askOffer(deps, call, { sku })
  if (!offer.ok && offer.error.code !== 'unknown_sku') return offer

  const { tenantId } = call
  const now = deps.now()
  return await deps.store.write((tx) =>
    once(tx, call, now, async () => {
      if (!offer.ok) return offer
      const line = changeQuantity(await lockLines(tx, { tenantId, userId }), offer.value, quantity)
      if (!line.ok) return line
      await putLine(tx, { tenantId, userId, ...line.value, addedAt: now })
      return ok(namedLine(offer.value, line.value))
    }),
  )
}
