//! Every fact `delivery` tells the others.
import { Type } from '@sinclair/typebox'
import { Int64Schema } from '../scalars.ts'
import { defineEvent, defineStream } from './define.ts'

/**
 * `queued`: waits for the order's confirmation or for a courier; `refused`: cannot be delivered as asked; `sent`: on its
 * way, or ready to be picked up; `received`: with the customer; `cancelled`: called off before it was sent.
 */
export const shipmentStatuses = ['queued', 'refused', 'sent', 'received', 'cancelled'] as const
export type ShipmentStatus = (typeof shipmentStatuses)[number]

export const ShipmentUpdated = defineEvent(
  'shipment.updated',
  Type.Object({
    shipment_id: Type.String(),
    order_id: Int64Schema,
    user_id: Int64Schema,
    tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
    status: Type.Union(shipmentStatuses.map((status) => Type.Literal(status))),
    carrier: Type.String(),
    reason: Type.Optional(Type.String()),
    /** +1 with every change of the shipment, from 1. */
    version: Type.Integer({ minimum: 1 }),
    moment: Type.String(),
  }),
)

export const deliveryEvents = [ShipmentUpdated] as const
export const deliveryStream = defineStream({ service: 'delivery', subjects: ['shipment.>'] })
