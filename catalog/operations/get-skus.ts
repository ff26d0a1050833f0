//! The others' question `GetSkus`: which SKU a product has that is named by its id.
import { ok, type Result } from '../../contracts/errors.ts'
import type { ProductId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Product } from '../domain/product.ts'
import { productById } from '../store/products.ts'

/** Those that are not sold are absent. */
export async function getSkus(
  deps: Pick<Deps, 'store'>,
  call: Pick<Call, 'tenantId'>,
  { ids }: { readonly ids: readonly ProductId[] },
): Promise<Result<readonly Pick<Product, 'id' | 'sku'>[]>> {
  const found = await deps.store.read((tx) =>
    Promise.all([...new Set(ids)].map((id) => productById(tx, call.tenantId, id))),
  )
  return ok(found.flatMap((product) => (product === undefined || product.withdrawn ? [] : [product])))
}
