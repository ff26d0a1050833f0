//! `POST /api/v1/order/sent`: an order leaves, once loms has said that it may and will not call it off any more.
import { type DomainError, isTransient, type Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import { ShipOrder } from '../../contracts/rpc/loms.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { storedAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { keepBack, type Shipment, send } from '../domain/shipment.ts'
import { shipmentOfOrder } from '../store/shipments.ts'
import type { ShipmentView } from '../views.ts'
import { stepShipment } from './step-shipment.ts'

/**
 * The shipment as it is afterwards. Asked again: the same answer and no second effect. Dies it between the answer of loms and its
 * own transaction, `order.shipped` brings the shipment on. Refused with `shipment_not_found`, `shipment_not_ready`.
 */
export async function sendShipment(
  deps: Deps,
  call: Call,
  { orderId }: { readonly orderId: OrderId },
): Promise<Answer<ShipmentView>> {
  const stored = await storedAnswer(deps.store, call)
  if (stored !== undefined) return stored
  const asked = await askToLeave(deps, call, orderId)
  if (asked !== undefined && !asked.ok && isTransient(asked.error)) return asked
  // Whoever did not ask may not send it either, even if it has become ready since.
  const decide =
    asked?.ok === true
      ? (shipment: Shipment) => send(shipment, deps.now())
      : (shipment: Shipment) => keepBack(shipment, deps.now(), asked && reasonOf(asked.error))
  return await stepShipment(deps, call, { orderId, decide })
}

/** Only of one that could go: everything else delivery knows by itself. */
async function askToLeave(deps: Deps, call: Call, orderId: OrderId): Promise<Result<unknown> | undefined> {
  const of = { tenantId: call.tenantId, orderId }
  const shipment = await deps.store.read((tx) => shipmentOfOrder(tx, of))
  if (shipment?.status !== 'queued' || !shipment.isReleased) return undefined
  return await deps.rpc.ask(ShipOrder, call, { order_id: int64ToJson(orderId) })
}

const reasonOf = ({ code, details }: DomainError): string =>
  typeof details?.reason === 'string' ? details.reason : code
