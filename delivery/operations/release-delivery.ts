//! An order is confirmed: its shipment may leave.
import type { OrderId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import { release } from '../domain/shipment.ts'
import type { Tx } from '../store/schema.ts'
import { lockShipment, putShipment } from '../store/shipments.ts'

/** Runs in the reader's transaction. An order that nobody asked to deliver has none; nobody is told of a release. */
export async function releaseDelivery(
  tx: Tx,
  { tenantId }: Pick<Cause, 'tenantId'>,
  { orderId }: { readonly orderId: OrderId },
): Promise<void> {
  const shipment = await lockShipment(tx, { tenantId, orderId })
  const next = shipment && release(shipment)
  if (shipment !== undefined && next !== undefined) await putShipment(tx, shipment, next)
}
