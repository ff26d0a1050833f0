//! The shipment of an order: what can be delivered, its whole life as a table, and what every command comes to. Pure.
import { type DomainError, fail, ok, type Result } from '../../contracts/errors.ts'
import type { ShipmentStatus } from '../../contracts/events/delivery.ts'
import type { Id, OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { Address, Delivery } from '../../contracts/rpc/delivery.ts'
import type { Instant } from '../../contracts/time.ts'

export type ShipmentId = Id<'shipment'>

/** How goods reach the customer today: our own couriers, or the customer comes for them. */
export const carriers = ['courier', 'pickup'] as const
export type Carrier = (typeof carriers)[number]

/** Where a customer can come for an order: from our warehouses. */
export const pickupPoints = [
  { id: 'kyiv-1', name: 'Київ, склад на Подолі', city: 'Київ', address: 'вул. Кирилівська, 82' },
  { id: 'lviv-1', name: 'Львів, склад на Городоцькій', city: 'Львів', address: 'вул. Городоцька, 300' },
  { id: 'odesa-1', name: 'Одеса, склад на Балківській', city: 'Одеса', address: 'вул. Балківська, 120' },
] as const
export type PickupPoint = (typeof pickupPoints)[number]

export type Shipment = {
  readonly id: ShipmentId
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly userId: UserId
  readonly carrier: Carrier
  readonly address: Address | null
  readonly pickupPoint: string | null
  readonly status: ShipmentStatus
  /** Why it cannot be delivered as asked. */
  readonly reason: string | null
  /** Whether the order is confirmed: nothing leaves before that. */
  readonly isReleased: boolean
  readonly version: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** The whole life of a shipment. */
export const transitions = {
  queued: ['sent', 'cancelled'],
  sent: ['received'],
  refused: [],
  received: [],
  cancelled: [],
} as const satisfies Record<ShipmentStatus, readonly ShipmentStatus[]>

/** How an order will reach its customer, or why it cannot. */
export type Plan =
  | {
      readonly ok: true
      readonly carrier: Carrier
      readonly address: Address | null
      readonly pickupPoint: string | null
    }
  | { readonly ok: false; readonly carrier: Carrier; readonly reason: string }

/** A courier needs an address; who comes for it, a point of ours: the first one where none is named. */
export function plan({ method, address, pickup_point: point }: Delivery): Plan {
  switch (method) {
    case 'courier':
      return address === undefined
        ? { ok: false, carrier: method, reason: 'a courier needs an address' }
        : { ok: true, carrier: method, address, pickupPoint: null }
    case 'pickup': {
      const known = point === undefined ? pickupPoints[0] : pickupPoints.find(({ id }) => id === point)
      return known === undefined
        ? { ok: false, carrier: method, reason: 'there is no such pick-up point' }
        : { ok: true, carrier: method, address: null, pickupPoint: known.id }
    }
    default:
      return { ok: false, carrier: 'courier', reason: 'there is no such way of delivery' }
  }
}

/** What a command comes to: its answer and, where something changes, the shipment's next state. */
export type Decision = { readonly reply: Result<void>; readonly next?: Shipment }

const done: Result<void> = ok(undefined)
const refuse = (code: DomainError['code'], details?: DomainError['details']): Decision => ({
  reply: fail(code, details),
})

function move(shipment: Shipment, status: ShipmentStatus, now: Instant): Decision {
  if (!(transitions[shipment.status] as readonly ShipmentStatus[]).includes(status))
    throw new Error(`shipment ${shipment.id} cannot be ${status} after ${shipment.status}`)
  return { reply: done, next: { ...shipment, status, version: shipment.version + 1, updatedAt: now } }
}

/** Handed to the courier, or laid out to be picked up. Asked again it changes nothing. */
export function send(shipment: Shipment, now: Instant): Decision {
  switch (shipment.status) {
    case 'queued':
      return shipment.isReleased ? move(shipment, 'sent', now) : refuse('shipment_not_ready')
    case 'sent':
    case 'received':
      return { reply: done }
    case 'refused':
    case 'cancelled':
      return refuse('shipment_not_ready', { reason: shipment.status })
  }
}

/** It was to leave, and its order does not let it, or was not asked; one that has left meanwhile is left as it is. */
export function keepBack(shipment: Shipment, now: Instant, reason: string | undefined): Decision {
  if (shipment.status !== 'queued') return send(shipment, now)
  return refuse('shipment_not_ready', reason === undefined ? undefined : { reason })
}

/** With the customer. Asked again it changes nothing. */
export function receive(shipment: Shipment, now: Instant): Decision {
  switch (shipment.status) {
    case 'sent':
      return move(shipment, 'received', now)
    case 'received':
      return { reply: done }
    case 'queued':
    case 'refused':
    case 'cancelled':
      return refuse('shipment_not_sent', { reason: shipment.status })
  }
}

/** Out of the queue. What is on its way is not called back. */
export function cancel(shipment: Shipment, now: Instant): Decision {
  switch (shipment.status) {
    case 'queued':
      return move(shipment, 'cancelled', now)
    case 'refused':
    case 'cancelled':
      return { reply: done }
    case 'sent':
    case 'received':
      return refuse('delivery_under_way')
  }
}

/** The order is confirmed: from now on it may leave. No change that anybody is told of. */
export function release(shipment: Shipment): Shipment | undefined {
  return shipment.status === 'queued' && !shipment.isReleased ? { ...shipment, isReleased: true } : undefined
}
