//! `order/cancel`: the order is called off and its reserved stock is free again.
import type { CancelReason } from '../../contracts/events/loms.ts'
import type { OrderId } from '../../contracts/ids.ts'
import { type Answer, accountOf, type Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { cancel, type Order } from '../domain/order.ts'
import { type Changed, changeOrder } from './change-order.ts'

export type CancelOrder = { readonly orderId: OrderId; readonly reason: CancelReason }

/** Asked again: the same answer and no second effect. Refused with `order_not_cancellable` when it is paid or failed. */
export async function cancelOrder(deps: Deps, call: Call, request: CancelOrder): Promise<Answer<void>> {
  const { answer, changed } = await deps.store.write(async (tx) => {
    let changed: Changed | undefined
    const answer = await once(tx, call, deps.now(), async () => {
      const decide = (order: Order) => cancel(order, request.reason, deps.now())
      // Another's order is not there.
      changed = await changeOrder(tx, deps, call, request.orderId, decide, { ownerId: accountOf(call) })
      return changed.reply
    })
    return { answer, changed }
  })
  if (changed?.order !== undefined) deps.metrics.reached(changed.order)
  return answer
}
