//! delivery's resources under `/api/v1` (documents C, D, E): shipments, the couriers' queue, pick-up points.
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../contracts/errors.ts'
import { idSchema, type UserId } from '../contracts/ids.ts'
import { IdParams, listOf, listReply, pageOf, pageOfAll, pageQuery } from '../contracts/rest.ts'
import { Int64Schema, orderIdOf } from '../contracts/scalars.ts'
import { createHttp, type Http, type HttpDeps, type Identity } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import { carriers, type PickupPoint, pickupPoints, receive, type ShipmentId } from './domain/shipment.ts'
import { sendShipment } from './operations/send-shipment.ts'
import { stepShipment } from './operations/step-shipment.ts'
import { queueOf, shipmentOf, shipmentOfOrder } from './store/shipments.ts'
import { ShipmentView, shipmentView } from './views.ts'

const tags = ['delivery']
const OrderBody = Type.Object({ order_id: Int64Schema }, { examples: [{ order_id: 1 }] })
const names = { courier: 'Courier of the shop', pickup: 'Pick-up from our warehouse' } as const

export function http(deps: Deps, httpDeps: HttpDeps): Http {
  const app = createHttp(httpDeps)

  app.get('/api/v1/order/:id/delivery', {
    summary: 'Where an order is',
    tags,
    guard: 'signed_in',
    params: IdParams,
    reply: ShipmentView,
    refusals: ['shipment_not_found'],
    run: async ({ tenantId }, { params, identity }) => {
      const orderId = orderIdOf(params.id)
      const shipment = await deps.store.read((tx) => shipmentOfOrder(tx, { tenantId, orderId }))
      return isTheirs(identity, shipment) ? ok(shipmentView(shipment)) : fail('shipment_not_found')
    },
  })

  app.get('/api/v1/shipments', {
    summary: 'What couriers have to take next',
    description: 'Shipments of confirmed orders, the longest waiting first.',
    tags,
    guard: 'courier',
    query: Type.Object(pageQuery),
    reply: listOf(ShipmentView),
    run: async ({ tenantId }, { query }) => {
      const page = pageOf(query)
      const { shipments, total } = await deps.store.read((tx) => queueOf(tx, tenantId, page))
      return ok(listReply(shipments.map(shipmentView), page, total))
    },
  })

  app.get('/api/v1/shipments/carriers', {
    summary: 'The ways in which an order can be delivered',
    tags,
    guard: 'open',
    query: Type.Object(pageQuery),
    reply: listOf(Type.Object({ code: Type.String(), name: Type.String() })),
    run: async (_, { query }) =>
      ok(
        pageOfAll(
          carriers.map((code) => ({ code, name: names[code] })),
          query,
        ),
      ),
  })

  app.get('/api/v1/shipments/:id/track', {
    summary: 'A shipment as it is',
    tags,
    guard: 'signed_in',
    params: Type.Object({ id: idSchema('shipment') }),
    reply: ShipmentView,
    refusals: ['shipment_not_found'],
    run: async ({ tenantId }, { params, identity }) => {
      const id = params.id as ShipmentId
      const shipment = await deps.store.read((tx) => shipmentOf(tx, { tenantId, id }))
      return isTheirs(identity, shipment) ? ok(shipmentView(shipment)) : fail('shipment_not_found')
    },
  })

  app.get('/api/v1/pickup-points', {
    summary: 'Where an order can be picked up',
    tags,
    guard: 'open',
    query: Type.Object(pageQuery),
    reply: listOf(
      Type.Object({ id: Type.String(), name: Type.String(), city: Type.String(), address: Type.String() }),
    ),
    run: async (_, { query }) => ok(pageOfAll<PickupPoint>(pickupPoints, query)),
  })

  app.post('/api/v1/order/sent', {
    summary: 'An order has left, or is ready to be picked up',
    tags,
    guard: 'courier',
    body: OrderBody,
    reply: ShipmentView,
    refusals: ['shipment_not_found', 'shipment_not_ready', 'unavailable'],
    changesState: true,
    run: async (call, { order_id }) => await sendShipment(deps, call, { orderId: orderIdOf(order_id) }),
  })

  // D spells it so, and who knows D calls it so.
  for (const path of ['/api/v1/order/received', '/api/v1/order/recieved'])
    app.post(path, {
      summary: 'An order is with its customer',
      description: 'Said by the courier, the shop, or the customer whose order it is.',
      tags,
      guard: 'user',
      body: OrderBody,
      reply: ShipmentView,
      refusals: ['shipment_not_found', 'shipment_not_sent'],
      changesState: true,
      run: async (call, { order_id }, { identity }) => {
        // The guard lets a trusted network through without an account; nobody's word is no word here.
        if (identity.role === undefined) return fail('unauthenticated')
        return await stepShipment(deps, call, {
          orderId: orderIdOf(order_id),
          ownerId: identity.role === 'customer' ? identity.userId : undefined,
          decide: (shipment) => receive(shipment, deps.now()),
        })
      },
    })

  return app
}

/** A customer's own; a courier's, an admin's and a service's whichever it is. */
function isTheirs<S extends { readonly userId: UserId }>(
  { role, userId }: Identity,
  shipment: S | undefined,
): shipment is S {
  return shipment !== undefined && (role !== 'customer' || shipment.userId === userId)
}
