//! order/create through the real router, and what holds at every door.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { uint16Max, uint32Max } from '../contracts/scalars.ts'
import { invalid, post, refusalOf } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { factsOf, httpDoor } from './doors.fixture.ts'
import { lomsInMemory, violations } from './fixture.ts'

const loms = await lomsInMemory([
  [1, 1, 1_000_000],
  [2, 1, 5],
  [2, 2, 3],
  [3, 1, 0],
  [uint32Max, 1, 1_000_000],
])
const app = httpDoor(loms)
afterAll(() => loms.store.close())

const route = '/order/create'
const item = { sku: 1, count: 1 }
const create = (body: unknown) => post(app, route, body)
const infoOf = async (orderID: unknown) => (await post(app, '/order/info', { orderID })).body

/** The refusal, which has left every table as it was. */
const refused = (body: unknown) => changingNothing(loms, () => refusalOf(app, route, body))

describe('POST /order/create', () => {
  test('answers the number of the order and nothing else, each order with its own', async () => {
    const first = await create({ user: 7, items: [{ sku: 2, count: 1 }, item] })
    const second = await create({ user: 7, items: [item] })
    expect([first.status, second.status]).toEqual([200, 200])
    const id = first.body.orderID as number
    expect(first.body).toEqual({ orderID: id })
    expect(second.body).toEqual({ orderID: id + 1 })
    expect(await infoOf(id)).toEqual({
      status: 'awaiting payment',
      user: 7,
      items: [item, { sku: 2, count: 1 }],
    })
    expect(await violations(loms)).toEqual([])
  })

  test('takes a user as number and as text, to the ends of int64, and says the same one back', async () => {
    const last = '9223372036854775807'
    for (const [given, said] of [
      [1, 1],
      ['1', 1],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      ['9007199254740991', Number.MAX_SAFE_INTEGER],
      ['9007199254740993', '9007199254740993'],
      [last, last],
    ]) {
      const { status, body } = await create({ user: given, items: [item] })
      expect({ given, status }).toEqual({ given, status: 200 })
      expect((await infoOf(body.orderID)).user).toBe(said)
    }
  })

  test('refuses a user that is no int64 of at least 1', async () => {
    const texts = ['', '0', '-1', '01', '+1', ' 1', '1.0', '1e3', '0x1', '9223372036854775808', '١']
    for (const user of [...texts, 0, -1, 1.5, 2 ** 53, null, true, [1], {}]) {
      expect({ user, ...(await refused({ user, items: [item] })) }).toEqual({ user, ...invalid('/user') })
    }
  })

  test('takes SKU and count to the ends of their ranges', async () => {
    for (const sku of [1, uint32Max]) {
      for (const count of [1, uint16Max]) {
        const { status, body } = await create({ user: 1, items: [{ sku, count }] })
        expect({ sku, count, status }).toEqual({ sku, count, status: 200 })
        expect((await infoOf(body.orderID)).items).toEqual([{ sku, count }])
      }
    }
  })

  test('refuses SKU and count beyond their ranges, or of another type', async () => {
    for (const sku of [0, -1, uint32Max + 1, 1.5, '1', null, true]) {
      expect(await refused({ user: 1, items: [{ sku, count: 1 }] })).toEqual(invalid('/items/0/sku'))
    }
    for (const count of [0, -1, uint16Max + 1, 0.5, '1', null, true]) {
      expect(await refused({ user: 1, items: [{ sku: 1, count }] })).toEqual(invalid('/items/0/count'))
    }
  })

  test('takes 1 to 100 items and refuses none and one more', async () => {
    const many = (length: number) => ({ user: 1, items: Array.from({ length }, () => item) })
    const { body } = await create(many(100))
    expect((await infoOf(body.orderID)).items).toEqual([{ sku: 1, count: 100 }])
    expect(await refused(many(0))).toEqual(invalid('/items'))
    expect(await refused(many(101))).toEqual(invalid('/items'))
    for (const items of [null, {}, 'x', undefined]) {
      expect(await refused({ user: 1, items })).toEqual(invalid('/items'))
    }
  })

  test('sums a repeated SKU, to the largest count that a line can say', async () => {
    const twice = (first: number, second: number) => [
      { sku: 1, count: first },
      { sku: 2, count: 1 },
      { sku: 1, count: second },
    ]
    const { body } = await create({ user: 1, items: twice(uint16Max - 1, 1) })
    expect((await infoOf(body.orderID)).items).toEqual([
      { sku: 1, count: uint16Max },
      { sku: 2, count: 1 },
    ])
    expect(await refused({ user: 1, items: twice(uint16Max, 1) })).toEqual(invalid('/items/2/count'))
  })

  test('names every path that is wrong at once, unknown fields too', async () => {
    const body = { user: 0, items: [{ sku: 1, count: 0, price: 5 }, 7, { count: 1 }], comment: 'x' }
    const said = await refused(body)
    expect(said).toMatchObject({ status: 400, code: 'invalid_argument' })
    expect(said.paths?.toSorted()).toEqual([
      '/comment',
      '/items/0/count',
      '/items/0/price',
      '/items/1',
      '/items/2/sku',
      '/user',
    ])
    expect((await refused({})).paths).toEqual(['/user', '/items'])
  })

  test('refuses what is no object', async () => {
    for (const body of ['{', '', 'null', '[]', '"x"'])
      expect(await refused(body)).toMatchObject({ status: 400 })
  })

  describe('short of stock', () => {
    test('names the order and every short line, keeps the order as failed and touches no stock', async () => {
      const { stock, reservations, movements } = await loms.rows()
      const said = await create({
        user: 7,
        items: [
          { sku: 999, count: 2 },
          { sku: 2, count: 9 },
          { sku: 3, count: 1 },
          { sku: 1, count: 1 },
        ],
      })
      const { orderID } = said.body
      expect(said.status).toBe(412)
      expect(said.body).toMatchObject({
        code: 'insufficient_stock',
        orderID: expect.any(Number),
        shortages: [
          { sku: 2, wanted: 9, available: await loms.available(2) },
          { sku: 3, wanted: 1, available: 0 },
          { sku: 999, wanted: 2, available: 0 },
        ],
      })
      expect(said.body).not.toHaveProperty('order_id')
      expect(await infoOf(orderID)).toMatchObject({ status: 'failed', user: 7 })
      const after = await loms.rows()
      expect(after).toMatchObject({ stock, reservations, movements })
      const facts = await factsOf(loms, orderID as number)
      expect(facts.map(({ type }) => type)).toEqual(['order.rejected'])
      expect(await violations(loms)).toEqual([])
    })

    test('says of a repeated SKU what all its items together want', async () => {
      const items = [
        { sku: 3, count: 4 },
        { sku: 3, count: 5 },
      ]
      const { body } = await create({ user: 7, items })
      expect(body.shortages).toEqual([{ sku: 3, wanted: 9, available: 0 }])
    })
  })
})

describe('where tokens are asked for', () => {
  const guarded = httpDoor(loms, { requireAuth: true })
  const orderBody = { orderID: 1 }
  const bodies = {
    '/order/create': { user: 1, items: [item] },
    '/order/info': orderBody,
    '/order/pay': orderBody,
    '/order/cancel': orderBody,
  }

  beforeAll(async () => {
    expect((await infoOf(1)).status).toBe('awaiting payment')
  })

  for (const [path, body] of Object.entries(bodies)) {
    test(`${path} takes none but a token that is ours`, async () => {
      for (const headers of [{}, { authorization: 'Bearer another' }] as Record<string, string>[]) {
        const said = await changingNothing(loms, () => refusalOf(guarded, path, body, headers))
        expect(said).toEqual({ status: 401, code: 'unauthenticated' })
      }
    })
  }

  test('a service may do everything, and stock can be asked by anybody', async () => {
    expect((await post(guarded, '/stock/info', { sku: 1 })).status).toBe(200)
    for (const [path, body] of Object.entries(bodies)) {
      const { status } = await post(guarded, path, body, asService)
      // The last one comes too late: the order is paid by then.
      expect({ path, status }).toEqual({ path, status: path === '/order/cancel' ? 412 : 200 })
    }
  })

  test('every route of the RPC surface says who may call it', () => {
    const rpc = app.routes.filter(({ surface }) => surface === 'rpc')
    expect(Object.fromEntries(rpc.map(({ path, guard }) => [path, guard]))).toEqual({
      '/order/create': 'service',
      '/order/info': 'user',
      '/order/pay': 'service',
      '/order/cancel': 'user',
      '/stock/info': 'open',
    })
  })
})

test('the examples of the document are requests that work, and are refused only as the document says', async () => {
  for (const { path, body, refusals } of app.routes.filter(({ surface }) => surface === 'rpc')) {
    const examples: readonly unknown[] = body?.examples ?? []
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      const said = await post(app, path, example)
      if (said.status !== 200) expect(refusals as readonly unknown[]).toContain(said.body.code)
    }
  }
})
