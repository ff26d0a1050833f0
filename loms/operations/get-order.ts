//! `order/info`: an order as it is.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import { accountOf, type Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import { orderOf } from '../store/orders.ts'

export async function getOrder(
  deps: Deps,
  call: Call,
  request: { orderId: OrderId },
): Promise<Result<Order>> {
  const order = await deps.store.read((tx) => orderOf(tx, call.tenantId, request.orderId))
  const account = accountOf(call)
  // Another's order is not there.
  const isTheirs = order !== undefined && (account === undefined || order.userId === account)
  return isTheirs ? ok(order) : fail('order_not_found')
}
