//! cart over HTTP, the RPC surface of document A: one table of routes, shapes checked at the door. The resources are in http-rest.ts.
import { Type } from '@sinclair/typebox'
import { CountSchema, Int64Schema, int64ToJson, SkuSchema, userIdOf } from '../contracts/scalars.ts'
import { type Answer, mapAnswer } from '../runtime/call.ts'
import { createHttp, type Http, type HttpDeps } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import { rest } from './http-rest.ts'
import { addItem } from './operations/add-item.ts'
import { checkout, type UnderWay } from './operations/checkout.ts'
import { clearCart } from './operations/clear-cart.ts'
import { deleteItem } from './operations/delete-item.ts'
import { listCart } from './operations/list-cart.ts'
import { ownCart } from './own-cart.ts'

const tags = ['cart']
const Empty = Type.Object({})
const UserBody = Type.Object({ user: Int64Schema }, { examples: [{ user: 1 }] })

export function http(deps: Deps & { readonly underWay: UnderWay }, httpDeps: HttpDeps): Http {
  const app = createHttp(httpDeps)

  app.post('/cart/item/add', {
    summary: 'Put pieces of a SKU into the cart',
    description:
      'The same SKU adds up, and the sum is what is checked against stock. Nothing is reserved before checkout.',
    tags,
    guard: 'user',
    body: Type.Object(
      { user: Int64Schema, sku: SkuSchema, count: CountSchema },
      { examples: [{ user: 1, sku: 1001, count: 2 }] },
    ),
    reply: Empty,
    refusals: [
      'unknown_sku',
      'insufficient_stock',
      'cart_full',
      'count_too_large',
      'cart_total_too_large',
      'catalog_unavailable',
      'stock_unavailable',
    ],
    changesState: true,
    run: async (call, { user, sku, count }) =>
      await ownCart(call, userIdOf(user), async (userId) =>
        done(await addItem(deps, call, { userId, sku, quantity: count })),
      ),
  })

  app.post('/cart/item/delete', {
    summary: 'Take pieces of a SKU out of the cart',
    description: 'Without a count the whole line goes. Succeeds also where the SKU was not in the cart.',
    tags,
    guard: 'user',
    body: Type.Object(
      { user: Int64Schema, sku: SkuSchema, count: Type.Optional(CountSchema) },
      { examples: [{ user: 1, sku: 1001 }] },
    ),
    reply: Empty,
    refusals: [],
    changesState: true,
    run: async (call, { user, sku, count }) =>
      await ownCart(call, userIdOf(user), async (userId) =>
        done(
          await deleteItem(deps, call, {
            userId,
            sku,
            ...(count === undefined ? {} : { quantity: count }),
          }),
        ),
      ),
  })

  app.post('/cart/list', {
    summary: 'What is in the cart',
    description:
      'Names and prices are asked of the catalogue at this moment; a line whose product is no longer sold is left out. Prices are minor units.',
    tags,
    guard: 'user',
    body: UserBody,
    reply: Type.Object({
      items: Type.Array(
        Type.Object({
          sku: SkuSchema,
          count: CountSchema,
          name: Type.String(),
          price: Type.Integer({ minimum: 0 }),
        }),
      ),
      totalPrice: Type.Integer({ minimum: 0 }),
    }),
    refusals: ['catalog_unavailable', 'total_out_of_range'],
    run: async (call, { user }) =>
      await ownCart(call, userIdOf(user), async (userId) =>
        mapAnswer(await listCart(deps, call, { userId }), ({ lines, totalPrice }) => ({
          items: lines.map(({ sku, quantity, name, price }) => ({ sku, count: quantity, name, price })),
          totalPrice,
        })),
      ),
  })

  app.post('/cart/clear', {
    summary: 'Empty the cart',
    tags,
    guard: 'user',
    body: UserBody,
    reply: Empty,
    refusals: [],
    changesState: true,
    run: async (call, { user }) =>
      await ownCart(call, userIdOf(user), async (userId) => done(await clearCart(deps, call, { userId }))),
  })

  app.post('/cart/checkout', {
    summary: 'Make an order of the cart',
    description:
      'One purchase however often it is asked at once: whoever asks meanwhile gets the same order. What was ordered leaves the cart.',
    tags,
    guard: 'user',
    body: UserBody,
    reply: Type.Object({ orderID: Int64Schema }),
    refusals: ['cart_empty', 'insufficient_stock', 'total_out_of_range', 'in_progress', 'unavailable'],
    changesState: true,
    isLastStep: true,
    run: async (call, { user }) =>
      await ownCart(call, userIdOf(user), async (userId) =>
        spell(
          mapAnswer(await checkout(deps, call, { userId }), ({ orderId }) => ({
            orderID: int64ToJson(orderId),
          })),
        ),
      ),
  })

  rest(app, deps)
  return app
}

const done = (answer: Answer<unknown>): Answer<Record<never, never>> => mapAnswer(answer, () => ({}))

/** This surface spells the order's number `orderID`, also in what a refusal says of the order. */
function spell<R>(answer: Answer<R>): Answer<R> {
  if (answer.ok || answer.error.details === undefined || !('order_id' in answer.error.details)) return answer
  const { order_id: orderID, ...rest } = answer.error.details
  return { ...answer, error: { ...answer.error, details: { orderID, ...rest } } }
}
