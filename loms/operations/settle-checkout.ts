//! Cart's question `SettleCheckout`: what became of a checkout that may have died on its way.
import { ok, type Result } from '../../contracts/errors.ts'
import type { CheckoutId, OrderId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { claimCheckout, outcomeOf } from '../store/catalog.ts'
import { orderOf } from '../store/orders.ts'

export type Settled = { readonly orderId: OrderId | undefined; readonly rejected: boolean }

/** Where there is no outcome yet, it is written down that there will be none: no order is ever made of it after this. */
export async function settleCheckout(
  deps: Deps,
  call: Call,
  { checkoutId }: { readonly checkoutId: CheckoutId },
): Promise<Result<Settled>> {
  const { tenantId } = call
  return await deps.store.write(async (tx) => {
    await claimCheckout(tx, { tenantId, checkoutId })
    const [outcome] = await outcomeOf(tx, { tenantId, checkoutId })
    const order = outcome?.orderId == null ? undefined : await orderOf(tx, tenantId, outcome.orderId)
    if (order === undefined) return ok({ orderId: undefined, rejected: false })
    const rejected = order.status === 'failed'
    return ok({ orderId: rejected ? undefined : order.id, rejected })
  })
}
