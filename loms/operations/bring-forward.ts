//! The step that shipping by question and by fact share: an order goes on, status by status, as far as it is told and the table lets it.
import { ok } from '../../contracts/errors.ts'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { advance, type Decision, type Order, type Progress } from '../domain/order.ts'
import type { Tx } from '../store/schema.ts'
import { changeOrder } from './change-order.ts'

/** What an order has to go through to be where its shipment is. */
const ways = {
  shipped: ['processing', 'shipped'],
  delivered: ['processing', 'shipped', 'delivered'],
} as const satisfies Partial<Record<Progress, readonly Progress[]>>

/** Runs inside the caller's transaction. The order in each status that it has reached by this; one that is further, unpaid or over stays. */
export async function bringForward(
  tx: Tx,
  deps: Deps,
  call: Pick<Call, 'traceparent'> & { tenantId: TenantId },
  { orderId, to }: { readonly orderId: OrderId; readonly to: keyof typeof ways },
): Promise<readonly Order[]> {
  const reached: Order[] = []
  for (const status of ways[to]) {
    const { order } = await changeOrder(tx, deps, call, orderId, (each) => forward(each, status, deps.now()))
    if (order !== undefined) reached.push(order)
  }
  return reached
}

function forward(order: Order, status: Progress, now: Instant): Decision {
  const decision = advance(order, status, now)
  return decision.reply.ok ? decision : { reply: ok(undefined) }
}
