//! An order is called off: its shipment leaves the queue, or there will never be one.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { cancel } from '../domain/shipment.ts'
import type { Tx } from '../store/schema.ts'
import { closeOrder, lockShipment } from '../store/shipments.ts'
import { changeShipment } from './change-shipment.ts'

/** `userId`: whose it has to be; anybody's where it is left out. */
export type CancelDelivery = { readonly orderId: OrderId; readonly userId?: UserId | undefined }

/** Runs inside the caller's transaction. Asked again it changes nothing. Refused with `delivery_under_way`, `delivery_differs`. */
export async function cancelDelivery(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  { orderId, userId }: CancelDelivery,
): Promise<Result<void>> {
  const of = { tenantId: cause.tenantId, orderId }
  const shipment = await lockShipment(tx, of)
  if (shipment === undefined) {
    await closeOrder(tx, of)
    return ok(undefined)
  }
  if (userId !== undefined && shipment.userId !== userId) return fail('delivery_differs')
  const decide = (shipment: Parameters<typeof cancel>[0]) => cancel(shipment, deps.now())
  return (await changeShipment(tx, deps, cause, { orderId, decide })).reply
}
