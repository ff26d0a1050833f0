//! `order/create`: a new order of the given items, reserved or refused whole.
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import type { Wanted } from '../domain/stock.ts'
import { placeAnswer, placeOrder, refuseOverfull } from './place-order.ts'

export type CreateOrder = { readonly userId: UserId; readonly items: readonly Wanted[] }

/** Refused with `insufficient_stock`: the order is stored as failed, stock is untouched. */
export async function createOrder(
  deps: Deps,
  call: Call,
  request: CreateOrder,
): Promise<Answer<{ orderId: OrderId }>> {
  const overfull = refuseOverfull(request.items, 'count')
  if (overfull !== undefined) return overfull
  const { answer, order } = await deps.store.write(async (tx) => {
    let order: Order | undefined
    const answer = await once(tx, call, deps.now(), async () => {
      const placed = await placeOrder(tx, deps, call, request)
      if (!placed.ok) return placed
      order = placed.value
      return placeAnswer(order)
    })
    return { answer, order }
  })
  if (order !== undefined) deps.metrics.reached(order)
  if (order?.status === 'pending') deps.deadlineSet(order.payBy)
  return answer
}
