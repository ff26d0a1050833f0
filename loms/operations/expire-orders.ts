//! The clock's own operation: unpaid orders whose deadline has come are called off and their stock is free again.
import type { Instant } from '../../contracts/time.ts'
import { childTraceparent } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { expire, type Order } from '../domain/order.ts'
import { dueOrders, nearestDeadline } from '../store/orders.ts'
import { changeOrder } from './change-order.ts'

/** So many orders a transaction: a backlog after a long stop must not hold up those who buy now. */
const chunk = 50

/** Expires what is due and answers when the next order is, or undefined where none waits. */
export async function expireOrders(deps: Deps): Promise<Instant | undefined> {
  for (;;) {
    const now = deps.now()
    const { expired, next } = await deps.store.write(async (tx) => {
      const due = await dueOrders(tx, now, chunk)
      const expired: Order[] = []
      for (const { tenantId, id } of due) {
        const call = { tenantId, traceparent: childTraceparent(undefined) }
        const { order } = await changeOrder(tx, deps, call, id, (order) => ({
          reply: { ok: true, value: undefined },
          ...expire(order, now),
        }))
        if (order !== undefined) expired.push(order)
      }
      return { expired, next: due.length < chunk ? await nearestDeadline(tx) : now }
    })
    for (const order of expired) deps.metrics.reached(order)
    if (next === undefined || next > now) return next
    if (expired.length === 0) return next
  }
}
