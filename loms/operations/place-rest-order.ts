//! `POST /api/v1/orders`: an order that is reserved and waits for its money.
import { ok } from '../../contracts/errors.ts'
import type { OrderView } from '../../contracts/order-view.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import { insertDetails } from '../store/details.ts'
import { orderView } from '../views.ts'
import { type PlaceOrder, placeAnswer, placeOrder, refuseOverfull } from './place-order.ts'

export type PlaceRestOrder = Required<Pick<PlaceOrder, 'userId' | 'items' | 'paymentMethod' | 'details'>>

/** Refused with `unknown_sku`, and with `insufficient_stock`: then the order is kept as failed and stock is untouched. */
export async function placeRestOrder(
  deps: Deps,
  call: Call,
  request: PlaceRestOrder,
): Promise<Answer<OrderView>> {
  const overfull = refuseOverfull(request.items, 'quantity')
  if (overfull !== undefined) return overfull
  const { answer, order } = await deps.store.write(async (tx) => {
    let order: Order | undefined
    const answer = await once(tx, call, deps.now(), async () => {
      const placed = await placeOrder(tx, deps, call, { ...request, mustBeKnown: true })
      if (!placed.ok) return placed
      order = placed.value
      await insertDetails(tx, { tenantId: order.tenantId, orderId: order.id, ...request.details })
      const said = placeAnswer(order)
      return said.ok ? ok(orderView(order, request.details)) : said
    })
    return { answer, order }
  })
  if (order !== undefined) deps.metrics.reached(order)
  if (order?.status === 'pending') deps.deadlineSet(order.payBy)
  return answer
}
