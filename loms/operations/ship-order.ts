//! `ShipOrder`: whoever carries an order asks whether it may go; from the answer on it is not called off any more.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { lockOrder } from '../store/orders.ts'
import { bringForward } from './bring-forward.ts'

/** Asked again it changes nothing. Refused with `order_not_found`, and with `status_not_reachable` where it is not paid, or over. */
export async function shipOrder(
  deps: Deps,
  call: Call,
  { orderId }: { readonly orderId: OrderId },
): Promise<Result<void>> {
  const { order, reached } = await deps.store.write(async (tx) => ({
    order: await lockOrder(tx, call.tenantId, orderId),
    reached: await bringForward(tx, deps, call, { orderId, to: 'shipped' }),
  }))
  for (const each of reached) deps.metrics.reached(each)
  if (order === undefined) return fail('order_not_found')
  const { status } = reached.at(-1) ?? order
  return status === 'shipped' || status === 'delivered'
    ? ok(undefined)
    : fail('status_not_reachable', { reason: status })
}
