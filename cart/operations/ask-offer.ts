//! The step that putting into a cart and changing a line share: what the catalogue and loms know of the SKU.
import { type Failure, fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId, Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps, Product } from '../deps.ts'
import type { CartLine, Offer } from '../domain/cart.ts'

/** A SKU by itself, or by the product that it is. */
export type Named = { readonly sku: Sku } | { readonly productId: ProductId }

export type KnownOffer = Offer & { readonly product: Product }

/** A line as it stands after a change, with the name and price of that moment. */
export type NamedLine = Product & { readonly quantity: number }

export const namedLine = ({ product }: KnownOffer, { quantity }: CartLine): NamedLine => ({
  ...product,
  quantity,
})

/** Refused with `unknown_sku`, which names it as it was asked for, `catalog_unavailable` or `stock_unavailable`. */
export async function askOffer(deps: Deps, call: Call, named: Named): Promise<Result<KnownOffer>> {
  const asked = 'sku' in named ? ok(named.sku) : await deps.products.skuOf(call, named.productId)
  if (!asked.ok) return asked
  const sku = asked.value
  if (sku === undefined) return unknown(named)
  const [products, stock] = await Promise.all([
    deps.products.products(call, [sku]),
    deps.stock.available(call, [sku]),
  ])
  if (!products.ok) return products
  const product = products.value.get(sku)
  if (product === undefined) return unknown(named)
  if (!stock.ok) return stock
  return ok({ sku, price: product.price, available: stock.value.get(sku) ?? 0, product })
}

const unknown = (named: Named): Failure =>
  fail('unknown_sku', 'sku' in named ? { skus: [named.sku] } : { product_ids: [named.productId] })
