//! `get_product`: a product that is sold, for whoever has the catalogue's token.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Product } from '../domain/product.ts'
import { productOf } from '../store/products.ts'

export type GetProduct = { readonly token: string; readonly sku: Sku }

/** Refused with `bad_token`, whatever the SKU, and with `product_not_found` where it was never sold or is withdrawn. */
export async function getProduct(
  deps: Deps,
  call: Call,
  { token, sku }: GetProduct,
): Promise<Result<Product>> {
  if (!deps.isToken(token)) return fail('bad_token')
  const product = await deps.store.read((tx) => productOf(tx, call.tenantId, sku))
  return product === undefined || product.withdrawn ? fail('product_not_found') : ok(product)
}
