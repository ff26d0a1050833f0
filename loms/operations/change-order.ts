//! The step that paying, cancelling and expiring share: load, decide, write what was decided with its facts.
import { fail, type Result } from '../../contracts/errors.ts'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Decision, Order } from '../domain/order.ts'
import { changedFacts } from '../facts.ts'
import { lockOrder, putOrder } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { endAll } from '../store/stock.ts'

export type Changed = { readonly reply: Result<void>; readonly order?: Order }

/** Runs inside the caller's transaction. `order` is the new state where something changed. */
export async function changeOrder(
  tx: Tx,
  deps: Deps,
  call: Pick<Call, 'traceparent'> & { tenantId: TenantId },
  id: OrderId,
  decide: (order: Order) => Decision,
): Promise<Changed> {
  const order = await lockOrder(tx, call.tenantId, id)
  if (order === undefined) return { reply: fail('order_not_found') }
  const { reply, change } = decide(order)
  if (change === undefined) return { reply }
  await putOrder(tx, change.order)
  const ended = await endAll(tx, change.order, change.ending, change.order.updatedAt)
  await deps.announce(tx, call, changedFacts(order.status, change.order, change.ending, ended))
  return { reply, order: change.order }
}
