//! `order/info`: an order as it is.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import { orderOf } from '../store/orders.ts'

export async function getOrder(
  deps: Deps,
  call: Call,
  request: { orderId: OrderId },
): Promise<Result<Order>> {
  const order = await deps.store.read((tx) => orderOf(tx, call.tenantId, request.orderId))
  return order === undefined ? fail('order_not_found') : ok(order)
}
