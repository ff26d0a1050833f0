//! What delivery answers the other services over NATS.
import { ok } from '../contracts/errors.ts'
import { CancelDelivery, MakeDelivery } from '../contracts/rpc/delivery.ts'
import { orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { mapAnswer } from '../runtime/call.ts'
import { handle, type RpcHandler } from '../runtime/rpc.ts'
import type { Deps } from './deps.ts'
import { cancelDelivery } from './operations/cancel-delivery.ts'
import { makeDelivery } from './operations/make-delivery.ts'

export const rpcHandlers = (deps: Deps): RpcHandler[] => [
  handle(MakeDelivery, async (call, { order_id, user_id, delivery }) => {
    const request = { orderId: orderIdOf(order_id), userId: userIdOf(user_id), delivery }
    const made = await deps.store.write((tx) => makeDelivery(tx, deps, call, request))
    return mapAnswer(made, ({ shipmentId }) => ({ shipment_id: shipmentId }))
  }),

  handle(CancelDelivery, async (call, { order_id, user_id }) => {
    const request = {
      orderId: orderIdOf(order_id),
      userId: user_id === undefined ? undefined : userIdOf(user_id),
    }
    const cancelled = await deps.store.write((tx) => cancelDelivery(tx, deps, call, request))
    return cancelled.ok ? ok({}) : cancelled
  }),
]
