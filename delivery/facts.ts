//! What delivery tells the others when a shipment changes: pure.
import { ShipmentUpdated } from '../contracts/events/delivery.ts'
import { int64ToJson } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { type Fact, fact } from '../runtime/messages/outbox.ts'
import type { Shipment } from './domain/shipment.ts'

export function updatedFact(shipment: Shipment): Fact {
  const { id, orderId, userId, tenantId, status, carrier, reason, version, updatedAt } = shipment
  return fact(ShipmentUpdated, String(orderId), {
    shipment_id: id,
    order_id: int64ToJson(orderId),
    user_id: int64ToJson(userId),
    tenant_id: tenantId,
    status,
    carrier,
    ...(reason !== null && { reason }),
    version,
    moment: toRfc3339(updatedAt),
  })
}
