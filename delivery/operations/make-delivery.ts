//! An order gets its shipment, or is told why it cannot have one: once, however often it is asked.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Delivery } from '../../contracts/rpc/delivery.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { plan, type Shipment, type ShipmentId } from '../domain/shipment.ts'
import { updatedFact } from '../facts.ts'
import type { Tx } from '../store/schema.ts'
import { insertShipment, isClosed, lockShipment } from '../store/shipments.ts'

export type MakeDelivery = {
  readonly orderId: OrderId
  readonly userId: UserId
  readonly delivery: Delivery
}

/**
 * Runs inside the caller's transaction. Refused with `delivery_refused`, which is kept, with `delivery_closed` where the
 * order was called off before, and with `delivery_differs` where it has another user's: goods and address would not be one
 * customer's.
 */
export async function makeDelivery(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  { orderId, userId, delivery }: MakeDelivery,
): Promise<Result<{ shipmentId: ShipmentId }>> {
  const { tenantId } = cause
  const known = await lockShipment(tx, { tenantId, orderId })
  if (known !== undefined) return known.userId === userId ? answerOf(known) : fail('delivery_differs')
  if (await isClosed(tx, { tenantId, orderId })) return fail('delivery_closed')
  const planned = plan(delivery)
  const now = deps.now()
  const shipment: Shipment = {
    id: deps.newId('shipment'),
    tenantId,
    orderId,
    userId,
    carrier: planned.carrier,
    address: planned.ok ? planned.address : null,
    pickupPoint: planned.ok ? planned.pickupPoint : null,
    status: planned.ok ? 'queued' : 'refused',
    reason: planned.ok ? null : planned.reason,
    isReleased: false,
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
  await insertShipment(tx, shipment)
  await deps.announce(tx, cause, [updatedFact(shipment)])
  return answerOf(shipment)
}

function answerOf({ id, status, reason }: Shipment): Result<{ shipmentId: ShipmentId }> {
  if (status === 'refused') return fail('delivery_refused', { reason })
  return status === 'cancelled' ? fail('delivery_closed') : ok({ shipmentId: id })
}
