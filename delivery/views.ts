//! A shipment as the resources show it.
import { type Static, Type } from '@sinclair/typebox'
import { shipmentStatuses } from '../contracts/events/delivery.ts'
import { AddressSchema } from '../contracts/rpc/delivery.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { carriers, type Shipment } from './domain/shipment.ts'

export const ShipmentView = Type.Object({
  id: Type.String({ examples: ['shp_1'] }),
  order_id: Type.String({ examples: ['1'] }),
  carrier: Type.Union(carriers.map((carrier) => Type.Literal(carrier))),
  status: Type.Union(shipmentStatuses.map((status) => Type.Literal(status))),
  reason: Type.Optional(Type.String()),
  address: Type.Optional(AddressSchema),
  pickup_point: Type.Optional(Type.String()),
  created_at: Type.String({ format: 'date-time' }),
  updated_at: Type.String({ format: 'date-time' }),
})
export type ShipmentView = Static<typeof ShipmentView>

export function shipmentView(shipment: Shipment): ShipmentView {
  const { id, orderId, carrier, status, reason, address, pickupPoint, createdAt, updatedAt } = shipment
  return {
    id,
    order_id: String(orderId),
    carrier,
    status,
    ...(reason !== null && { reason }),
    ...(address !== null && { address }),
    ...(pickupPoint !== null && { pickup_point: pickupPoint }),
    created_at: toRfc3339(createdAt),
    updated_at: toRfc3339(updatedAt),
  }
}
