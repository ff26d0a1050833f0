//! What the other services may ask `loms`.
import { type Static, Type } from '@sinclair/typebox'
import { idSchema } from '../ids.ts'
import { orderStatuses } from '../order-status.ts'
import { OrderView } from '../order-view.ts'
import { CountSchema, Int64Schema, SkuSchema, SkusSchema } from '../scalars.ts'
import { defineRpc } from './define.ts'
import { DeliverySchema } from './delivery.ts'

/** How much of each SKU can be bought now, over all warehouses. SKUs that were never in stock are absent from the reply. */
export const GetAvailable = defineRpc({
  service: 'loms',
  method: 'GetAvailable',
  request: Type.Object({ skus: SkusSchema }),
  reply: Type.Object({
    stock: Type.Array(Type.Object({ sku: SkuSchema, count: Type.Integer({ minimum: 0 }) })),
  }),
  idempotent: true,
  timeoutMs: 2000,
})

/** How the order of a checkout is paid and where it goes; one without options is paid by whoever is trusted to say so. */
export const CheckoutOptions = Type.Object({
  delivery: DeliverySchema,
  /** `wallet` is paid at once, as a saga; any other waits for its money. */
  payment_method: Type.String({
    minLength: 1,
    maxLength: 32,
    pattern: '^[a-z_]+$',
    description: '1 to 32 small letters and underscores',
  }),
  /** Minor units: what the customer was told that it costs. */
  expected_total: Type.Optional(Type.Integer({ minimum: 0 })),
})
export type CheckoutOptions = Static<typeof CheckoutOptions>

/** Whether the order is to come along as the resources show it. */
const show = Type.Optional(Type.Boolean())
const shown = {
  /** Present where it was asked for. */
  order: Type.Optional(OrderView),
  /** True where the order is to be paid from the wallet and had not been by the time of the answer. */
  is_open: Type.Optional(Type.Boolean()),
}

/**
 * Makes an order of a checkout. A checkout becomes one order at most, however often this is asked, and its outcome is
 * kept for ever: asked again, the first answer is given. Refused with `insufficient_stock` (the order is stored as
 * failed) and, after `not_after` or when the checkout was closed without an order, with `checkout_expired`.
 *
 * With options also refused with `unknown_sku` and, where the prices of this moment come to another total than the
 * expected one, with `total_changed`: then there is no order. Paid from the wallet, it is answered when that is decided:
 * refused with `insufficient_funds` or `delivery_refused`, the order is stored as failed. Where nobody knows within half
 * of the time, the answer is the order with `is_open`, and from then on the checkout has become that order, whatever
 * becomes of it.
 */
export const PlaceCheckout = defineRpc({
  service: 'loms',
  method: 'PlaceCheckout',
  request: Type.Object({
    checkout_id: idSchema('checkout'),
    user_id: Int64Schema,
    items: Type.Array(Type.Object({ sku: SkuSchema, count: CountSchema }), { minItems: 1, maxItems: 100 }),
    /** RFC 3339: no order is made of it after this. */
    not_after: Type.String({ maxLength: 64 }),
    options: Type.Optional(CheckoutOptions),
    show,
  }),
  reply: Type.Object({ order_id: Int64Schema, ...shown }),
  idempotent: true,
  timeoutMs: 5000,
})

/**
 * The outcome of a checkout that may have died on its way. Where there is none yet, it is written down that there will
 * be none: after this answer no order is ever made of it. One whose order is still to be paid from the wallet has become
 * that order.
 */
export const SettleCheckout = defineRpc({
  service: 'loms',
  method: 'SettleCheckout',
  request: Type.Object({ checkout_id: idSchema('checkout'), show }),
  reply: Type.Object({
    /** The order, where one was made and did not fail. */
    order_id: Type.Union([Int64Schema, Type.Null()]),
    /** True where an order was made and failed: for want of stock, or of money in the wallet. */
    rejected: Type.Boolean(),
    ...shown,
    /** What `PlaceCheckout` refuses it with, where that is not `checkout_expired`. */
    refusal: Type.Optional(
      Type.Object({
        code: Type.String(),
        details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      }),
    ),
  }),
  idempotent: true,
  timeoutMs: 5000,
})

/** What sagas are not over, the oldest first; for people who look after the shop. */
export const ListSagas = defineRpc({
  service: 'loms',
  method: 'ListSagas',
  request: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 1000 }) }),
  reply: Type.Object({
    sagas: Type.Array(
      Type.Object({
        tenant_id: Type.String(),
        order_id: Int64Schema,
        user_id: Int64Schema,
        state: Type.String(),
        /** How often the present step was tried in vain. */
        attempts: Type.Integer({ minimum: 0 }),
        started_at: Type.String(),
        /** When it is tried again; absent where it waits for the facts of others. */
        retry_at: Type.Optional(Type.String()),
      }),
    ),
  }),
  idempotent: true,
  timeoutMs: 5000,
})

/**
 * An order leaves: it is brought to `shipped`, and from then on it is not called off any more. Whoever carries it asks before
 * it goes, so that no order both leaves and is called off. Asked again it changes nothing. Refused with `order_not_found`,
 * and with `status_not_reachable` (its `reason` is the status) where it is not paid, or over.
 */
export const ShipOrder = defineRpc({
  service: 'loms',
  method: 'ShipOrder',
  request: Type.Object({ order_id: Int64Schema }),
  reply: Type.Object({}),
  idempotent: true,
  timeoutMs: 3000,
})

/** How an order stands, for who holds its money or its goods. Refused with `order_not_found`. */
export const GetOrderState = defineRpc({
  service: 'loms',
  method: 'GetOrderState',
  request: Type.Object({ order_id: Int64Schema }),
  reply: Type.Object({
    status: Type.Union(orderStatuses.map((status) => Type.Literal(status))),
    user_id: Int64Schema,
    /** Minor units; absent where a price is not known. */
    total: Type.Optional(Type.Integer({ minimum: 0 })),
    currency: Type.String(),
    payment_method: Type.String(),
  }),
  idempotent: true,
  timeoutMs: 2000,
})
