//! A fact about an order, told to its customer: one notice a fact, whatever is delivered twice.
import type { EventId, TenantId } from '../../contracts/ids.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import { orderIdOf, userIdOf } from '../../contracts/scalars.ts'
import { parseRfc3339 } from '../../contracts/time.ts'
import type { Deps } from '../deps.ts'
import { messageOf, type Notice } from '../domain/notice.ts'
import { putNotice } from '../store/notices.ts'
import type { Tx } from '../store/schema.ts'

/** What a notice needs of a fact about an order, whichever of them it is. */
export type OrderFact = {
  readonly order_id: number | string
  readonly user_id: number | string
  readonly tenant_id: string
  readonly status: OrderStatus
  readonly moment: string
  readonly reason?: string
}

/** Runs in the reader's transaction. The notice, or undefined where this fact was told before. */
export async function recordNotice(
  tx: Tx,
  deps: Pick<Deps, 'newId'>,
  { eventId, fact }: { readonly eventId: EventId; readonly fact: OrderFact },
): Promise<Notice | undefined> {
  const moment = parseRfc3339(fact.moment)
  if (moment === undefined) throw new RangeError(`the fact ${eventId} has a moment that is no time`)
  const orderId = orderIdOf(fact.order_id)
  const notice: Notice = {
    id: deps.newId('notice'),
    tenantId: fact.tenant_id as TenantId,
    userId: userIdOf(fact.user_id),
    orderId,
    status: fact.status,
    message: messageOf({ orderId, status: fact.status, reason: fact.reason }),
    moment,
    eventId,
  }
  return (await putNotice(tx, notice)) ? notice : undefined
}
