//! What the other services may ask `delivery`. An order has one task at most, so its id is the key of every step.
import { type Static, Type } from '@sinclair/typebox'
import { Int64Schema } from '../scalars.ts'
import { defineRpc } from './define.ts'

/** C's address. */
export const AddressSchema = Type.Object({
  city: Type.String({ minLength: 1, maxLength: 200 }),
  address: Type.String({ minLength: 1, maxLength: 500 }),
  phone: Type.String({ minLength: 1, maxLength: 32 }),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  region: Type.Optional(Type.String({ maxLength: 200 })),
  postal_code: Type.Optional(Type.String({ maxLength: 20 })),
  country: Type.Optional(Type.String({ maxLength: 100 })),
})

/** Where to: D's `delivery` of an order. `courier` and carriers need an address, `pickup` a point of ours (the first one where none is named). */
export const DeliverySchema = Type.Object({
  method: Type.String({ minLength: 1, maxLength: 32, examples: ['pickup', 'courier'] }),
  address: Type.Optional(AddressSchema),
  pickup_point: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})

export type Address = Static<typeof AddressSchema>
export type Delivery = Static<typeof DeliverySchema>

/**
 * Puts the order into the delivery queue; nothing is sent before the order is confirmed. Asked again, the first answer
 * is given. Refused with `delivery_refused` (a `reason` says why), which is kept, with `delivery_closed` where the task
 * was cancelled before it was made, and with `delivery_differs` where the order has another user's.
 */
export const MakeDelivery = defineRpc({
  service: 'delivery',
  method: 'MakeDelivery',
  request: Type.Object({ order_id: Int64Schema, user_id: Int64Schema, delivery: DeliverySchema }),
  reply: Type.Object({ shipment_id: Type.String() }),
  idempotent: true,
  timeoutMs: 3000,
})

/**
 * Takes it out of the queue; where there is none yet, there will be none. Refused with `delivery_under_way` once it was sent,
 * and with `delivery_differs` where it is not that user's.
 */
export const CancelDelivery = defineRpc({
  service: 'delivery',
  method: 'CancelDelivery',
  request: Type.Object({ order_id: Int64Schema, user_id: Type.Optional(Int64Schema) }),
  reply: Type.Object({}),
  idempotent: true,
  timeoutMs: 3000,
})
