//! `cart/item/add`: so many pieces of a SKU into the cart, if it is sold and in stock.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Sku, UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once, storedAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { addToCart, type Offer } from '../domain/cart.ts'
import { lockLines, putLine } from '../store/carts.ts'

export type AddItem = { readonly userId: UserId; readonly sku: Sku; readonly quantity: number }

/** Refused with `unknown_sku`, `insufficient_stock`, `cart_full`, `count_too_large` or `cart_total_too_large`. */
export async function addItem(deps: Deps, call: Call, request: AddItem): Promise<Answer<void>> {
  const stored = await storedAnswer(deps.store, call, deps.now())
  if (stored !== undefined) return stored
  // Remote questions come first: once the transaction is open it waits for nobody.
  const offer = await askOffer(deps, call, request.sku)
  if (!offer.ok && offer.error.code !== 'unknown_sku') return offer

  const { tenantId } = call
  const { userId, quantity } = request
  const now = deps.now()
  return await deps.store.write((tx) =>
    once(tx, call, now, async () => {
      if (!offer.ok) return offer
      const line = addToCart(await lockLines(tx, { tenantId, userId }), offer.value, quantity)
      if (!line.ok) return line
      await putLine(tx, { tenantId, userId, ...line.value, addedAt: now })
      return ok(undefined)
    }),
  )
}

async function askOffer(deps: Deps, call: Call, sku: Sku): Promise<Result<Offer>> {
  const [products, stock] = await Promise.all([
    deps.products.products(call, [sku]),
    deps.stock.available(call, [sku]),
  ])
  if (!products.ok) return products
  const product = products.value.get(sku)
  if (product === undefined) return fail('unknown_sku')
  if (!stock.ok) return stock
  return ok({ sku, price: product.price, available: stock.value.get(sku) ?? 0 })
}
