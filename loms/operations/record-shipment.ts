//! Delivery's fact `shipment.updated`: an order is on its way or with its customer; in choreography, whether it can be delivered at all.
import type { DataOf } from '../../contracts/events/define.ts'
import type { ShipmentUpdated } from '../../contracts/events/delivery.ts'
import type { TenantId } from '../../contracts/ids.ts'
import { orderIdOf, userIdOf } from '../../contracts/scalars.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import type { News } from '../domain/saga.ts'
import { lockOrder } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { bringForward } from './bring-forward.ts'
import { takeNews } from './take-news.ts'

/**
 * Runs in the reader's transaction. The order in each status that it has reached: a shipment that tells nothing new changes
 * nothing, nor does another user's under the order's number.
 */
export async function recordShipment(
  tx: Tx,
  deps: Deps,
  {
    data,
    traceparent,
  }: { readonly data: DataOf<typeof ShipmentUpdated>; readonly traceparent: string | undefined },
): Promise<readonly Order[]> {
  const call = { tenantId: data.tenant_id as TenantId, traceparent: traceparent ?? '' }
  const orderId = orderIdOf(data.order_id)
  const order = await lockOrder(tx, call.tenantId, orderId)
  if (order?.userId !== userIdOf(data.user_id)) return []
  const taken = async (news: News) => {
    const { changed } = await takeNews(tx, deps, call, orderId, news)
    return changed === undefined ? [] : [changed]
  }
  switch (data.status) {
    case 'queued':
      return await taken({ kind: 'accepted' })
    case 'refused':
      return await taken({
        kind: 'refused',
        reason: 'delivery_refused',
        ...(data.reason !== undefined && { note: data.reason }),
      })
    case 'sent':
      return await bringForward(tx, deps, call, { orderId, to: 'shipped' })
    case 'received':
      return await bringForward(tx, deps, call, { orderId, to: 'delivered' })
    case 'cancelled':
      return []
  }
}
