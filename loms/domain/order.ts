//! The order: what it is in each status, its whole life as a table, and what every command comes to. Pure.

import { type Failure, fail, ok, type Result } from '../../contracts/errors.ts'
import type { CancelReason } from '../../contracts/events/loms.ts'
import type { CheckoutId, OrderId, PaymentId, ProductId, Sku, TenantId, UserId } from '../../contracts/ids.ts'
import { add, type Currency, type Money, money, times } from '../../contracts/money.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
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
  /** Which payment it took; absent where nobody named one. */
  readonly paymentId?: PaymentId
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
    | {
        readonly status: 'failed'
        readonly reason: RejectReason
        /** What whoever refused it said of it. */
        readonly note?: string
        readonly shortages: readonly Shortage[]
      }
    | {
        readonly status: 'cancelled'
        readonly reason: CancelReason
        /** What whoever called it off said of it. */
        readonly note?: string
        readonly cancelledAt: Instant
        /** Where it had been paid: then the money goes back and the goods to their shelves. */
        readonly paidAt?: Instant
      }
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
  const { id, tenantId, userId, checkoutId, lines, currency, paymentMethod, paymentId, version, placedAt } =
    order
  const placed: Placed = {
    id,
    tenantId,
    userId,
    checkoutId,
    lines,
    currency,
    paymentMethod,
    ...(paymentId !== undefined && { paymentId }),
    version: version + 1,
    placedAt,
    updatedAt: at,
  }
  // The compiler cannot join a generic status to its facts; the signature above has checked both.
  return { ...placed, status, ...facts } as unknown as OrderIn<N>
}

/** How the reservations of an order end: it left the warehouse, it was given back, or the time was over. */
export type Ending = 'committed' | 'released' | 'expired'

/** What becomes of the stock: the reservations end; what was sold comes back; or nothing. */
export type StockStep = Ending | 'returned' | 'kept'

/** An order's next state, and what becomes of its stock with it. */
export type Change = {
  readonly order: Exclude<Order, { readonly status: 'pending' }>
  readonly stock: StockStep
}

/** What a command comes to: its reply and, where something changes, the change. */
export type Decision = { readonly reply: Result<void>; readonly change?: Change }

const done = ok(undefined)
const unchanged: Decision = { reply: done }
const refuse = (reply: Result<void>): Decision => ({ reply })

/**
 * The order is paid, by this payment if it has an id. Asked again it changes nothing; at or after its deadline the order
 * expires instead.
 */
export function pay(order: Order, now: Instant, paymentId?: PaymentId): Decision {
  switch (order.status) {
    case 'pending': {
      if (now >= order.payBy) {
        return { reply: fail('order_not_payable', { reason: 'expired' }), ...expire(order, now) }
      }
      const confirmed = move(order, 'confirmed', now, { paidAt: now })
      const paid = { ...confirmed, ...(paymentId !== undefined && { paymentId }) }
      return { reply: done, change: { order: paid, stock: 'committed' } }
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
export function cancel(order: Order, reason: CancelReason, now: Instant, note?: string): Decision {
  switch (order.status) {
    case 'pending':
      return {
        reply: done,
        change: { order: move(order, 'cancelled', now, calledOff(reason, now, note)), stock: 'released' },
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

/** The order is called off before it is shipped, paid or not: what was sold goes back to its shelves. */
export function callOff(order: Order, reason: CancelReason, now: Instant, note?: string): Decision {
  if (order.status !== 'confirmed' && order.status !== 'processing') return cancel(order, reason, now, note)
  const facts = { ...calledOff(reason, now, note), paidAt: order.paidAt }
  return { reply: done, change: { order: move(order, 'cancelled', now, facts), stock: 'returned' } }
}

const calledOff = (reason: CancelReason, now: Instant, note: string | undefined) => ({
  reason,
  cancelledAt: now,
  ...(note !== undefined && { note }),
})

/** Why an order could not be had. */
export type RejectReason = 'insufficient_stock' | 'insufficient_funds' | 'delivery_refused'

/** What the customer is told of an order that could not be had. */
export function rejected({ id, reason, note, shortages }: OrderIn<'failed'>): Failure {
  return fail(reason, {
    order_id: int64ToJson(id),
    ...(note !== undefined && { reason: note }),
    ...(shortages.length > 0 && { shortages }),
  })
}

/** The order cannot be had after all: its reserved stock is free again. What is not pending it leaves alone. */
export function reject(order: Order, reason: RejectReason, now: Instant, note?: string): Decision {
  if (order.status !== 'pending') return unchanged
  const facts = { reason, ...(note !== undefined && { note }), shortages: [] }
  return { reply: done, change: { order: move(order, 'failed', now, facts), stock: 'released' } }
}

/** How far a paid order has come. */
export type Progress = 'processing' | 'shipped' | 'delivered'

/** What an order can be asked to become: how far it has come, and that it is called off. */
export const steps = ['processing', 'shipped', 'delivered', 'cancelled'] as const satisfies readonly (
  | Progress
  | 'cancelled'
)[]

/** A paid order goes one step on. Asked again it changes nothing; a step that the table does not have is refused. */
export function advance(order: Order, to: Progress, now: Instant): Decision {
  if (order.status === to) return unchanged
  const step = stepTo(order, to, now)
  if (step === undefined)
    return refuse(fail('status_not_reachable', { reason: order.status, possible: possibleSteps(order) }))
  return { reply: done, change: { order: step, stock: 'kept' } }
}

function possibleSteps({ status }: Order): OrderStatus[] {
  const next: readonly OrderStatus[] = transitions[status]
  return steps.filter((step) => next.includes(step))
}

function stepTo(order: Order, to: Progress, now: Instant): Change['order'] | undefined {
  if (order.status === 'confirmed' && to === 'processing')
    return move(order, 'processing', now, { paidAt: order.paidAt })
  if (order.status === 'processing' && to === 'shipped')
    return move(order, 'shipped', now, { paidAt: order.paidAt })
  if (order.status === 'shipped' && to === 'delivered')
    return move(order, 'delivered', now, { paidAt: order.paidAt })
  return undefined
}

/** The clock calls an unpaid order off; anything else it leaves alone. */
export function expire(order: Order, now: Instant): Pick<Decision, 'change'> {
  if (order.status !== 'pending' || now < order.payBy) return {}
  return {
    change: {
      order: move(order, 'cancelled', now, { reason: 'expired', cancelledAt: now }),
      stock: 'expired',
    },
  }
}

/** False where the sum over the lines passes what can be counted exactly. */
export function hasExactTotal(lines: readonly OrderLine[]): boolean {
  const sum = lines.reduce((sum, { product, quantity }) => sum + (product?.price.amount ?? 0) * quantity, 0)
  return sum <= Number.MAX_SAFE_INTEGER
}

/** The sum over the lines, or undefined where a price is not known. Throws where it is not exact. */
export function totalOf(lines: readonly OrderLine[], currency: Currency): Money | undefined {
  let total = money(0, currency)
  for (const { product, quantity } of lines) {
    if (product === undefined) return undefined
    total = add(total, times(product.price, quantity))
  }
  return total
}
