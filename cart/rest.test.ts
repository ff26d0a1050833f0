//! The cart as a resource, through the real router: what is in it, how it changes, and that it is nobody else's.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { uint16Max, uint32Max } from '../contracts/scalars.ts'
import type { Http } from '../runtime/http.ts'
import { ask, post, type Told } from '../tests/harness/ask.ts'
import { as, asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, startCart } from './fixture.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startCart()
  cart.others.offer([1, 18900, 10], [2, 99, 100], [uint32Max, 5, uint16Max])
  app = cart.httpDoor()
})
afterEach(() => cart.close())

const customer = as('customer-7')
const add = (body: object, headers: Record<string, string> = customer) =>
  ask(app, 'POST', '/api/v1/cart/items', { body, headers })
const set = (sku: number | string, body: object, headers: Record<string, string> = customer) =>
  ask(app, 'PATCH', `/api/v1/cart/items/${sku}`, { body, headers })
const remove = (path: string, headers: Record<string, string> = customer) =>
  ask(app, 'DELETE', `/api/v1/cart${path}`, { headers })
const show = async (who = 'customer-7') => {
  const said = await changingNothing(cart, () => ask(app, 'GET', '/api/v1/cart', { headers: as(who) }))
  expect(said.status).toBe(200)
  return said.body
}
const refusal = ({ status, body }: Told) => ({ status, code: body.code })
const empty = { items: [], total: '0.00', currency: 'UAH' }

describe('GET /api/v1/cart', () => {
  test('of an empty cart is no items and 0.00', async () => {
    expect(await show()).toEqual(empty)
  })

  test('is by SKU, with money as decimal text, the subtotals and the total', async () => {
    await add({ sku: 2, quantity: 3 })
    await add({ sku: 1, quantity: 2 })
    expect(await show()).toEqual({
      items: [
        {
          sku: '1',
          product_id: 'prod_1',
          name: 'product 1',
          price: '189.00',
          quantity: 2,
          subtotal: '378.00',
        },
        { sku: '2', product_id: 'prod_2', name: 'product 2', price: '0.99', quantity: 3, subtotal: '2.97' },
      ],
      total: '380.97',
      currency: 'UAH',
    })
  })

  test('asks names and prices at that moment, and leaves out what is no longer sold', async () => {
    await add({ sku: 1, quantity: 1 })
    await add({ sku: 2, quantity: 1 })
    cart.others.products.set(1, { name: 'renamed', price: 1 })
    cart.others.products.delete(2)
    expect(await show()).toEqual({
      items: [{ sku: '1', name: 'renamed', price: '0.01', quantity: 1, subtotal: '0.01' }],
      total: '0.01',
      currency: 'UAH',
    })
    expect(await cart.lines(7)).toHaveLength(2)
  })

  test('is refused as catalog_unavailable where the catalogue does not answer', async () => {
    await add({ sku: 1, quantity: 1 })
    cart.others.fateOf = () => 'away'
    const said = await ask(app, 'GET', '/api/v1/cart', { headers: customer })
    expect(refusal(said)).toEqual({ status: 503, code: 'catalog_unavailable' })
  })
})

describe('POST /api/v1/cart/items', () => {
  test('answers the line as it stands: by SKU, by SKU as text, or by the product that it is', async () => {
    const line = { sku: '1', product_id: 'prod_1', name: 'product 1', price: '189.00' }
    const one = await add({ sku: 1, quantity: 2 })
    expect([one.status, one.body]).toEqual([200, { ...line, quantity: 2, subtotal: '378.00' }])
    expect((await add({ sku: '1', quantity: 1 })).body).toMatchObject({ quantity: 3 })
    expect((await add({ product_id: 'prod_1', quantity: 1 })).body).toMatchObject({
      quantity: 4,
      subtotal: '756.00',
    })
    expect(await cart.lines(7)).toEqual([[1, 4]])
  })

  test('says 409 where it cannot be had', async () => {
    const refused = (body: object) => changingNothing(cart, async () => refusal(await add(body)))
    expect(await refused({ sku: 1, quantity: 11 })).toEqual({ status: 409, code: 'insufficient_stock' })
    expect((await add({ sku: 1, quantity: 11 })).body.shortages).toEqual([
      { sku: '1', wanted: 11, available: 10 },
    ])
    expect(await refused({ sku: 3, quantity: 1 })).toEqual({ status: 409, code: 'unknown_sku' })
    expect(await refused({ product_id: 'prod_3', quantity: 1 })).toEqual({ status: 409, code: 'unknown_sku' })
    expect((await add({ sku: 3, quantity: 1 })).body.skus).toEqual(['3'])
    expect((await add({ product_id: 'prod_3', quantity: 1 })).body.product_ids).toEqual(['prod_3'])
    await add({ sku: uint32Max, quantity: uint16Max })
    expect(await refused({ sku: uint32Max, quantity: 1 })).toEqual({ status: 409, code: 'count_too_large' })
  })

  test('refuses what is not a SKU or a product, or both, and quantities out of range', async () => {
    for (const body of [
      { quantity: 1 },
      { sku: 1, product_id: 'prod_1', quantity: 1 },
      { sku: 0, quantity: 1 },
      { sku: '01', quantity: 1 },
      { sku: String(uint32Max + 1), quantity: 1 },
      { product_id: 'chk_1', quantity: 1 },
      { sku: 1, quantity: 0 },
      { sku: 1, quantity: uint16Max + 1 },
      { sku: 1, quantity: '1' },
      { sku: 1, quantity: 1, user: 8 },
    ]) {
      const said = await changingNothing(cart, () => add(body))
      expect({ body, ...refusal(said) }).toEqual({ body, status: 400, code: 'invalid_argument' })
    }
  })

  test('with a key puts it in once, and answers the same, also while the catalogue is away', async () => {
    const key = { ...customer, 'idempotency-key': 'k' }
    const first = await add({ product_id: 'prod_1', quantity: 2 }, key)
    cart.others.fateOf = () => 'away'
    const again = await changingNothing(cart, () => add({ product_id: 'prod_1', quantity: 2 }, key))
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await cart.lines(7)).toEqual([[1, 2]])
  })

  test('of somebody else’s catalogue knows SKUs, and no products', async () => {
    const { products } = cart.deps
    cart.others.products.set(1, { name: 'theirs', price: 1 })
    const foreign = await startCart({
      others: cart.others,
      products: { ...products, skuOf: async () => ({ ok: true, value: undefined }) },
    })
    const there = (body: object) =>
      ask(foreign.httpDoor(), 'POST', '/api/v1/cart/items', { body, headers: customer })
    expect((await there({ sku: 1, quantity: 1 })).body).toEqual({
      sku: '1',
      name: 'theirs',
      price: '0.01',
      quantity: 1,
      subtotal: '0.01',
    })
    expect(refusal(await there({ product_id: 'prod_1', quantity: 1 }))).toEqual({
      status: 409,
      code: 'unknown_sku',
    })
    await foreign.close()
  })
})

describe('PATCH /api/v1/cart/items/{sku}', () => {
  test('says how many there are from now on, more or fewer', async () => {
    await add({ sku: 1, quantity: 2 })
    const more = await set(1, { quantity: 10 })
    expect([more.status, more.body]).toMatchObject([200, { quantity: 10, subtotal: '1890.00' }])
    cart.others.stock.set(1, 0)
    expect((await set(1, { quantity: 1 })).body).toMatchObject({ quantity: 1 })
    expect(await cart.lines(7)).toEqual([[1, 1]])
  })

  test('is refused where so many are not to be had, or the SKU is not in the cart or not sold', async () => {
    await add({ sku: 1, quantity: 2 })
    await add({ sku: 2, quantity: 2 })
    cart.others.products.delete(2)
    const refused = (sku: number | string, body: object) =>
      changingNothing(cart, async () => refusal(await set(sku, body)))
    expect(await refused(1, { quantity: 11 })).toEqual({ status: 409, code: 'insufficient_stock' })
    expect(await refused(uint32Max, { quantity: 1 })).toEqual({ status: 404, code: 'cart_line_not_found' })
    expect(await refused(2, { quantity: 1 })).toEqual({ status: 409, code: 'unknown_sku' })
    for (const [sku, body] of [
      [1, { quantity: 0 }],
      [1, { quantity: -1 }],
      [1, {}],
      [0, { quantity: 1 }],
      ['x', { quantity: 1 }],
    ] as const)
      expect(await refused(sku, body)).toEqual({ status: 400, code: 'invalid_argument' })
  })

  test('with a key is done once', async () => {
    await add({ sku: 1, quantity: 2 })
    const key = { ...customer, 'idempotency-key': 'k' }
    const first = await set(1, { quantity: 5 }, key)
    await set(1, { quantity: 3 })
    const again = await changingNothing(cart, () => set(1, { quantity: 5 }, key))
    expect(again.text).toBe(first.text)
    expect(await cart.lines(7)).toEqual([[1, 3]])
  })
})

describe('DELETE', () => {
  test('takes a SKU out, sold or not, and is done already where it is not in the cart', async () => {
    await add({ sku: 1, quantity: 2 })
    await add({ sku: 2, quantity: 2 })
    cart.others.products.delete(1)
    for (let time = 0; time < 2; time += 1) expect((await remove('/items/1')).status).toBe(204)
    expect(await cart.lines(7)).toEqual([[2, 2]])
  })

  test('of the cart empties it', async () => {
    await add({ sku: 1, quantity: 2 })
    await add({ sku: 2, quantity: 2 })
    for (let time = 0; time < 2; time += 1) expect((await remove('')).status).toBe(204)
    expect(await show()).toEqual(empty)
  })
})

describe('the cart', () => {
  test('is that of who is signed in: the same as by the RPC surface, and nobody else’s', async () => {
    await add({ sku: 1, quantity: 2 })
    await post(app, '/cart/item/add', { user: 7, sku: 1, count: 1 })
    expect(await cart.lines(7)).toEqual([[1, 3]])
    expect(await show('customer-8')).toEqual(empty)
    expect(await show('admin-1')).toEqual(empty)
    await remove('', as('customer-8'))
    expect(await cart.lines(7)).toEqual([[1, 3]])
  })

  test('wants a token of an account at every door of it', async () => {
    const bodies: Record<string, object> = {
      'POST /api/v1/cart/items': { sku: 1, quantity: 1 },
      'PATCH /api/v1/cart/items/:sku': { quantity: 1 },
      'POST /api/v1/cart/checkout': { delivery: { method: 'pickup' }, payment_method: 'wallet' },
    }
    const routes = app.routes.filter(({ surface }) => surface === 'rest')
    expect(routes).toHaveLength(6)
    for (const { method, path } of routes) {
      const body = bodies[`${method} ${path}`]
      const asked = (headers: Record<string, string>) =>
        changingNothing(cart, async () => {
          const sent = body === undefined ? { headers } : { body, headers }
          return refusal(await ask(app, method, path.replace(':sku', '1'), sent))
        })
      expect({ path, ...(await asked({})) }).toEqual({ path, status: 401, code: 'unauthenticated' })
      expect(await asked(as('nobody'))).toEqual({ status: 401, code: 'unauthenticated' })
      expect(await asked(asService)).toEqual({ status: 403, code: 'permission_denied' })
    }
  })
})
