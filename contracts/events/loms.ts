//! Every fact `loms` tells the others. Past tense; a fact is never changed, only followed by another.
import { type Static, Type } from '@sinclair/typebox'
import { orderStatuses } from '../order-status.ts'
import { DeliverySchema } from '../rpc/delivery.ts'
import { CountSchema, Int64Schema, SkuSchema } from '../scalars.ts'
import { defineEvent, defineStream } from './define.ts'

const StatusSchema = Type.Union(orderStatuses.map((status) => Type.Literal(status)))

/** What every fact about an order carries. */
const orderFields = {
  order_id: Int64Schema,
  user_id: Int64Schema,
  tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
  status: StatusSchema,
  previous_status: Type.Union([StatusSchema, Type.Null()]),
  /** +1 with every change of the order, from 1, without gaps. */
  version: Type.Integer({ minimum: 1 }),
  /** RFC 3339. */
  moment: Type.String(),
}

const OrderItem = Type.Object({
  sku: SkuSchema,
  count: CountSchema,
  name: Type.Optional(Type.String()),
  /** Minor units a piece, when the order was placed; absent where the catalogue is somebody else's. */
  price: Type.Optional(Type.Integer({ minimum: 0 })),
})

const Shortage = Type.Object({
  sku: SkuSchema,
  wanted: Type.Integer({ minimum: 1 }),
  available: Type.Integer({ minimum: 0 }),
})

export const OrderCreated = defineEvent(
  'order.created',
  Type.Object({
    ...orderFields,
    items: Type.Array(OrderItem),
    /** Minor units; absent where a price is not known. */
    total: Type.Optional(Type.Integer({ minimum: 0 })),
    currency: Type.String(),
    payment_method: Type.String(),
    pay_by: Type.String(),
    /** Where it is to be brought; absent where nobody said. */
    delivery: Type.Optional(DeliverySchema),
  }),
)

export const OrderRejected = defineEvent(
  'order.rejected',
  Type.Object({ ...orderFields, reason: Type.String(), shortages: Type.Array(Shortage) }),
)

export const OrderConfirmed = defineEvent(
  'order.confirmed',
  Type.Object({
    ...orderFields,
    total: Type.Optional(Type.Integer({ minimum: 0 })),
    currency: Type.String(),
  }),
)

export const cancelReasons = ['customer', 'admin', 'expired'] as const
export type CancelReason = (typeof cancelReasons)[number]

export const OrderCancelled = defineEvent(
  'order.cancelled',
  Type.Object({ ...orderFields, reason: Type.Union(cancelReasons.map((reason) => Type.Literal(reason))) }),
)

/** It is packed. */
export const OrderProcessing = defineEvent('order.processing', Type.Object(orderFields))
/** It is with the carrier. */
export const OrderShipped = defineEvent('order.shipped', Type.Object(orderFields))
/** It is with the customer. */
export const OrderDelivered = defineEvent('order.delivered', Type.Object(orderFields))

/** Money came for an order that did not take it. It changes no order, and has no version. */
export const OrderPaymentRefused = defineEvent(
  'order.payment_refused',
  Type.Object({
    order_id: Int64Schema,
    /** Who paid. */
    user_id: Int64Schema,
    tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
    payment_id: Type.String(),
    amount: Type.Integer({ minimum: 1 }),
    currency: Type.String(),
    /** The status that the order is in, or what else was wrong. */
    reason: Type.String({ examples: ['confirmed', 'expired', 'order_not_found', 'total_changed'] }),
    moment: Type.String(),
  }),
)

const StockLine = Type.Object({
  sku: SkuSchema,
  warehouse_id: Int64Schema,
  count: Type.Integer({ minimum: 1 }),
})

const stockFields = {
  order_id: Int64Schema,
  tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
  lines: Type.Array(StockLine),
  moment: Type.String(),
}

export const StockReserved = defineEvent('stock.reserved', Type.Object(stockFields))

export const StockReleased = defineEvent(
  'stock.released',
  Type.Object({ ...stockFields, reason: Type.Union([Type.Literal('released'), Type.Literal('expired')]) }),
)

export type OrderCreated = Static<typeof OrderCreated.schema>
export type OrderCancelled = Static<typeof OrderCancelled.schema>

export const lomsEvents = [
  OrderCreated,
  OrderRejected,
  OrderConfirmed,
  OrderCancelled,
  OrderProcessing,
  OrderShipped,
  OrderDelivered,
  OrderPaymentRefused,
  StockReserved,
  StockReleased,
] as const
export const lomsStream = defineStream({ service: 'loms', subjects: ['order.>', 'stock.>'] })
