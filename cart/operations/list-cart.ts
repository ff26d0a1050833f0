//! `cart/list` and `GET /api/v1/cart`: what is in the cart, with names and prices as the catalogue has them at this moment.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { totalOf } from '../domain/cart.ts'
import { linesOf } from '../store/carts.ts'
import type { NamedLine } from './ask-offer.ts'

export type ListedCart = { readonly lines: readonly NamedLine[]; readonly totalPrice: number }

/**
 * In ascending order of SKU. A line whose product is no longer sold has neither name nor price and is left out.
 * Refused with `catalog_unavailable`, or with `total_out_of_range`.
 */
export async function listCart(
  deps: Deps,
  call: Call,
  { userId }: { readonly userId: UserId },
): Promise<Result<ListedCart>> {
  const lines = await deps.store.read((tx) => linesOf(tx, { tenantId: call.tenantId, userId }))
  if (lines.length === 0) return ok({ lines: [], totalPrice: 0 })
  const skus = lines.map(({ sku }) => sku)
  const products = await deps.products.products(call, skus)
  if (!products.ok) return products
  const listed = lines.flatMap(({ sku, quantity }) => {
    const product = products.value.get(sku)
    return product === undefined ? [] : [{ ...product, quantity }]
  })
  const totalPrice = totalOf(listed)
  // Prices may have risen without bound since the lines were added; JSON's numbers are exact up to here.
  return Number.isSafeInteger(totalPrice) ? ok({ lines: listed, totalPrice }) : fail('total_out_of_range')
}
