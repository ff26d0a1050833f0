//! `order/pay`: the order is paid and its reserved stock is sold.
import type { OrderId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Changed, changeOrder } from './change-order.ts'
import { payOutsideSaga } from './pay-outside-saga.ts'

export type PayOrder = { readonly orderId: OrderId }

/** Asked again: the same answer and no second effect. At or after its deadline the order expires instead and the payment is refused. */
export async function payOrder(deps: Deps, call: Call, request: PayOrder): Promise<Answer<void>> {
  const { answer, changed } = await deps.store.write(async (tx) => {
    let changed: Changed | undefined
    const answer = await once(tx, call, deps.now(), async () => {
      changed = await changeOrder(tx, deps, call, request.orderId, (order) => payOutsideSaga(order, deps))
      return changed.reply
    })
    return { answer, changed }
  })
  if (changed?.order !== undefined) deps.metrics.reached(changed.order)
  return answer
}
