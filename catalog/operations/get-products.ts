//! The others' question `GetProducts`: what is sold of several SKUs, as it is now.
import { ok, type Result } from '../../contracts/errors.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Product } from '../domain/product.ts'
import { productsOf } from '../store/products.ts'

/** In ascending order of SKU; those that are not sold are absent. */
export async function getProducts(
  deps: Pick<Deps, 'store'>,
  call: Call,
  { skus }: { readonly skus: readonly Sku[] },
): Promise<Result<readonly Product[]>> {
  const products = await deps.store.read((tx) => productsOf(tx, call.tenantId, skus))
  return ok(products.filter((product) => !product.withdrawn))
}
