//! The order: what it is in each status, its whole life as a table, and what every command comes to. Pure.

import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { CancelReason } from '../../contracts/events/loms.ts'
import type { CheckoutId, OrderId, ProductId, Sku, TenantId, UserId } from '../../contracts/ids.ts'
import { add, type Currency, type Money, money, times } from '../../contracts/money.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import type { Instant } from '../../contracts/time.ts'
import type { Shortage } from './stock.ts'

export type OrderLine = {
  readonly sku: Sku
  readonly quantity: number
  /** As they were when the order was placed; absent where the catalogue is somebody else's. */
  readonly product?: { readonly id: ProductId; readonly name: string; readonly price: Money }
}

export type Placed = {
  readonly id: OrderId
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly checkoutId: CheckoutId | undefined
  readonly lines: readonly OrderLine[]
  readonly currency: Currency
  readonly paymentMethod: string
  /** +1 with every change, from 1. */
  readonly version: number
  readonly placedAt: Instant
  readonly updatedAt: Instant
}

type Paid = { readonly paidAt: Instant }

/** Each status carries the facts that make it true: a confirmed order that nobody paid cannot be written. */
export type Order = Placed &
  (
    | { readonly status: 'pending'; readonly payBy: Instant }
    | ({ readonly status: 'confirmed' } & Paid)
    | ({ readonly status: 'processing' } & Paid)
    | ({ readonly status: 'shipped' } & Paid)
    | ({ readonly status: 'delivered' } & Paid)
    | { readonly status: 'failed'; readonly shortages: readonly Shortage[] }
    | { readonly status: 'cancelled'; readonly reason: CancelReason; readonly cancelledAt: Instant }
    | ({ readonly status: 'refunded' } & Paid)
  )

export type OrderIn<S extends OrderStatus> = Extract<Order, { readonly status: S }>

/** The whole life of an order. The diagram in the README and the exhaustive test are made from this table. */
export const transitions = {
  pending: ['confirmed', 'cancelled', 'failed'],
  confirmed: ['processing', 'cancelled', 'refunded'],
  processing: ['shipped', 'cancelled', 'refunded'],
  shipped: ['delivered', 'refunded'],
  delivered: ['refunded'],
  failed: [],
  cancelled: [],
  refunded: [],
} as const satisfies Record<OrderStatus, readonly OrderStatus[]>

type Next<S extends OrderStatus> = (typeof transitions)[S][number]
type FactsOf<S extends OrderStatus> = S extends OrderStatus
  ? Omit<OrderIn<S>, keyof Placed | 'status'>
  : never

/** The one place a status changes. A step the table does not list does not compile. */
function move<S extends OrderStatus, N extends Next<S>>(
  order: OrderIn<S>,
  status: N,
  at: Instant,
  facts: FactsOf<N>,
): OrderIn<N> {
  const { id, tenantId, userId, checkoutId, lines, currency, paymentMethod, version, placedAt } = order
  const placed: Placed = {
    id,
    tenantId,
    userId,
    checkoutId,
    lines,
    currency,
    paymentMethod,
    version: version + 1,
    placedAt,
    updatedAt: at,
  }
  // The compiler cannot join a generic status to its facts; the signature above has checked both.
  return { ...placed, status, ...facts } as unknown as OrderIn<N>
}

/** How the reservations of an order end: it left the warehouse, it was given back, or the time was over. */
export type Ending = 'committed' | 'released' | 'expired'

/** What a command comes to: its reply and, where something changes, the order's next state and its reservations' end. */
export type Decision = {
  readonly reply: Result<void>
  readonly change?: { readonly order: OrderIn<'confirmed'> | OrderIn<'cancelled'>; readonly ending: Ending }
}

const done = ok(undefined)
const unchanged: Decision = { reply: done }
const refuse = (reply: Result<void>): Decision => ({ reply })

/** The order is paid. Asked again it changes nothing; at or after its deadline the order expires instead. */
export function pay(order: Order, now: Instant): Decision {
  switch (order.status) {
    case 'pending': {
      if (now >= order.payBy) {
        return { reply: fail('order_not_payable', { reason: 'expired' }), ...expire(order, now) }
      }
      return {
        reply: done,
        change: { order: move(order, 'confirmed', now, { paidAt: now }), ending: 'committed' },
      }
    }
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
      return unchanged
    case 'failed':
    case 'cancelled':
    case 'refunded':
      return refuse(fail('order_not_payable', { reason: order.status }))
  }
}

/** The order is called off before it is paid. Asked again it changes nothing. */
export function cancel(order: Order, reason: CancelReason, now: Instant): Decision {
  switch (order.status) {
    case 'pending':
      return {
        reply: done,
        change: { order: move(order, 'cancelled', now, { reason, cancelledAt: now }), ending: 'released' },
      }
    case 'cancelled':
      return unchanged
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
    case 'failed':
    case 'refunded':
      return refuse(fail('order_not_cancellable', { reason: order.status }))
  }
}

/** The clock calls an unpaid order off; anything else it leaves alone. */
export function expire(order: Order, now: Instant): Pick<Decision, 'change'> {
  if (order.status !== 'pending' || now < order.payBy) return {}
  return {
    change: {
      order: move(order, 'cancelled', now, { reason: 'expired', cancelledAt: now }),
      ending: 'expired',
    },
  }
}

/** The sum over the lines, or undefined where a price is not known. */
export function totalOf(lines: readonly OrderLine[], currency: Currency): Money | undefined {
  let total = money(0, currency)
  for (const { product, quantity } of lines) {
    if (product === undefined) return undefined
    total = add(total, times(product.price, quantity))
  }
  return total
}
