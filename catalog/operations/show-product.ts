//! A product that is sold, for whoever looks.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Product } from '../domain/product.ts'
import { productById } from '../store/products.ts'

/** Refused with `product_not_found` where it was never sold or is withdrawn. */
export async function showProduct(
  { store }: Pick<Deps, 'store'>,
  { tenantId }: Pick<Call, 'tenantId'>,
  { id }: { readonly id: ProductId },
): Promise<Result<Product>> {
  const product = await store.read((tx) => productById(tx, tenantId, id))
  return product === undefined || product.withdrawn ? fail('product_not_found') : ok(product)
}
