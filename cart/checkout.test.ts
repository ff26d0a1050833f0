//! checkout through the real router: what is ordered, what stays, and who asks at the same time.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { int64Max } from '../contracts/scalars.ts'
import { plusMs, toRfc3339 } from '../contracts/time.ts'
import type { Http } from '../runtime/http.ts'
import { post, refusalOf } from '../tests/harness/ask.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, checkoutWindowMs, startCart } from './fixture.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startCart()
  cart.others.offer([1, 250, 100], [2, 100, 100], [3, 5, 100])
  app = cart.httpDoor()
})
afterEach(() => cart.close())

type User = number | string
async function add(sku: number, count: number, user: User = 7) {
  expect((await post(app, '/cart/item/add', { user, sku, count })).status).toBe(200)
}
const checkout = (user: User = 7) => post(app, '/cart/checkout', { user })
const states = async () => (await cart.checkouts()).map(({ state }) => state)

describe('a checkout', () => {
  test('answers the number of the order and nothing else, and the cart is empty', async () => {
    await add(2, 1)
    await add(1, 3)
    const said = await checkout()
    expect({ status: said.status, body: said.body }).toEqual({ status: 200, body: { orderID: 1 } })
    expect((await post(app, '/cart/list', { user: 7 })).body).toEqual({ items: [], totalPrice: 0 })
  })

  test('asks loms for everything in the cart, under an id of its own and for a limited time', async () => {
    await add(2, 1)
    await add(1, 3)
    await checkout()
    const [question] = cart.others.asked.filter(({ method }) => method === 'PlaceCheckout')
    const [row] = await cart.checkouts()
    expect(question?.request).toEqual({
      checkout_id: row?.id,
      user_id: 7,
      items: [
        { sku: 1, count: 3 },
        { sku: 2, count: 1 },
      ],
      not_after: toRfc3339(plusMs(cart.others.now(), checkoutWindowMs)),
    })
    expect(row).toMatchObject({ state: 'placed', orderId: 1n, userId: 7n })
  })

  test('is each user’s own, to the end of int64 on both sides', async () => {
    const last = String(int64Max)
    cart.others.nextOrderId = int64Max - 1n
    await add(1, 1, last)
    await add(1, 2, 7)
    expect((await checkout(last)).body).toEqual({ orderID: String(int64Max - 1n) })
    expect(await cart.lines(7)).toEqual([[1, 2]])
    expect((await checkout(7)).body).toEqual({ orderID: last })
    expect(cart.others.orders.map(({ userId }) => userId)).toEqual([int64Max, 7n])
  })

  test('of an empty cart is cart_empty, and so is one that is asked again later', async () => {
    const empty = () => changingNothing(cart, () => refusalOf(app, '/cart/checkout', { user: 7 }))
    expect(await empty()).toEqual({ status: 412, code: 'cart_empty' })
    await add(1, 1)
    await checkout()
    expect(await empty()).toEqual({ status: 412, code: 'cart_empty' })
    expect(cart.others.countOf('PlaceCheckout')).toBe(1)
  })

  test('takes out what was ordered: lines and pieces that were added meanwhile stay', async () => {
    await add(1, 2)
    await add(2, 1)
    cart.others.meanwhile = async (method) => {
      if (method !== 'PlaceCheckout') return
      cart.others.meanwhile = async () => undefined
      await add(1, 3)
      await add(3, 4)
    }
    expect((await checkout()).status).toBe(200)
    expect(cart.others.placed[0]?.items).toMatchObject([
      { sku: 1, count: 2 },
      { sku: 2, count: 1 },
    ])
    expect(await cart.lines(7)).toEqual([
      [1, 3],
      [3, 4],
    ])
    expect((await checkout()).body).toEqual({ orderID: 2 })
    expect(await cart.lines(7)).toEqual([])
  })

  test('orders what was in the cart when it began, also when that is deleted meanwhile', async () => {
    await add(1, 2)
    await add(2, 5)
    cart.others.meanwhile = async (method) => {
      if (method !== 'PlaceCheckout') return
      await post(app, '/cart/item/delete', { user: 7, sku: 1 })
      await post(app, '/cart/item/delete', { user: 7, sku: 2, count: 3 })
    }
    expect((await checkout()).status).toBe(200)
    expect(cart.others.placed[0]?.items.map(({ count }) => count)).toEqual([2, 5])
    expect(await cart.lines(7)).toEqual([])
  })

  test('short of stock names the order and the shortages, and the cart stays as it was', async () => {
    await add(1, 60)
    await add(2, 1)
    cart.others.stock.set(1, 50)
    const said = await checkout()
    expect(said.status).toBe(412)
    expect(said.body).toMatchObject({
      code: 'insufficient_stock',
      orderID: 1,
      shortages: [{ sku: 1, wanted: 60, available: 50 }],
    })
    expect(said.body).not.toHaveProperty('order_id')
    expect(await cart.lines(7)).toEqual([
      [1, 60],
      [2, 1],
    ])
    expect(await states()).toEqual(['refused'])
    // It stands in the way of nothing: with stock the cart can be bought.
    cart.others.stock.set(1, 60)
    expect((await checkout()).body).toEqual({ orderID: 2 })
    expect(await cart.lines(7)).toEqual([])
  })

  test('does not ask the catalogue', async () => {
    await add(1, 1)
    cart.others.fateOf = (method) => (method === 'GetProducts' ? 'away' : 'answered')
    expect((await checkout()).status).toBe(200)
  })
})

describe('twenty checkouts at once', () => {
  test('of one user are one order and one answer', async () => {
    await add(1, 2)
    const told = await Promise.all(Array.from({ length: 20 }, () => checkout()))
    expect(told.map(({ status, body }) => [status, body])).toEqual(told.map(() => [200, { orderID: 1 }]))
    expect(cart.others.orders).toHaveLength(1)
    expect(cart.others.countOf('PlaceCheckout')).toBe(1)
    expect(await cart.lines(7)).toEqual([])
  })

  test('short of stock are one failed order and one refusal', async () => {
    await add(1, 2)
    cart.others.stock.set(1, 1)
    const told = await Promise.all(Array.from({ length: 20 }, () => checkout()))
    expect(told.map(({ status, body }) => [status, body.orderID])).toEqual(told.map(() => [412, 1]))
    expect(cart.others.orders).toHaveLength(1)
    expect(await cart.lines(7)).toEqual([[1, 2]])
  })

  test('of twenty users are twenty orders', async () => {
    for (let user = 1; user <= 20; user += 1) await add(1, 1, user)
    const told = await Promise.all(Array.from({ length: 20 }, (_, index) => checkout(index + 1)))
    expect(new Set(told.map(({ body }) => body.orderID)).size).toBe(20)
  })

  test('while pieces are added make orders of exactly what left the cart', async () => {
    await add(1, 1)
    const told = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? checkout() : add(1, 1))),
    )
    const orderIds = new Set(told.flatMap((each) => (each?.status === 200 ? [each.body.orderID] : [])))
    expect(orderIds.size).toBe(cart.others.orders.length)
    const ordered = cart.others.placed
      .flatMap(({ items }) => items)
      .reduce((sum, { count }) => sum + count, 0)
    const left = (await cart.lines(7)).reduce((sum, [, quantity]) => sum + quantity, 0)
    expect(ordered + left).toBe(21)
  })
})

describe('when loms does not answer', () => {
  for (const fate of ['away', 'question lost'] as const) {
    test(`(${fate}) it is 503, the cart is as it was, and the next call drives the same checkout`, async () => {
      await add(1, 2)
      cart.others.fateOf = () => fate
      const said = await checkout()
      expect(said).toMatchObject({ status: 503, body: { code: 'unavailable' } })
      expect(said.headers.get('retry-after')).toBe('1')
      expect(await cart.lines(7)).toEqual([[1, 2]])
      expect(await states()).toEqual(['open'])
      cart.others.fateOf = () => 'answered'
      expect((await checkout()).body).toEqual({ orderID: 1 })
      expect(await states()).toEqual(['placed'])
      expect(await cart.lines(7)).toEqual([])
    })
  }

  test('(answer lost) the next call finds the order that was made, and takes out what is in it', async () => {
    await add(1, 2)
    cart.others.fateOf = () => 'answer lost'
    expect((await checkout()).status).toBe(503)
    cart.others.fateOf = () => 'answered'
    await add(1, 1)
    expect((await checkout()).body).toEqual({ orderID: 1 })
    expect(cart.others.orders).toHaveLength(1)
    const asked = cart.others.asked.filter(({ method }) => method === 'PlaceCheckout')
    expect(new Set(asked.map(({ request }) => JSON.stringify(request))).size).toBe(1)
    expect(await cart.lines(7)).toEqual([[1, 1]])
  })

  test('the next call after the time is over begins a new checkout of the cart as it is by then', async () => {
    await add(1, 2)
    cart.others.fateOf = () => 'away'
    await checkout()
    cart.others.fateOf = () => 'answered'
    cart.others.pass(checkoutWindowMs + 1)
    await add(2, 1)
    expect((await checkout()).body).toEqual({ orderID: 1 })
    expect(await states()).toEqual(['abandoned', 'placed'])
    expect(cart.others.placed[0]?.items.map(({ sku, count }) => [sku, count])).toEqual([
      [1 as never, 2],
      [2 as never, 1],
    ])
    expect(await cart.lines(7)).toEqual([])
  })

  test('in time, the order is not made, and the cart can be bought at once', async () => {
    await add(1, 2)
    cart.others.meanwhile = async () => cart.others.pass(checkoutWindowMs + 1)
    expect(await checkout()).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(await states()).toEqual(['abandoned'])
    expect(await cart.lines(7)).toEqual([[1, 2]])
    cart.others.meanwhile = async () => undefined
    expect((await checkout()).body).toEqual({ orderID: 1 })
  })
})
