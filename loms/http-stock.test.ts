//! Stock and warehouses as resources, through the real router.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Sku } from '../contracts/ids.ts'
import type { Http } from '../runtime/http.ts'
import { ask } from '../tests/harness/ask.ts'
import { as, asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { httpDoor } from './doors.fixture.ts'
import { callOf, type Loms, lomsInMemory, violations } from './fixture.ts'
import { putProduct } from './store/catalog.ts'

let loms: Loms
let app: Http

beforeEach(async () => {
  loms = await lomsInMemory([
    [1, 1, 6],
    [1, 2, 4],
  ])
  const { tenantId } = callOf(loms)
  const product = { productId: 'prod_1', name: 'Product 1', price: 1500_00, currency: 'UAH' } as const
  await loms.store.write((tx) =>
    putProduct(tx, {
      tenantId,
      sku: 1 as Sku,
      ...product,
      weightGrams: 100,
      withdrawn: false,
      version: 1,
    }),
  )
  app = httpDoor(loms)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const place = (quantity: number) =>
  ask(app, 'POST', '/api/v1/orders', {
    body: { items: [{ sku: 1, quantity }], payment_method: 'liqpay' },
    headers: as('customer-7'),
  })
const refusal = ({ status, body }: { status: number; body: Record<string, unknown> }) => ({
  status,
  code: body.code,
})

describe('stock', () => {
  const count = async (sku: number) =>
    (await ask(app, 'GET', `/api/v1/stock/position/${sku}/count`)).body.count
  const adjust = (body: object, who = 'admin-1') =>
    ask(app, 'POST', '/api/v1/stock/position/1', { body, headers: as(who) })

  test('can be counted by anybody, and is changed by an admin', async () => {
    expect(await count(1)).toBe(10)
    expect(await adjust({ warehouse_id: 1, delta: 5, reason: 'came in' })).toMatchObject({
      status: 200,
      body: { on_hand: 11, reserved: 0 },
    })
    expect(await adjust({ warehouse_id: '1', delta: -11, reason: 'broken' })).toMatchObject({ status: 200 })
    expect(await count(1)).toBe(4)
    expect(await adjust({ warehouse_id: 1, delta: -1, reason: 'broken' })).toMatchObject({
      status: 409,
      body: { code: 'insufficient_stock', shortages: [{ sku: '1', wanted: 1, available: 0 }] },
    })
    expect(refusal(await adjust({ warehouse_id: 9, delta: 1, reason: 'lost' }))).toEqual({
      status: 404,
      code: 'warehouse_not_found',
    })
    expect((await adjust({ warehouse_id: 1, delta: 1, reason: 'a' }, 'customer-7')).status).toBe(403)
  })

  test('may come before there is a product of it, which cannot be bought until then', async () => {
    const early = (delta: number) =>
      ask(app, 'POST', '/api/v1/stock/position/77', {
        body: { warehouse_id: 1, delta, reason: 'came early' },
        headers: as('admin-1'),
      })
    const asked = () => ask(app, 'GET', '/api/v1/stock/position/77/count')
    expect(refusal(await asked())).toEqual({ status: 404, code: 'sku_not_found' })
    expect(refusal(await early(-1))).toEqual({ status: 409, code: 'insufficient_stock' })
    expect(refusal(await asked())).toEqual({ status: 404, code: 'sku_not_found' })
    expect(await early(3)).toMatchObject({ status: 200, body: { sku: '77', on_hand: 3 } })
    expect((await asked()).body).toEqual({ sku: '77', count: 3 })
    const bought = await ask(app, 'POST', '/api/v1/orders', {
      body: { items: [{ sku: 77, quantity: 1 }], payment_method: 'liqpay' },
      headers: as('customer-7'),
    })
    expect(refusal(bought)).toEqual({ status: 409, code: 'unknown_sku' })
    expect(await early(-3)).toMatchObject({ status: 200, body: { on_hand: 0 } })
    expect((await asked()).body).toEqual({ sku: '77', count: 0 })
  })

  test('that is reserved cannot be written off', async () => {
    await place(10)
    expect((await adjust({ warehouse_id: 1, delta: -1, reason: 'broken' })).status).toBe(409)
  })

  test('of an order is there as long as it waits', async () => {
    await place(2)
    const at = (verb: string, body: object) =>
      changingNothing(loms, () =>
        ask(app, 'POST', `/api/v1/stock/position/1/${verb}`, { body, headers: asService }),
      )
    expect(await at('reserve', { order_id: 1, count: 2 })).toMatchObject({ status: 200, body: { count: 2 } })
    expect(refusal(await at('reserve', { order_id: 1, count: 3 }))).toEqual({
      status: 409,
      code: 'reservation_conflict',
    })
    expect((await at('release', { order_id: 1 })).status).toBe(409)
    await ask(app, 'POST', '/api/v1/orders/1/cancel', { body: {}, headers: as('customer-7') })
    expect((await at('release', { order_id: 1 })).status).toBe(200)
    expect((await at('reserve', { order_id: 1, count: 2 })).status).toBe(409)
    expect((await at('release', { order_id: 9 })).status).toBe(404)
  })

  test('stands in warehouses that an admin adds', async () => {
    const body = { id: 9, name: 'Lviv' }
    const told = await ask(app, 'POST', '/api/v1/warehouses', { body, headers: as('admin-1') })
    expect([told.status, told.body]).toEqual([201, { id: '9', name: 'Lviv' }])
    const list = await ask(app, 'GET', '/api/v1/warehouses', { headers: as('admin-1') })
    expect((list.body.data as { id: string }[]).map(({ id }) => id)).toEqual(['1', '2', '9'])
    expect((await ask(app, 'GET', '/api/v1/warehouses', { headers: as('courier-1') })).status).toBe(403)
  })
})
