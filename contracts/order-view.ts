//! An order as the resources show it, whichever service answers with one: exactly the fields of document C.
import { type Static, Type } from '@sinclair/typebox'
import { orderStatuses } from './order-status.ts'
import { DecimalSchema } from './rest.ts'
import { AddressSchema, DeliverySchema } from './rpc/delivery.ts'

const IdText = Type.String({ examples: ['1'] })

export const OrderView = Type.Object({
  id: IdText,
  tenant_id: Type.String(),
  customer_id: IdText,
  status: Type.Union(orderStatuses.map((status) => Type.Literal(status))),
  items: Type.Array(
    Type.Object({
      /** One line a SKU, so the SKU is its name within the order. */
      id: IdText,
      product_id: Type.Optional(Type.String()),
      sku: IdText,
      name: Type.Optional(Type.String()),
      quantity: Type.Integer({ minimum: 1 }),
      price: Type.Optional(DecimalSchema),
      total: Type.Optional(DecimalSchema),
    }),
  ),
  subtotal: Type.Optional(DecimalSchema),
  discount: Type.Optional(DecimalSchema),
  shipping_cost: Type.Optional(DecimalSchema),
  tax: Type.Optional(DecimalSchema),
  total: Type.Optional(DecimalSchema),
  currency: Type.String({ examples: ['UAH'] }),
  shipping_address: Type.Optional(AddressSchema),
  billing_address: Type.Optional(AddressSchema),
  delivery: Type.Optional(DeliverySchema),
  payment_method: Type.String({ examples: ['wallet'] }),
  notes: Type.Optional(Type.String()),
  status_reason: Type.Optional(
    Type.String({
      description: 'Of `failed` and `cancelled`: why, as a code.',
      examples: ['insufficient_funds'],
    }),
  ),
  status_note: Type.Optional(
    Type.String({
      description: 'Of `failed`: what was said beside the code, where something was.',
      examples: ['there is no such pick-up point'],
    }),
  ),
  cancel_reason: Type.Optional(
    Type.String({ description: 'What was said by whoever called it off, where something was.' }),
  ),
  pay_by: Type.Optional(Type.String({ format: 'date-time' })),
  created_at: Type.String({ format: 'date-time' }),
  updated_at: Type.String({ format: 'date-time' }),
})
export type OrderView = Static<typeof OrderView>
