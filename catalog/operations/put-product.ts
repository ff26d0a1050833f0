//! Creates a product or says anew what it is.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId, Sku } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Content, create, type Product } from '../domain/product.ts'
import { productChanged } from '../facts.ts'
import { lockProduct, putNewProduct } from '../store/products.ts'
import type { Tx } from '../store/schema.ts'
import { putAgain } from './put-again.ts'

export type PutProduct = Content & {
  readonly sku: Sku
  /** Made for a new product where none is given; an old one has its own. */
  readonly id?: ProductId
}

type PutDeps = Pick<Deps, 'store' | 'now' | 'newId' | 'announce'>

/**
 * The product as it is afterwards, sold also where it was withdrawn. The same content again changes and announces
 * nothing. Refused with `product_id_conflict` where the id is another product's or the SKU has another id.
 */
export async function putProduct(deps: PutDeps, call: Call, request: PutProduct): Promise<Answer<Product>> {
  return await deps.store.write((tx) => once(tx, call, deps.now(), () => put(tx, deps, call, request)))
}

async function put(tx: Tx, deps: PutDeps, call: Call, request: PutProduct): Promise<Result<Product>> {
  const { sku, id, ...content } = request
  const known = await lockProduct(tx, call.tenantId, sku)
  if (known !== undefined) return await putAgain(tx, deps, call, known, request)
  const { tenantId } = call
  const product = create({ ...content, tenantId, sku, id: id ?? deps.newId('product') }, deps.now())
  if (await putNewProduct(tx, product)) {
    await deps.announce(tx, call, [productChanged(product)])
    return ok(product)
  }
  // On PostgreSQL somebody may have created the SKU since we looked; if nobody has, it is the id that is taken.
  const created = await lockProduct(tx, tenantId, sku)
  return created === undefined
    ? fail('product_id_conflict')
    : await putAgain(tx, deps, call, created, request)
}
