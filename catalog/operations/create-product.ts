//! Puts a new product on sale, or a withdrawn one again.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId, Sku } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Content, create, type Product } from '../domain/product.ts'
import { productChanged } from '../facts.ts'
import { lockProduct, nextSku, putNewProduct } from '../store/products.ts'
import type { Tx } from '../store/schema.ts'
import { putAgain } from './put-again.ts'

export type CreateProduct = Content & {
  /** The next free one where none is given. */
  readonly sku?: Sku
  /** Made where none is given. */
  readonly id?: ProductId
}

type CreateDeps = Pick<Deps, 'store' | 'now' | 'newId' | 'announce'>

/**
 * The new product. Refused with `sku_taken` where the SKU is on sale already, with `product_id_conflict` where the id is
 * another product's or the withdrawn product of that SKU has another id.
 */
export async function createProduct(
  deps: CreateDeps,
  call: Call,
  request: CreateProduct,
): Promise<Answer<Product>> {
  return await deps.store.write((tx) => once(tx, call, deps.now(), () => createOne(tx, deps, call, request)))
}

async function createOne(
  tx: Tx,
  deps: CreateDeps,
  call: Call,
  { sku: wanted, ...request }: CreateProduct,
): Promise<Result<Product>> {
  if (wanted !== undefined) return await createAs(tx, deps, call, { ...request, sku: wanted })
  for (;;) {
    const sku = await nextSku(tx, call.tenantId)
    const made = await putNew(tx, deps, call, { ...request, sku })
    if (made !== undefined) return ok(made)
    // On PostgreSQL somebody may have taken the SKU since we looked; if nobody has, it is the id that is taken.
    if ((await lockProduct(tx, call.tenantId, sku)) === undefined) return fail('product_id_conflict')
  }
}

type Numbered = CreateProduct & { readonly sku: Sku }

async function createAs(tx: Tx, deps: CreateDeps, call: Call, request: Numbered): Promise<Result<Product>> {
  const known = await lockProduct(tx, call.tenantId, request.sku)
  if (known?.withdrawn) return await putAgain(tx, deps, call, known, request)
  if (known !== undefined) return fail('sku_taken')
  const made = await putNew(tx, deps, call, request)
  if (made !== undefined) return ok(made)
  const theirs = await lockProduct(tx, call.tenantId, request.sku)
  return fail(theirs === undefined ? 'product_id_conflict' : 'sku_taken')
}

/** Undefined, and nothing written, where the SKU or the id is another's. */
async function putNew(
  tx: Tx,
  deps: CreateDeps,
  call: Call,
  { sku, id = deps.newId('product'), ...content }: Numbered,
): Promise<Product | undefined> {
  const product = create({ ...content, tenantId: call.tenantId, sku, id }, deps.now())
  if (!(await putNewProduct(tx, product))) return undefined
  await deps.announce(tx, call, [productChanged(product)])
  return product
}
