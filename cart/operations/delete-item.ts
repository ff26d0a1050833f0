//! `cart/item/delete`: so many pieces of a SKU out of the cart, or the whole line.
import { ok } from '../../contracts/errors.ts'
import type { Sku, UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { takeFromLine } from '../domain/cart.ts'
import { dropLine, lockLines, putLine } from '../store/carts.ts'

export type DeleteItem = { readonly userId: UserId; readonly sku: Sku; readonly quantity?: number }

/** Succeeds also where the SKU was not in the cart. Without a quantity the whole line goes. */
export async function deleteItem(deps: Deps, call: Call, request: DeleteItem): Promise<Answer<void>> {
  const { tenantId } = call
  const { userId, sku, quantity } = request
  const now = deps.now()
  return await deps.store.write((tx) =>
    once(tx, call, now, async () => {
      const line = (await lockLines(tx, { tenantId, userId })).find((line) => line.sku === sku)
      if (line === undefined) return ok(undefined)
      const left = takeFromLine(line, quantity)
      if (left === undefined) await dropLine(tx, { tenantId, userId, sku })
      else await putLine(tx, { tenantId, userId, ...left, addedAt: now })
      return ok(undefined)
    }),
  )
}
