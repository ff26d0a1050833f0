//! Every fact delivery listens to, and the operation each one calls.
import { ok, type Result } from '../contracts/errors.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderDelivered,
  OrderRejected,
  OrderShipped,
} from '../contracts/events/loms.ts'
import type { TenantId } from '../contracts/ids.ts'
import type { Delivery } from '../contracts/rpc/delivery.ts'
import { orderIdOf, userIdOf } from '../contracts/scalars.ts'
import type { Instant } from '../contracts/time.ts'
import { type Handler, on } from '../runtime/messages/handler.ts'
import type { Deps } from './deps.ts'
import { cancel, type Decision, receive, type Shipment, send } from './domain/shipment.ts'
import { changeShipment } from './operations/change-shipment.ts'
import { makeDelivery } from './operations/make-delivery.ts'
import { releaseDelivery } from './operations/release-delivery.ts'
import type { Tables } from './store/schema.ts'

const ofWallet = 'wallet'
const nowhere: Delivery = { method: 'pickup' }

export const lomsFacts = (deps: Deps): Handler<Tables>[] => [
  // In orchestration loms asks for the shipment itself.
  on<Tables, typeof OrderCreated>(OrderCreated, async (tx, { data, traceparent }) => {
    if (!deps.choreography || data.payment_method !== ofWallet) return ok(undefined)
    const cause = { tenantId: data.tenant_id as TenantId, traceparent }
    const [orderId, userId] = [orderIdOf(data.order_id), userIdOf(data.user_id)]
    const made = await makeDelivery(tx, deps, cause, { orderId, userId, delivery: data.delivery ?? nowhere })
    return refusalIsTold(made)
  }),

  on<Tables, typeof OrderConfirmed>(OrderConfirmed, async (tx, { data }) => {
    const order = { orderId: orderIdOf(data.order_id), userId: userIdOf(data.user_id) }
    await releaseDelivery(tx, { tenantId: data.tenant_id as TenantId }, order)
    return ok(undefined)
  }),

  // Whoever sent it may have died before it was written here; or an admin has brought its order on.
  follows(deps, OrderShipped, send),
  follows(deps, OrderDelivered, receive),
  follows(deps, OrderRejected, cancel),
  follows(deps, OrderCancelled, cancel),
]

type OrderEvent = typeof OrderShipped | typeof OrderDelivered | typeof OrderRejected | typeof OrderCancelled

/** What has become of an order befalls its shipment too. */
function follows(
  deps: Deps,
  event: OrderEvent,
  befall: (shipment: Shipment, now: Instant) => Decision,
): Handler<Tables> {
  return on<Tables, OrderEvent>(event, async (tx, { data, traceparent }) => {
    const cause = { tenantId: data.tenant_id as TenantId, traceparent }
    const [orderId, ownerId] = [orderIdOf(data.order_id), userIdOf(data.user_id)]
    const decide = (shipment: Shipment) => befall(shipment, deps.now())
    const { reply } = await changeShipment(tx, deps, cause, { orderId, ownerId, decide })
    // Most orders have none: nobody asked to bring them.
    return !reply.ok && reply.error.code === 'shipment_not_found' ? ok(undefined) : reply
  })
}

/** Who asked hears of a refusal by the fact that says so; the order's own fact was handled. */
function refusalIsTold(made: Result<unknown>): Result<unknown> {
  return made.ok || made.error.code === 'delivery_refused' ? ok(undefined) : made
}
