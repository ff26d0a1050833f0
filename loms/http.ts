//! loms over HTTP, the RPC surface of document A: one table of routes, shapes checked at the door.
import { Type } from '@sinclair/typebox'
import { rpcStatus } from '../contracts/order-status.ts'
import {
  CountSchema,
  Int64Schema,
  int64ToJson,
  orderIdOf,
  SkuSchema,
  userIdOf,
} from '../contracts/scalars.ts'
import { type Answer, mapAnswer } from '../runtime/call.ts'
import { createHttp, type Http, type HttpDeps } from '../runtime/http.ts'
import type { SagaDeps } from './deps.ts'
import { availableOf } from './domain/stock.ts'
import { rest } from './http-rest.ts'
import { restStock } from './http-stock.ts'
import { cancelOrder } from './operations/cancel-order.ts'
import { createOrder } from './operations/create-order.ts'
import { getOrder } from './operations/get-order.ts'
import { getStock } from './operations/get-stock.ts'
import { payOrder } from './operations/pay-order.ts'
import { inRpcWords } from './rpc-words.ts'

const tags = ['orders']
const Empty = Type.Object({})
const Items = Type.Array(Type.Object({ sku: SkuSchema, count: CountSchema }))
const OrderIdBody = Type.Object({ orderID: Int64Schema }, { examples: [{ orderID: 1 }] })

export function http(deps: SagaDeps, httpDeps: HttpDeps): Http {
  const app = createHttp(httpDeps)

  app.post('/order/create', {
    summary: 'Place an order and reserve its stock',
    description:
      'Reserves every item or none. Repeated SKUs are summed. Short of stock, the order is stored as failed and the refusal names it and every short line.',
    tags,
    guard: 'service',
    body: Type.Object(
      {
        user: Int64Schema,
        items: Type.Array(Type.Object({ sku: SkuSchema, count: CountSchema }), {
          minItems: 1,
          maxItems: 100,
        }),
      },
      { examples: [{ user: 1, items: [{ sku: 1001, count: 2 }] }] },
    ),
    reply: Type.Object({ orderID: Int64Schema }),
    refusals: ['insufficient_stock', 'total_out_of_range'],
    changesState: true,
    run: async (call, body) => {
      const created = await createOrder(deps, call, {
        userId: userIdOf(body.user),
        items: body.items.map(({ sku, count }) => ({ sku, quantity: count })),
      })
      return reply(created, ({ orderId }) => ({ orderID: int64ToJson(orderId) }))
    },
  })

  app.post('/order/info', {
    summary: 'An order as it is',
    tags,
    guard: 'user',
    body: OrderIdBody,
    reply: Type.Object({ status: Type.String(), user: Int64Schema, items: Items }),
    refusals: ['order_not_found'],
    run: async (call, body) => {
      const order = await getOrder(deps, call, { orderId: orderIdOf(body.orderID) })
      return reply(order, ({ status, userId, lines }) => ({
        status: rpcStatus(status),
        user: int64ToJson(userId),
        items: lines.map(({ sku, quantity }) => ({ sku, count: quantity })),
      }))
    },
  })

  app.post('/order/pay', {
    summary: 'Mark an order as paid',
    description: 'Its reserved stock is sold. Asked again: the same answer and no second effect.',
    tags,
    guard: 'service',
    body: OrderIdBody,
    reply: Empty,
    refusals: ['order_not_found', 'order_not_payable'],
    changesState: true,
    isLastStep: true,
    run: async (call, body) =>
      reply(await payOrder(deps, call, { orderId: orderIdOf(body.orderID) }), () => ({})),
  })

  app.post('/order/cancel', {
    summary: 'Call an unpaid order off',
    description: 'Its reserved stock is free again. Asked again: the same answer and no second effect.',
    tags,
    guard: 'user',
    body: OrderIdBody,
    reply: Empty,
    refusals: ['order_not_found', 'order_not_cancellable'],
    changesState: true,
    isLastStep: true,
    run: async (call, body) =>
      reply(
        await cancelOrder(deps, call, { orderId: orderIdOf(body.orderID), reason: 'customer' }),
        () => ({}),
      ),
  })

  app.post('/stock/info', {
    summary: 'How much of a SKU can be bought now',
    description: 'The sum over all warehouses, less what is reserved for orders that wait for payment.',
    tags: ['stock'],
    guard: 'open',
    body: Type.Object({ sku: SkuSchema }, { examples: [{ sku: 1001 }] }),
    reply: Type.Object({ count: Type.Integer({ minimum: 0 }) }),
    refusals: ['sku_not_found'],
    run: async (call, body) => {
      const stocks = await getStock(deps, call, body)
      return reply(stocks, (stocks) => ({
        count: stocks.reduce((sum, stock) => sum + availableOf(stock), 0),
      }))
    },
  })

  rest(app, deps)
  restStock(app, deps)
  return app
}

/** Says an operation's answer in the words of this surface, which also spells the order's number `orderID`. */
function reply<T, R>(answer: Answer<T>, say: (value: T) => R): Answer<R> {
  const said = inRpcWords(mapAnswer(answer, say))
  if (said.ok || said.error.details === undefined || !('order_id' in said.error.details)) return said
  const { order_id: orderID, ...rest } = said.error.details
  return { ...said, error: { ...said.error, details: { orderID, ...rest } } }
}
