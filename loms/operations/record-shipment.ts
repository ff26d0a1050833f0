//! Delivery's fact `shipment.updated`: an order is on its way or with its customer; in choreography, whether it can be delivered at all.
import { ok } from '../../contracts/errors.ts'
import type { DataOf } from '../../contracts/events/define.ts'
import type { ShipmentUpdated } from '../../contracts/events/delivery.ts'
import type { TenantId } from '../../contracts/ids.ts'
import { orderIdOf } from '../../contracts/scalars.ts'
import type { Deps } from '../deps.ts'
import { advance, type Decision, type Order, type Progress } from '../domain/order.ts'
import type { News } from '../domain/saga.ts'
import type { Tx } from '../store/schema.ts'
import { changeOrder } from './change-order.ts'
import { takeNews } from './take-news.ts'

/** What an order has to go through to be where its shipment is. */
const ways: Record<'sent' | 'received', readonly Progress[]> = {
  sent: ['processing', 'shipped'],
  received: ['processing', 'shipped', 'delivered'],
}

/** Runs in the reader's transaction. The order in each status that it has reached: a shipment that tells nothing new changes nothing. */
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
  const taken = async (news: News) => {
    const { changed } = await takeNews(tx, deps, call, orderId, news)
    return changed === undefined ? [] : [changed]
  }
  switch (data.status) {
    case 'queued':
      return await taken({ kind: 'accepted' })
    case 'refused':
      return await taken({ kind: 'refused', reason: 'delivery_refused' })
    case 'sent':
    case 'received': {
      const reached: Order[] = []
      for (const status of ways[data.status]) {
        const { order } = await changeOrder(tx, deps, call, orderId, (each) =>
          forward(each, status, deps.now()),
        )
        if (order !== undefined) reached.push(order)
      }
      return reached
    }
    case 'cancelled':
      return []
  }
}

/** On, where the table has that step from here; an order that is further, or was called off, stays. */
function forward(order: Order, status: Progress, now: ReturnType<Deps['now']>): Decision {
  const decision = advance(order, status, now)
  return decision.reply.ok ? decision : { reply: ok(undefined) }
}
