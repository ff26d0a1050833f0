//! item/add through the real router: what is asked of the others, every refusal, and its idempotency key.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { uint16Max, uint32Max } from '../contracts/scalars.ts'
import type { Http } from '../runtime/http.ts'
import { post, refusalOf } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, startCart } from './fixture.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startCart()
  cart.others.offer([1, 250, 10], [2, 100, 1000], [uint32Max, 0, 1])
  app = cart.httpDoor()
})
afterEach(() => cart.close())

type Item = { user: number; sku: number; count: number }
const add = (own: Partial<Item> = {}, headers: Record<string, string> = {}) =>
  post(app, '/cart/item/add', { user: 7, sku: 1, count: 1, ...own }, headers)
async function added(own: Partial<Item> = {}) {
  const said = await add(own)
  expect({ status: said.status, body: said.body }).toEqual({ status: 200, body: {} })
}
const refused = (own: Partial<Item>) =>
  changingNothing(cart, () => refusalOf(app, '/cart/item/add', { user: 7, sku: 1, count: 1, ...own }))
const precondition = (code: string) => ({ status: 412, code })

describe('adding', () => {
  test('puts pieces into the cart, and the same SKU adds up', async () => {
    await added({ count: 3 })
    await added({ sku: uint32Max })
    await added({ count: 2 })
    expect(await cart.lines(7)).toEqual([
      [1, 5],
      [uint32Max, 1],
    ])
  })

  test('asks the catalogue and loms about that SKU, and reserves nothing', async () => {
    await added({ sku: 2, count: 4 })
    expect(cart.others.asked).toEqual([
      { method: 'GetProducts', request: { skus: [2] } },
      { method: 'GetAvailable', request: { skus: [2] } },
    ])
    expect(cart.others.stock.get(2)).toBe(1000)
  })

  test('by many at once loses none of them', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => added({ sku: 2, user: 7 + (i % 2), count: 1 + (i % 3) })),
    )
    expect([await cart.lines(7), await cart.lines(8)]).toEqual([[[2, 30]], [[2, 30]]])
  })

  test('of the last pieces is taken, of one more than there are is not, what is in the cart counted', async () => {
    expect(await refused({ count: 11 })).toEqual(precondition('insufficient_stock'))
    await added({ count: 9 })
    expect(await refused({ count: 2 })).toEqual(precondition('insufficient_stock'))
    const said = await add({ count: 2 })
    expect(said.body.shortages).toEqual([{ sku: 1, wanted: 11, available: 10 }])
    await added({ count: 1 })
    // Another user's cart holds nothing back.
    await added({ user: 8, count: 10 })
  })

  test('of what was never in stock is as of what is sold out', async () => {
    cart.others.products.set(3, { name: 'new', price: 1 })
    expect(await refused({ sku: 3 })).toEqual(precondition('insufficient_stock'))
    cart.others.stock.set(3, 0)
    expect(await refused({ sku: 3 })).toEqual(precondition('insufficient_stock'))
  })

  test('of what the catalogue does not sell is unknown_sku, also when it is in the cart or in stock', async () => {
    expect(await refused({ sku: 4 })).toEqual(precondition('unknown_sku'))
    expect((await add({ sku: 4 })).body.skus).toEqual([4])
    await added()
    cart.others.products.delete(1)
    expect(await refused({})).toEqual(precondition('unknown_sku'))
  })

  test('of a hundredth line is taken, of one more is cart_full, and of a line that is there is taken', async () => {
    for (let sku = 1001; sku <= 1100; sku += 1) cart.others.offer([sku, 1, 5])
    for (let sku = 1001; sku <= 1100; sku += 1) await added({ sku })
    expect(await refused({ sku: 1 })).toEqual(precondition('cart_full'))
    await added({ sku: 1100 })
    expect(await cart.lines(7)).toHaveLength(100)
  })

  test('takes a line of 65,535 pieces, and no more of it', async () => {
    cart.others.offer([2, 1, 10 * uint16Max])
    await added({ sku: 2, count: uint16Max })
    expect(await refused({ sku: 2 })).toEqual(precondition('count_too_large'))
    await added({ sku: 1 })
    expect(await cart.lines(7)).toEqual([
      [1, 1],
      [2, uint16Max],
    ])
  })

  test('takes a total of uint32, and refuses one minor unit more', async () => {
    cart.others.offer([3, uint32Max - 250, 5], [4, 1, 5])
    await added({ sku: 3 })
    await added()
    expect(await refused({ sku: 4 })).toEqual(precondition('cart_total_too_large'))
    await added({ sku: uint32Max })
  })
})

describe('when one of the others does not answer', () => {
  for (const fate of ['away', 'question lost'] as const) {
    test(`(${fate}) it is 503 with the one that is missing, and nothing is changed`, async () => {
      cart.others.fateOf = (method) => (method === 'GetProducts' ? fate : 'answered')
      expect(await refused({})).toEqual({ status: 503, code: 'catalog_unavailable' })
      cart.others.fateOf = (method) => (method === 'GetAvailable' ? fate : 'answered')
      expect(await refused({})).toEqual({ status: 503, code: 'stock_unavailable' })
      cart.others.fateOf = () => 'answered'
      await added()
    })
  }
})

describe('an idempotency key', () => {
  const withKey = (key: string, more: Record<string, string> = {}) => ({ 'idempotency-key': key, ...more })

  test('adds once however often it is asked, also when the others are away by then', async () => {
    const first = await add({ count: 2 }, withKey('a'))
    cart.others.fateOf = () => 'away'
    const again = await changingNothing(cart, () => add({ count: 2 }, withKey('a')))
    expect({ status: again.status, text: again.text }).toEqual({ status: 200, text: first.text })
    expect([first, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    expect(await cart.lines(7)).toEqual([[1, 2]])
  })

  test('on twenty at once adds once', async () => {
    const told = await Promise.all(Array.from({ length: 20 }, () => add({ count: 2 }, withKey('a'))))
    expect(told.map(({ status }) => status)).toEqual(told.map(() => 200))
    expect(await cart.lines(7)).toEqual([[1, 2]])
  })

  test('keeps a refusal, to the letter, also when it would be refused no more', async () => {
    for (const own of [{ sku: 4 }, { count: 11 }]) {
      const first = await add(own, withKey(`r${own.sku}`))
      expect(first.status).toBe(412)
      cart.others.offer([4, 1, 100], [1, 1, 100])
      const again = await changingNothing(cart, () => add(own, withKey(`r${own.sku}`)))
      expect({ status: again.status, text: again.text }).toEqual({ status: 412, text: first.text })
      cart.others.products.delete(4)
      cart.others.offer([1, 250, 10])
    }
  })

  test('is free for another try after 503', async () => {
    cart.others.fateOf = () => 'away'
    expect((await add({}, withKey('a'))).status).toBe(503)
    cart.others.fateOf = () => 'answered'
    expect((await add({}, withKey('a'))).status).toBe(200)
    expect(await cart.lines(7)).toEqual([[1, 1]])
  })

  test('of another request is refused, and of another caller or route is another key', async () => {
    await add({}, withKey('a'))
    const other = await changingNothing(cart, () => add({ count: 2 }, withKey('a')))
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
    expect((await add({ count: 2 }, withKey('a', asService))).status).toBe(200)
    const deleted = await post(app, '/cart/item/delete', { user: 7, sku: 1, count: 1 }, withKey('a'))
    expect(deleted.status).toBe(200)
    expect(await cart.lines(7)).toEqual([[1, 2]])
  })

  test('takes pieces out once, and empties once', async () => {
    await added({ count: 5 })
    const taken = { user: 7, sku: 1, count: 2 }
    await post(app, '/cart/item/delete', taken, withKey('d'))
    const again = await changingNothing(cart, () => post(app, '/cart/item/delete', taken, withKey('d')))
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await cart.lines(7)).toEqual([[1, 3]])
    await post(app, '/cart/clear', { user: 7 }, withKey('c'))
    await added()
    const cleared = await changingNothing(cart, () => post(app, '/cart/clear', { user: 7 }, withKey('c')))
    expect(cleared.headers.get('idempotent-replayed')).toBe('true')
    expect(await cart.lines(7)).toEqual([[1, 1]])
  })
})
