//! The step that paying, cancelling and expiring share: load, decide, write what was decided with its facts.
import { fail, type Result } from '../../contracts/errors.ts'
import type { OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Change, Decision, Order } from '../domain/order.ts'
import type { Allocation } from '../domain/stock.ts'
import { changedFacts } from '../facts.ts'
import { lockOrder, putOrder } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { endAll, returnAll } from '../store/stock.ts'
import { leaveSaga } from './leave-saga.ts'

export type Changed = { readonly reply: Result<void>; readonly order?: Order }

/** Runs inside the caller's transaction. `order` is the new state where something changed. */
export async function changeOrder(
  tx: Tx,
  deps: Deps,
  call: Pick<Call, 'traceparent'> & { tenantId: TenantId },
  id: OrderId,
  decide: (order: Order) => Decision,
  { ownerId }: { readonly ownerId?: UserId | undefined } = {},
): Promise<Changed> {
  const order = await lockOrder(tx, call.tenantId, id)
  if (order === undefined || (ownerId !== undefined && order.userId !== ownerId))
    return { reply: fail('order_not_found') }
  const { reply, change } = decide(order)
  if (change === undefined) return { reply }
  await putOrder(tx, change.order)
  const moved = await moveStock(tx, change)
  await deps.announce(tx, call, changedFacts(order.status, change, moved))
  await leaveSaga(tx, deps, change.order)
  return { reply, order: change.order }
}

function moveStock(tx: Tx, { order, stock }: Change): Promise<readonly Allocation[]> {
  switch (stock) {
    case 'kept':
      return Promise.resolve([])
    case 'returned':
      return returnAll(tx, order, order.updatedAt)
    case 'committed':
    case 'released':
    case 'expired':
      return endAll(tx, order, stock, order.updatedAt)
  }
}
