//! An order is called off: its shipment leaves the queue, or there will never be one.
import { ok, type Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { cancel } from '../domain/shipment.ts'
import type { Tx } from '../store/schema.ts'
import { closeOrder, lockShipment } from '../store/shipments.ts'
import { changeShipment } from './change-shipment.ts'

/** Runs inside the caller's transaction. Asked again it changes nothing. Refused with `delivery_under_way`. */
export async function cancelDelivery(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  { orderId }: { readonly orderId: OrderId },
): Promise<Result<void>> {
  const of = { tenantId: cause.tenantId, orderId }
  if ((await lockShipment(tx, of)) === undefined) {
    await closeOrder(tx, of)
    return ok(undefined)
  }
  const decide = (shipment: Parameters<typeof cancel>[0]) => cancel(shipment, deps.now())
  return (await changeShipment(tx, deps, cause, { orderId, decide })).reply
}
