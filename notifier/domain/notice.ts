//! What a customer is told, about orders, money, parcels and the account itself. Pure.
import type { ShipmentStatus } from '../../contracts/events/delivery.ts'
import type { EventId, Id, NoticeId, OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import { type Money, toDecimal } from '../../contracts/money.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import type { Instant } from '../../contracts/time.ts'

/** One message to one customer about one fact. */
export type Notice = {
  readonly id: NoticeId
  readonly tenantId: TenantId
  readonly userId: UserId
  /** The type of the fact, e.g. `order.confirmed`. */
  readonly kind: string
  /** The order that it is about, where it is about one. */
  readonly orderId: OrderId | null
  /** Where that order stands now; of `order.*` only. */
  readonly status: OrderStatus | null
  readonly details: NoticeDetails
  readonly message: string
  /** When it happened, not when we heard of it. */
  readonly moment: Instant
  /** The fact that it tells; a fact is told once. */
  readonly eventId: EventId
}

/** What programs want to know beside the order: each kind has its own part of it. */
export type NoticeDetails = {
  /** Why an order came to this, as a code. */
  readonly reason?: string
  readonly amount?: Money
  readonly payment?: { readonly id: Id<'payment'>; readonly provider: string }
  readonly shipment?: {
    readonly id: Id<'shipment'>
    readonly status: ShipmentStatus
    readonly carrier: string
  }
}

/** What there is to tell, before it is put into words. */
export type News =
  | { readonly kind: `order.${string}`; readonly order: OrderNews }
  | { readonly kind: 'user.registered' }
  | { readonly kind: 'wallet.topped_up'; readonly amount: Money }
  | { readonly kind: 'wallet.charged'; readonly amount: Money; readonly orderId: OrderId }
  | {
      readonly kind: 'payment.refunded'
      readonly amount: Money
      readonly orderId: OrderId
      readonly payment: NonNullable<NoticeDetails['payment']>
    }
  | {
      readonly kind: 'shipment.updated'
      readonly orderId: OrderId
      readonly shipment: ShipmentNews
    }

export type OrderNews = {
  readonly id: OrderId
  readonly status: OrderStatus
  /** The fact's own, where it has one. */
  readonly reason: string | undefined
}

/**
 * The steps of a parcel that its customer is told. That it is queued, or that it cannot be delivered as asked, is between
 * delivery and loms: what comes of it is told of the order.
 */
export const toldShipments = ['sent', 'received', 'cancelled'] as const satisfies readonly ShipmentStatus[]
export type ShipmentNews = {
  readonly id: Id<'shipment'>
  readonly status: (typeof toldShipments)[number]
  readonly carrier: string
}

/** What a notice says, in words and for programs. */
export type Told = Pick<Notice, 'kind' | 'orderId' | 'status' | 'details' | 'message'>

/** Puts news into one sentence and its parts. */
export function tell(news: News): Told {
  const { kind } = news
  const told = { kind, orderId: null, status: null, details: {} }
  switch (news.kind) {
    case 'user.registered':
      return { ...told, message: 'Welcome! Your account and its wallet are ready.' }
    case 'wallet.topped_up': {
      const { amount } = news
      return { ...told, details: { amount }, message: `${textOf(amount)} was added to your wallet.` }
    }
    case 'wallet.charged': {
      const { amount, orderId } = news
      const message = `${textOf(amount)} was paid from your wallet for order ${orderId}.`
      return { ...told, orderId, details: { amount }, message }
    }
    case 'payment.refunded': {
      const { amount, orderId, payment } = news
      const where = payment.provider === 'wallet' ? ' to your wallet' : ''
      const message = `${textOf(amount)} was returned${where} for order ${orderId}.`
      return { ...told, orderId, details: { amount, payment }, message }
    }
    case 'shipment.updated': {
      const { orderId, shipment } = news
      return { ...told, orderId, details: { shipment }, message: shipmentMessage(orderId, shipment) }
    }
    default: {
      const { id, status, reason } = news.order
      const details = reason !== undefined && isCode.test(reason) ? { reason } : {}
      return { kind, orderId: id, status, details, message: orderMessage(news.order) }
    }
  }
}

// A reason may be anything that its sender wrote; only what a program can compare is kept.
const isCode = /^[a-z][a-z_]{0,63}$/

const textOf = (amount: Money): string => `${toDecimal(amount)} ${amount.currency}`

// Of how an order travels its parcel's own notices tell, which follow; who takes it has it brought, or comes for it.
const endings = {
  pending: 'is placed and waits for payment',
  confirmed: 'is paid',
  processing: 'is being packed',
  shipped: 'is packed and given out for delivery or pick-up',
  delivered: 'is complete',
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

function orderMessage({ id, status, reason }: OrderNews): string {
  const why = reason === undefined ? undefined : reasons.get(reason)
  return `Order ${id} ${endings[status]}${why === undefined ? '' : `: ${why}`}.`
}

function shipmentMessage(orderId: OrderId, { status, carrier }: ShipmentNews): string {
  switch (status) {
    case 'sent':
      if (carrier === 'pickup') return `Order ${orderId} waits for you at its pick-up point.`
      if (carrier === 'courier') return `A courier is on the way with order ${orderId}.`
      return `Order ${orderId} is with the carrier.`
    case 'received':
      return `Order ${orderId} was handed over.`
    case 'cancelled':
      return `The delivery of order ${orderId} is called off.`
  }
}
