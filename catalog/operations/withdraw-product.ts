//! Takes a product off sale; orders keep its name and price.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ProductId, Sku } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { withdraw } from '../domain/product.ts'
import { productChanged } from '../facts.ts'
import { lockProduct, lockProductById, putProductState } from '../store/products.ts'
import type { Tx } from '../store/schema.ts'

export type WithdrawProduct = { readonly sku: Sku } | { readonly id: ProductId }

type WithdrawDeps = Pick<Deps, 'store' | 'now' | 'announce'>

/** Asked again: the same answer and no second effect. Refused with `product_not_found` where there never was one. */
export async function withdrawProduct(
  deps: WithdrawDeps,
  call: Call,
  request: WithdrawProduct,
): Promise<Answer<void>> {
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), () => withdrawOne(tx, deps, call, request)),
  )
}

async function withdrawOne(
  tx: Tx,
  deps: WithdrawDeps,
  call: Call,
  request: WithdrawProduct,
): Promise<Result<void>> {
  const product =
    'id' in request
      ? await lockProductById(tx, call.tenantId, request.id)
      : await lockProduct(tx, call.tenantId, request.sku)
  if (product === undefined) return fail('product_not_found')
  const withdrawn = withdraw(product, deps.now())
  if (withdrawn === undefined) return ok(undefined)
  await putProductState(tx, withdrawn)
  await deps.announce(tx, call, [productChanged(withdrawn)])
  return ok(undefined)
}
