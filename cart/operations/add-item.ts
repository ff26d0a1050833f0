//! `cart/item/add` and `POST /api/v1/cart/items`: so many pieces of a SKU into the cart, if it is sold and in stock.
import { ok } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once, storedAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { addToCart } from '../domain/cart.ts'
import { lockLines, putLine } from '../store/carts.ts'
import { askOffer, type Named, type NamedLine, namedLine } from './ask-offer.ts'

export type AddItem = Named & { readonly userId: UserId; readonly quantity: number }

/** Refused with `unknown_sku`, `insufficient_stock`, `cart_full`, `count_too_large` or `cart_total_too_large`. */
export async function addItem(deps: Deps, call: Call, request: AddItem): Promise<Answer<NamedLine>> {
  const stored = await storedAnswer(deps.store, call)
  if (stored !== undefined) return stored
  // Remote questions come first: once the transaction is open it waits for nobody.
  const offer = await askOffer(deps, call, request)
  if (!offer.ok && offer.error.code !== 'unknown_sku') return offer

  const { tenantId } = call
  const { userId, quantity } = request
  const now = deps.now()
  const lineId = deps.newId('line')
  return await deps.store.write((tx) =>
    once(tx, call, now, async () => {
      if (!offer.ok) return offer
      const line = addToCart(await lockLines(tx, { tenantId, userId }), offer.value, quantity, lineId)
      if (!line.ok) return line
      await putLine(tx, { tenantId, userId, ...line.value, addedAt: now })
      return ok(namedLine(offer.value, line.value))
    }),
  )
}
