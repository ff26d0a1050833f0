//! `GET /api/v1/orders/{id}`: an order as the resources show it, to whom it belongs and to the shop.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { OrderView } from '../../contracts/order-view.ts'
import type { Deps } from '../deps.ts'
import { detailsOf } from '../store/details.ts'
import { orderOf } from '../store/orders.ts'
import { orderView } from '../views.ts'

/** Whose order it has to be; anybody's where it is left out. Another's is not there. */
export type OrderOf = {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly ownerId?: UserId | undefined
}

export async function showOrder(
  deps: Pick<Deps, 'store'>,
  { tenantId, orderId, ownerId }: OrderOf,
): Promise<Result<OrderView>> {
  return await deps.store.read(async (tx) => {
    const order = await orderOf(tx, tenantId, orderId)
    if (order === undefined || (ownerId !== undefined && order.userId !== ownerId))
      return fail('order_not_found')
    const details = await detailsOf(tx, tenantId, [orderId])
    return ok(orderView(order, details.get(orderId)))
  })
}
