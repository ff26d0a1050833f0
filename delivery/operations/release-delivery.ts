//! An order is confirmed: its shipment may leave.
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import { release } from '../domain/shipment.ts'
import type { Tx } from '../store/schema.ts'
import { lockShipment, putShipment } from '../store/shipments.ts'

/** Runs in the reader's transaction. An order that nobody asked to deliver has none, another user's is not its own; nobody is told of a release. */
export async function releaseDelivery(
  tx: Tx,
  { tenantId }: Pick<Cause, 'tenantId'>,
  { orderId, userId }: { readonly orderId: OrderId; readonly userId: UserId },
): Promise<void> {
  const shipment = await lockShipment(tx, { tenantId, orderId })
  const next = shipment?.userId === userId ? release(shipment) : undefined
  if (shipment !== undefined && next !== undefined) await putShipment(tx, shipment, next)
}
