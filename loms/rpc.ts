//! What loms answers the other services over NATS.
import { type DomainError, fail, ok } from '../contracts/errors.ts'
import {
  GetAvailable,
  GetOrderState,
  ListSagas,
  type CheckoutOptions as Options,
  PlaceCheckout,
  SettleCheckout,
  ShipOrder,
} from '../contracts/rpc/loms.ts'
import { int64ToJson, orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { parseRfc3339, toRfc3339 } from '../contracts/time.ts'
import { handle, type RpcHandler } from '../runtime/rpc.ts'
import type { SagaDeps } from './deps.ts'
import { totalOf } from './domain/order.ts'
import { getAvailable } from './operations/get-available.ts'
import { getOrder } from './operations/get-order.ts'
import { type CheckoutOptions, placeCheckout } from './operations/place-checkout.ts'
import { settleCheckout } from './operations/settle-checkout.ts'
import { shipOrder } from './operations/ship-order.ts'
import type { CheckoutOrder } from './operations/tell-outcome.ts'
import { openSagas } from './store/sagas.ts'

export const rpcHandlers = (deps: SagaDeps): RpcHandler[] => [
  handle(GetAvailable, async (call, request) => {
    const available = await getAvailable(deps, call, request)
    if (!available.ok) return available
    return ok({ stock: [...available.value].map(([sku, count]) => ({ sku, count })) })
  }),

  handle(ListSagas, async (_, { limit }) => {
    const sagas = await deps.store.read((tx) => openSagas(tx, limit))
    return ok({
      sagas: sagas.map(({ tenantId, orderId, userId, state, attempts, startedAt, retryAt }) => ({
        tenant_id: tenantId,
        order_id: int64ToJson(orderId),
        user_id: int64ToJson(userId),
        state,
        attempts,
        started_at: toRfc3339(startedAt),
        ...(retryAt !== null && { retry_at: toRfc3339(retryAt) }),
      })),
    })
  }),

  handle(GetOrderState, async (call, { order_id }) => {
    const order = await getOrder(deps, call, { orderId: orderIdOf(order_id) })
    if (!order.ok) return order
    const { status, userId, lines, currency, paymentMethod } = order.value
    const total = totalOf(lines, currency)
    return ok({
      status,
      user_id: int64ToJson(userId),
      ...(total && { total: total.amount }),
      currency,
      payment_method: paymentMethod,
    })
  }),

  handle(ShipOrder, async (call, { order_id }) => {
    const shipped = await shipOrder(deps, call, { orderId: orderIdOf(order_id) })
    return shipped.ok ? ok({}) : shipped
  }),

  handle(PlaceCheckout, async (call, request) => {
    const notAfter = parseRfc3339(request.not_after)
    if (notAfter === undefined) {
      return fail('invalid_argument', {
        errors: [{ path: '/not_after', message: 'must be a moment in RFC 3339' }],
      })
    }
    const { options, show } = request
    const placed = await placeCheckout(deps, call, {
      checkoutId: request.checkout_id,
      userId: userIdOf(request.user_id),
      items: request.items.map(({ sku, count }) => ({ sku, quantity: count })),
      notAfter,
      ...(options && { options: optionsOf(options) }),
      ...(show !== undefined && { show }),
    })
    return placed.ok ? ok({ order_id: int64ToJson(placed.value.orderId), ...shown(placed.value) }) : placed
  }),

  handle(SettleCheckout, async (call, { checkout_id, show = false }) => {
    const settled = await settleCheckout(deps, call, { checkoutId: checkout_id, show })
    switch (settled.kind) {
      case 'placed':
        return ok({
          order_id: int64ToJson(settled.value.orderId),
          rejected: false,
          ...shown(settled.value),
        })
      case 'failed':
        return ok({ order_id: null, rejected: true, refusal: refusalOf(settled.refusal.error) })
      case 'none':
        return ok({
          order_id: null,
          rejected: false,
          ...(settled.error && { refusal: refusalOf(settled.error) }),
        })
    }
  }),
]

function optionsOf({ delivery, payment_method, expected_total }: Options): CheckoutOptions {
  return {
    delivery,
    paymentMethod: payment_method,
    ...(expected_total !== undefined && { expectedTotal: expected_total }),
  }
}

const shown = ({ order, isOpen }: CheckoutOrder) => ({
  ...(order && { order }),
  ...(isOpen !== undefined && { is_open: isOpen }),
})

const refusalOf = ({ code, details }: DomainError) => ({ code, ...(details && { details: { ...details } }) })
