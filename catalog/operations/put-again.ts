//! What putting a known product comes to: shared by `put-product` and `create-product`.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId, Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { type Content, edit, type Product } from '../domain/product.ts'
import { productChanged } from '../facts.ts'
import { putProductState } from '../store/products.ts'
import type { Tx } from '../store/schema.ts'

type PutAgain = Content & { readonly sku?: Sku; readonly id?: ProductId }

/** Says anew what a known product is, in the caller's transaction, and announces it where that changes it. */
export async function putAgain(
  tx: Tx,
  deps: Pick<Deps, 'now' | 'announce'>,
  call: Call,
  product: Product,
  { sku: _, id, ...content }: PutAgain,
): Promise<Result<Product>> {
  if (id !== undefined && id !== product.id) return fail('product_id_conflict')
  const edited = edit(product, content, deps.now())
  if (edited === undefined) return ok(product)
  await putProductState(tx, edited)
  await deps.announce(tx, call, [productChanged(edited)])
  return ok(edited)
}
