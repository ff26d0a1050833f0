//! Delivery's fact `shipment.updated`: an order is on its way or with its customer; in choreography, whether it can be delivered at all.
import { ok, type Result } from '../../contracts/errors.ts'
import type { DataOf } from '../../contracts/events/define.ts'
import type { ShipmentUpdated } from '../../contracts/events/delivery.ts'
import type { TenantId } from '../../contracts/ids.ts'
import { orderIdOf } from '../../contracts/scalars.ts'
import type { Deps } from '../deps.ts'
import { advance, type Decision, type Order, type Progress } from '../domain/order.ts'
import type { Tx } from '../store/schema.ts'
import { changeOrder } from './change-order.ts'
import { takeNews } from './take-news.ts'

/** What an order has to go through to be where its shipment is. */
const ways: Record<'sent' | 'received', readonly Progress[]> = {
  sent: ['processing', 'shipped'],
  received: ['processing', 'shipped', 'delivered'],
}

/** Runs in the reader's transaction. A shipment that tells nothing new changes nothing. */
export async function recordShipment(
  tx: Tx,
  deps: Deps,
  {
    data,
    traceparent,
  }: { readonly data: DataOf<typeof ShipmentUpdated>; readonly traceparent: string | undefined },
): Promise<Result<void>> {
  const call = { tenantId: data.tenant_id as TenantId, traceparent: traceparent ?? '' }
  const orderId = orderIdOf(data.order_id)
  switch (data.status) {
    case 'queued':
      await takeNews(tx, deps, call, orderId, { kind: 'accepted' })
      break
    case 'refused':
      await takeNews(tx, deps, call, orderId, { kind: 'refused', reason: 'delivery_refused' })
      break
    case 'sent':
    case 'received':
      for (const status of ways[data.status])
        await changeOrder(tx, deps, call, orderId, (order) => forward(order, status, deps.now()))
      break
    case 'cancelled':
      break
  }
  return ok(undefined)
}

/** On, where the table has that step from here; an order that is further, or was called off, stays. */
function forward(order: Order, status: Progress, now: ReturnType<Deps['now']>): Decision {
  const decision = advance(order, status, now)
  return decision.reply.ok ? decision : { reply: ok(undefined) }
}
