//! loms' resources under `/api/v1` (documents C, D, E): orders.
import { type Static, Type } from '@sinclair/typebox'
import { fail, invalidAt, ok, type Result } from '../contracts/errors.ts'
import type { ProductId, TenantId, UserId } from '../contracts/ids.ts'
import {
  AddressRequest,
  DeliveryRequest,
  PaymentMethodSchema,
  refuseUnaddressed,
} from '../contracts/order-request.ts'
import { orderStatuses } from '../contracts/order-status.ts'
import { OrderView } from '../contracts/order-view.ts'
import {
  IdParams,
  ItemSchema,
  listOf,
  listReply,
  pageOf,
  pageQuery,
  refusedInText,
  skuOf,
} from '../contracts/rest.ts'
import { Int64Schema, orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { accountBehind, type Http, type Identity } from '../runtime/http.ts'
import type { SagaDeps } from './deps.ts'
import { advance, callOff, steps } from './domain/order.ts'
import type { Wanted } from './domain/stock.ts'
import { listOrders } from './operations/list-orders.ts'
import { orderByWallet } from './operations/order-by-wallet.ts'
import { placeRestOrder } from './operations/place-rest-order.ts'
import { showOrder } from './operations/show-order.ts'
import { stepOrder } from './operations/step-order.ts'
import { skuOfProduct } from './store/catalog.ts'
import { orderView } from './views.ts'

const tags = ['orders']
const StatusSchema = Type.Union(orderStatuses.map((status) => Type.Literal(status)))

const Items = Type.Array(ItemSchema, { minItems: 1, maxItems: 100 })

const example = { items: [{ product_id: 'prod_123', quantity: 2 }] }

export function rest(app: Http, deps: SagaDeps): void {
  app.get('/api/v1/orders', {
    summary: 'Orders, the newest first',
    description: 'Your own; an admin sees everybody’s, or those of one customer.',
    tags,
    guard: 'signed_in',
    query: Type.Object({
      ...pageQuery,
      status: Type.Optional(StatusSchema),
      customer_id: Type.Optional(Int64Schema),
    }),
    reply: listOf(OrderView),
    refusals: ['permission_denied'],
    run: async (call, { identity, query }) => {
      const { customer_id: asked, status } = query
      const own = ownerOf(identity)
      const customer = asked === undefined ? undefined : userIdOf(asked)
      if (own !== undefined && customer !== undefined && customer !== own) return fail('permission_denied')
      const page = pageOf(query)
      const filter = { tenantId: call.tenantId, userId: own ?? customer, status }
      const { orders, total } = await listOrders(deps, filter, page)
      return ok(
        listReply(
          orders.map(({ order, details }) => orderView(order, details)),
          page,
          total,
        ),
      )
    },
  })

  for (const path of ['/api/v1/orders/:id', '/api/v1/order/:id'])
    app.get(path, {
      summary: 'An order as it is',
      tags,
      guard: 'signed_in',
      params: IdParams,
      reply: OrderView,
      refusals: ['order_not_found'],
      run: async (call, { identity, params }) =>
        await showOrder(deps, {
          tenantId: call.tenantId,
          orderId: orderIdOf(params.id),
          ownerId: ownerOf(identity),
        }),
    })

  app.post('/api/v1/orders', {
    summary: 'Place an order that waits for its payment',
    description:
      'Every item is reserved or none. Not paid within the payment window, it is cancelled by itself. Short of stock it is kept as failed, and the refusal names it. `delivery` is kept with the order, and may be left out: the delivery service brings orders from the wallet only.',
    tags,
    guard: 'signed_in',
    body: Type.Object(
      {
        items: Items,
        shipping_address: Type.Optional(AddressRequest),
        billing_address: Type.Optional(AddressRequest),
        delivery: Type.Optional(DeliveryRequest),
        payment_method: PaymentMethodSchema,
        notes: Type.Optional(Type.String({ maxLength: 1000 })),
      },
      {
        examples: [
          {
            ...example,
            shipping_address: { city: 'Kyiv', address: 'Khreshchatyk 1', phone: '+380991234567' },
            payment_method: 'liqpay',
          },
        ],
      },
    ),
    reply: OrderView,
    status: 201,
    refusals: ['unknown_sku', 'insufficient_stock'],
    changesState: true,
    run: async (call, body, { identity }) => {
      const { shipping_address: shipping, billing_address: billing } = body
      const { delivery, notes, payment_method: paymentMethod } = body
      // The wallet is charged by POST /api/v1/order, whose saga an order of this kind would never get.
      if (paymentMethod === 'wallet')
        return invalidAt('/payment_method', 'is paid at once: use POST /api/v1/order')
      const unaddressed = delivery && refuseUnaddressed(delivery, shipping)
      if (unaddressed !== undefined) return unaddressed
      const items = await wantedOf(deps, call, body.items)
      if (!items.ok) return items
      const details = {
        delivery: delivery ?? null,
        shippingAddress: shipping ?? null,
        billingAddress: billing ?? shipping ?? null,
        notes: notes ?? null,
      }
      const userId = accountBehind(identity)
      const placed = await placeRestOrder(deps, call, { userId, items: items.value, paymentMethod, details })
      if (!placed.ok) return refusedInText(placed)
      return { ...placed, headers: { location: `/api/v1/orders/${placed.value.id}` } }
    },
  })

  app.post('/api/v1/order', {
    summary: 'Buy from the wallet',
    description:
      'Reserves the items, holds the money, puts the order into the delivery queue and confirms it, in one call. Without `delivery` it is to be picked up, and where no `pickup_point` is named, at the first of `GET /api/v1/pickup-points`. Refused, the order is kept as failed; stock and balance are as before. 202 where the outcome is not known yet: the order behind Location tells.',
    tags,
    guard: 'signed_in',
    body: Type.Object(
      { items: Items, delivery: Type.Optional(DeliveryRequest) },
      { examples: [{ ...example, delivery: { method: 'pickup' } }] },
    ),
    reply: OrderView,
    status: [200, 202],
    refusals: [
      'unknown_sku',
      'insufficient_stock',
      'insufficient_funds',
      'delivery_refused',
      'order_not_payable',
    ],
    changesState: true,
    isLastStep: true,
    run: async (call, body, { identity }) => {
      const delivery = body.delivery ?? { method: 'pickup' }
      const unaddressed = refuseUnaddressed(delivery)
      if (unaddressed !== undefined) return unaddressed
      const items = await wantedOf(deps, call, body.items)
      if (!items.ok) return items
      const address = delivery.address ?? null
      const details = { delivery, shippingAddress: address, billingAddress: address, notes: null }
      const answer = await orderByWallet(deps, call, {
        userId: accountBehind(identity),
        items: items.value,
        details,
      })
      if (!answer.ok) return refusedInText(answer)
      const { order, isOpen } = answer.value
      const said = { ...answer, value: order }
      return isOpen ? { ...said, status: 202, headers: { location: `/api/v1/order/${order.id}` } } : said
    },
  })

  app.put('/api/v1/orders/:id/status', {
    summary: 'Bring an order on',
    description:
      'One step at a time, as the life of an order has them; a status past payment is never reached by asking.',
    tags,
    guard: 'admin',
    params: IdParams,
    body: Type.Object(
      { status: Type.Union(steps.map((status) => Type.Literal(status))) },
      { examples: [{ status: 'processing' }] },
    ),
    reply: OrderView,
    refusals: ['order_not_found', 'status_not_reachable', 'order_not_cancellable'],
    changesState: true,
    run: async (call, { status }, { params }) =>
      await stepOrder(deps, call, {
        orderId: orderIdOf(params.id),
        decide: (order) =>
          status === 'cancelled' ? callOff(order, 'admin', deps.now()) : advance(order, status, deps.now()),
      }),
  })

  app.post('/api/v1/orders/:id/cancel', {
    summary: 'Call an order off before it is shipped',
    description:
      'What was reserved is free again, and goods that were paid for return to their shelves. What was paid from the wallet is given back to it. An order that your own system marked as paid (`order/pay`) is cancelled just the same, but its money is with whoever took it: they give it back.',
    tags,
    guard: 'signed_in',
    params: IdParams,
    body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 500 })) }),
    reply: OrderView,
    refusals: ['order_not_found', 'order_not_cancellable'],
    changesState: true,
    isLastStep: true,
    run: async (call, { reason }, { params, identity }) => {
      const ownerId = ownerOf(identity)
      const by = ownerId === undefined ? 'admin' : 'customer'
      return await stepOrder(deps, call, {
        orderId: orderIdOf(params.id),
        ownerId,
        decide: (order) => callOff(order, by, deps.now(), reason || undefined),
      })
    },
  })
}

/** Whose orders a caller may touch: their own; undefined where anybody's. */
const ownerOf = ({ role, userId }: Identity): UserId | undefined => (role === 'admin' ? undefined : userId)

/** The SKUs that are wanted: one is named by itself, or by the product that it is. */
async function wantedOf(
  deps: Pick<SagaDeps, 'store'>,
  { tenantId }: { tenantId: TenantId },
  items: readonly Static<typeof ItemSchema>[],
): Promise<Result<Wanted[]>> {
  const both = items.findIndex(({ sku, product_id }) => (sku === undefined) === (product_id === undefined))
  if (both !== -1) return invalidAt(`/items/${both}`, 'must have a sku or a product_id, and not both')
  const skus = await deps.store.read((tx) =>
    Promise.all(
      items.map(({ sku, product_id }) =>
        sku === undefined ? skuOfProduct(tx, tenantId, product_id as ProductId) : skuOf(sku),
      ),
    ),
  )
  const wanted: Wanted[] = []
  for (const [index, { quantity, product_id }] of items.entries()) {
    const sku = skus[index]
    if (sku === undefined) return fail('unknown_sku', { product_ids: [product_id] })
    wanted.push({ sku, quantity })
  }
  return ok(wanted)
}
