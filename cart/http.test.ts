//! list, delete and clear through the real router, and what holds at every door.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { int64Max, uint16Max, uint32Max } from '../contracts/scalars.ts'
import type { Http } from '../runtime/http.ts'
import { invalid, post, refusalOf } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, startCart } from './fixture.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startCart()
  cart.others.offer([1, 250, 1000], [2, 100, 1000], [uint32Max, 5, 1000])
  app = cart.httpDoor()
})
afterEach(() => cart.close())

/** Puts pieces into the cart of user 7 and expects it to work. */
async function add(sku: number, count: number, user: number | string = 7) {
  expect((await post(app, '/cart/item/add', { user, sku, count })).status).toBe(200)
}
const list = async (user: number | string = 7) => {
  const said = await changingNothing(cart, () => post(app, '/cart/list', { user }))
  expect(said.status).toBe(200)
  return said.body
}
/** Asks something that answers `{}`. */
async function done(path: string, body: unknown) {
  const said = await post(app, path, body)
  expect({ status: said.status, body: said.body }).toEqual({ status: 200, body: {} })
}

describe('POST /cart/list', () => {
  test('of an empty cart is no items and 0, whether the catalogue is there or not', async () => {
    cart.others.fateOf = () => 'away'
    expect(await list()).toEqual({ items: [], totalPrice: 0 })
    expect(cart.others.asked).toEqual([])
  })

  test('is by SKU, with names and prices and the total, and nothing else', async () => {
    await add(uint32Max, 1)
    await add(2, 3)
    await add(1, 2)
    expect(await list()).toEqual({
      items: [
        { sku: 1, count: 2, name: 'product 1', price: 250 },
        { sku: 2, count: 3, name: 'product 2', price: 100 },
        { sku: uint32Max, count: 1, name: `product ${uint32Max}`, price: 5 },
      ],
      totalPrice: 805,
    })
  })

  test('asks names and prices at that moment', async () => {
    await add(1, 2)
    cart.others.products.set(1, { name: 'renamed', price: 999 })
    expect(await list()).toEqual({
      items: [{ sku: 1, count: 2, name: 'renamed', price: 999 }],
      totalPrice: 1998,
    })
  })

  test('leaves out what is no longer sold, and has it again when it is', async () => {
    await add(1, 2)
    await add(2, 1)
    cart.others.products.delete(1)
    expect(await list()).toMatchObject({ items: [{ sku: 2 }], totalPrice: 100 })
    cart.others.products.delete(2)
    expect(await list()).toEqual({ items: [], totalPrice: 0 })
    cart.others.offer([1, 250, 1000])
    expect(await list()).toMatchObject({ items: [{ sku: 1, count: 2 }], totalPrice: 500 })
  })

  test('says the true total when prices have risen past uint32', async () => {
    cart.others.offer([1, 1, uint16Max])
    await add(1, uint16Max)
    cart.others.products.set(1, { name: 'gold', price: uint32Max })
    expect((await list()).totalPrice).toBe(uint16Max * uint32Max)
  })

  test('refuses a total that JSON could not tell exactly', async () => {
    const skus = Array.from({ length: 33 }, (_, i) => i + 1)
    cart.others.offer(...skus.map((sku): [number, number, number] => [sku, 1, uint16Max]))
    for (const sku of skus) await add(sku, uint16Max)
    for (const sku of skus) cart.others.products.set(sku, { name: 'gold', price: uint32Max })
    const said = await changingNothing(cart, () => post(app, '/cart/list', { user: 7 }))
    expect(said).toMatchObject({ status: 400, body: { code: 'total_out_of_range' } })
  })

  test('is 503 catalog_unavailable when names and prices cannot be had', async () => {
    await add(1, 1)
    for (const fate of ['away', 'question lost', 'answer lost'] as const) {
      cart.others.fateOf = () => fate
      const said = await changingNothing(cart, () => post(app, '/cart/list', { user: 7 }))
      expect(said).toMatchObject({ status: 503, body: { code: 'catalog_unavailable' } })
      expect(said.headers.get('retry-after')).toBe('1')
    }
  })

  test('shows each user their own cart, as number and as text, to the end of int64', async () => {
    await add(1, 1, 7)
    await add(1, 2, String(int64Max))
    await add(1, 4, Number.MAX_SAFE_INTEGER)
    const counts = async (user: number | string) =>
      ((await list(user)).items as { count: number }[]).map(({ count }) => count)
    expect([await counts(7), await counts('7'), await counts(8)]).toEqual([[1], [1], []])
    expect([await counts(String(int64Max)), await counts(String(int64Max - 1n))]).toEqual([[2], []])
    expect(await counts(String(Number.MAX_SAFE_INTEGER))).toEqual([4])
  })
})

describe('POST /cart/item/delete', () => {
  beforeEach(async () => {
    await add(1, 5)
    await add(2, 1)
  })

  test('takes so many pieces out', async () => {
    await done('/cart/item/delete', { user: 7, sku: 1, count: 2 })
    await done('/cart/item/delete', { user: 7, sku: 1, count: 1 })
    expect(await cart.lines(7)).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  test('takes the whole line where all or more is taken, or no count is said', async () => {
    await done('/cart/item/delete', { user: 7, sku: 1 })
    expect(await cart.lines(7)).toEqual([[2, 1]])
    await done('/cart/item/delete', { user: 7, sku: 2, count: 1 })
    expect(await cart.lines(7)).toEqual([])
    await add(1, 5)
    await done('/cart/item/delete', { user: 7, sku: 1, count: uint16Max })
    expect(await cart.lines(7)).toEqual([])
  })

  test('answers {} also for what was not there, and changes nothing then', async () => {
    for (const body of [
      { user: 7, sku: 3 },
      { user: 7, sku: uint32Max, count: 1 },
      { user: 8, sku: 1 },
    ]) {
      await changingNothing(cart, () => done('/cart/item/delete', body))
    }
  })

  test('needs neither catalogue nor loms', async () => {
    cart.others.fateOf = () => 'away'
    await done('/cart/item/delete', { user: 7, sku: 1 })
    await done('/cart/clear', { user: 7 })
  })
})

describe('POST /cart/clear', () => {
  test('empties the cart of that user, and again answers {}', async () => {
    await add(1, 5)
    await add(2, 5)
    await add(1, 3, 8)
    await done('/cart/clear', { user: 7 })
    expect([await cart.lines(7), await cart.lines(8)]).toEqual([[], [[1, 3]]])
    await changingNothing(cart, () => done('/cart/clear', { user: 7 }))
  })
})

describe('at every door', () => {
  const bodies: Record<string, Record<string, unknown>> = {
    '/cart/item/add': { user: 7, sku: 1, count: 1 },
    '/cart/item/delete': { user: 7, sku: 1, count: 1 },
    '/cart/list': { user: 7 },
    '/cart/clear': { user: 7 },
    '/cart/checkout': { user: 7 },
  }
  const wrong: Record<string, readonly unknown[]> = {
    user: [0, -1, 1.5, 2 ** 53, '0', '01', '-1', ' 1', '9223372036854775808', '', null, true, [7]],
    sku: [0, -1, 1.5, uint32Max + 1, '1', null, true],
    count: [0, -1, 1.5, uint16Max + 1, '1', null, true],
  }

  for (const [path, right] of Object.entries(bodies)) {
    test(`${path} refuses every field outside its range, one that is unknown, and all of them at once`, async () => {
      await add(1, 5)
      const refused = (body: unknown) => changingNothing(cart, () => refusalOf(app, path, body))
      for (const field of Object.keys(right)) {
        for (const value of wrong[field] ?? []) {
          const said = await refused({ ...right, [field]: value })
          expect({ field, value, ...said }).toEqual({ field, value, ...invalid(`/${field}`) })
        }
      }
      expect(await refused({ ...right, price: 1 })).toEqual(invalid('/price'))
      const allWrong = Object.fromEntries(Object.keys(right).map((field) => [field, 0]))
      const paths = [...Object.keys(right), 'note'].map((field) => `/${field}`)
      expect(await refused({ ...allWrong, note: '' })).toEqual(invalid(...paths))
      const needed = Object.keys(right).filter((field) => path !== '/cart/item/delete' || field !== 'count')
      expect(await refused({})).toEqual(invalid(...needed.map((field) => `/${field}`)))
      for (const text of ['{', 'null', '[]']) expect(await refused(text)).toMatchObject({ status: 400 })
    })

    test(`${path} takes no token but ours where tokens are asked for`, async () => {
      await add(1, 5)
      const guarded = cart.httpDoor({ requireAuth: true })
      for (const headers of [{}, { authorization: 'Bearer another' }] as Record<string, string>[]) {
        const said = await changingNothing(cart, () => refusalOf(guarded, path, right, headers))
        expect(said).toEqual({ status: 401, code: 'unauthenticated' })
      }
      expect((await post(guarded, path, right, asService)).status).toBe(200)
    })
  }

  test('are the routes of document A, each with an example that works or is refused as it says', async () => {
    const routes = app.routes.filter(({ surface }) => surface === 'rpc')
    expect(routes.map(({ path }) => path).toSorted()).toEqual(Object.keys(bodies).toSorted())
    for (const { path, body, refusals } of routes) {
      const examples: readonly unknown[] = body?.examples ?? []
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) {
        const said = await post(app, path, example)
        if (said.status !== 200) expect(refusals as readonly unknown[]).toContain(said.body.code)
      }
    }
  })
})
