//! `cart/clear`: everything out of the cart.
import { ok } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { dropLines } from '../store/carts.ts'

export async function clearCart(
  deps: Deps,
  call: Call,
  { userId }: { readonly userId: UserId },
): Promise<Answer<void>> {
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), async () => {
      await dropLines(tx, { tenantId: call.tenantId, userId })
      return ok(undefined)
    }),
  )
}
