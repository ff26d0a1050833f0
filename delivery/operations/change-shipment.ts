//! The step that sending, receiving and calling off share: load, decide, write what was decided with its fact.
import { fail, type Result } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import type { Decision, Shipment } from '../domain/shipment.ts'
import { updatedFact } from '../facts.ts'
import type { Tx } from '../store/schema.ts'
import { lockShipment, putShipment } from '../store/shipments.ts'

export type ChangeShipment = {
  readonly orderId: OrderId
  /** Whose it has to be; anybody's where it is left out. Another's is not there. */
  readonly ownerId?: UserId | undefined
  readonly decide: (shipment: Shipment) => Decision
}

export type Changed = { readonly reply: Result<void>; readonly shipment?: Shipment }

/** Runs inside the caller's transaction. `shipment` is the state afterwards. Refused with `shipment_not_found`. */
export async function changeShipment(
  tx: Tx,
  deps: Pick<Deps, 'announce'>,
  cause: Cause,
  { orderId, ownerId, decide }: ChangeShipment,
): Promise<Changed> {
  const shipment = await lockShipment(tx, { tenantId: cause.tenantId, orderId })
  if (shipment === undefined || (ownerId !== undefined && shipment.userId !== ownerId))
    return { reply: fail('shipment_not_found') }
  const { reply, next } = decide(shipment)
  if (next === undefined) return { reply, shipment }
  await putShipment(tx, shipment, next)
  await deps.announce(tx, cause, [updatedFact(next)])
  return { reply, shipment: next }
}
