//! `POST /api/v1/order/received`, and the last step of `/sent`: a shipment goes on.
import { ok } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Decision, Shipment } from '../domain/shipment.ts'
import { type ShipmentView, shipmentView } from '../views.ts'
import { changeShipment } from './change-shipment.ts'

export type StepShipment = {
  readonly orderId: OrderId
  readonly ownerId?: UserId | undefined
  readonly decide: (shipment: Shipment) => Decision
}

/** The shipment as it is afterwards. Asked again: the same answer and no second effect. */
export async function stepShipment(
  deps: Deps,
  call: Call,
  request: StepShipment,
): Promise<Answer<ShipmentView>> {
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), async () => {
      const { reply, shipment } = await changeShipment(tx, deps, call, request)
      if (!reply.ok) return reply
      if (shipment === undefined) throw new Error(`order ${request.orderId} has no shipment after its step`)
      return ok(shipmentView(shipment))
    }),
  )
}
