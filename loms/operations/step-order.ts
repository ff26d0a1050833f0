//! An order is brought on, or called off, by somebody who may: the customer, the shop, what carries it.
import { ok } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { OrderView } from '../../contracts/order-view.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Decision, Order } from '../domain/order.ts'
import { detailsOf } from '../store/details.ts'
import { lockOrder } from '../store/orders.ts'
import { orderView } from '../views.ts'
import { type Changed, changeOrder } from './change-order.ts'

export type StepOrder = {
  readonly orderId: OrderId
  /** Whose order it has to be; anybody's where it is left out. Another's is not there. */
  readonly ownerId?: UserId | undefined
  readonly decide: (order: Order) => Decision
}

/** The order as it is afterwards. Asked again: the same answer and no second effect. Refused with `order_not_found` and as `decide` says. */
export async function stepOrder(deps: Deps, call: Call, request: StepOrder): Promise<Answer<OrderView>> {
  const { orderId, ownerId, decide } = request
  const { answer, changed } = await deps.store.write(async (tx) => {
    let changed: Changed | undefined
    const answer = await once(tx, call, deps.now(), async () => {
      changed = await changeOrder(tx, deps, call, orderId, decide, { ownerId })
      if (!changed.reply.ok) return changed.reply
      const order = changed.order ?? (await lockOrder(tx, call.tenantId, orderId))
      if (order === undefined) throw new Error(`order ${orderId} is gone`)
      const details = await detailsOf(tx, call.tenantId, [orderId])
      return ok(orderView(order, details.get(orderId)))
    })
    return { answer, changed }
  })
  if (changed?.order !== undefined) deps.metrics.reached(changed.order)
  return answer
}
