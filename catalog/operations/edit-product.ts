//! Says anew something of a product that is sold.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Content, edit, type Product } from '../domain/product.ts'
import { productChanged } from '../facts.ts'
import { lockProductById, putProductState } from '../store/products.ts'
import type { Tx } from '../store/schema.ts'

export type EditProduct = { readonly id: ProductId; readonly changes: Partial<Content> }

type EditDeps = Pick<Deps, 'store' | 'now' | 'announce'>

/**
 * The product as it is afterwards. What it is already changes and announces nothing. Refused with `product_not_found`
 * where it was never sold or is withdrawn.
 */
export async function editProduct(
  deps: EditDeps,
  call: Call,
  request: EditProduct,
): Promise<Answer<Product>> {
  return await deps.store.write((tx) => once(tx, call, deps.now(), () => editOne(tx, deps, call, request)))
}

async function editOne(
  tx: Tx,
  deps: EditDeps,
  call: Call,
  { id, changes }: EditProduct,
): Promise<Result<Product>> {
  const product = await lockProductById(tx, call.tenantId, id)
  if (product === undefined || product.withdrawn) return fail('product_not_found')
  const edited = edit(product, { ...product, ...changes }, deps.now())
  if (edited === undefined) return ok(product)
  await putProductState(tx, edited)
  await deps.announce(tx, call, [productChanged(edited)])
  return ok(edited)
}
