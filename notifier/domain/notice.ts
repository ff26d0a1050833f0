//! What a customer is told when an order changes. Pure.
import type { EventId, NoticeId, OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import type { Instant } from '../../contracts/time.ts'

/** One message to one customer about one change of an order. */
export type Notice = {
  readonly id: NoticeId
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly orderId: OrderId
  readonly status: OrderStatus
  readonly message: string
  /** When the order changed, not when we heard of it. */
  readonly moment: Instant
  /** The fact that it tells; a fact is told once. */
  readonly eventId: EventId
}

const endings = {
  pending: 'is placed and waits for payment',
  confirmed: 'is paid',
  processing: 'is being packed',
  shipped: 'is on its way',
  delivered: 'is delivered',
  failed: 'could not be placed',
  cancelled: 'is cancelled',
  refunded: 'is refunded',
} as const satisfies Record<OrderStatus, string>

/** Why it came to that, for the reasons that a customer is better told. */
const reasons = new Map([
  ['insufficient_stock', 'there is not enough in stock'],
  ['insufficient_funds', 'there is not enough money in the wallet'],
  ['delivery_refused', 'it cannot be delivered as asked'],
  ['expired', 'it was not paid in time'],
])

/** The change in one sentence for the customer. `reason` is the fact's own, where it has one. */
export function messageOf({
  orderId,
  status,
  reason,
}: {
  readonly orderId: OrderId
  readonly status: OrderStatus
  readonly reason: string | undefined
}): string {
  const why = reason === undefined ? undefined : reasons.get(reason)
  return `Order ${orderId} ${endings[status]}${why === undefined ? '' : `: ${why}`}.`
}
