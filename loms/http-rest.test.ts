//! loms' resources through the real router: who may what, what is answered, and that nothing of another is ever seen.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { ProductId, Sku } from '../contracts/ids.ts'
import { DeliveryRequest } from '../contracts/order-request.ts'
import type { Http } from '../runtime/http.ts'
import { ask } from '../tests/harness/ask.ts'
import { as } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { factsOf, httpDoor } from './doors.fixture.ts'
import { callOf, type Loms, lomsInMemory, violations } from './fixture.ts'
import { runSagas } from './operations/run-sagas.ts'
import { putProduct } from './store/catalog.ts'

let loms: Loms
let app: Http

const goods: readonly (readonly [sku: number, id: ProductId, price: number])[] = [
  [1, 'prod_123', 1500_00],
  [2, 'prod_2', 99],
]

beforeEach(async () => {
  loms = await lomsInMemory([
    [1, 1, 6],
    [1, 2, 4],
    [2, 1, 1],
    [3, 1, 5],
  ])
  for (const [sku, productId, price] of goods)
    await loms.store.write((tx) =>
      putProduct(tx, {
        tenantId: callOf(loms).tenantId,
        sku: sku as Sku,
        productId,
        name: `Product ${sku}`,
        price,
        currency: 'UAH',
        weightGrams: 100,
        withdrawn: false,
        version: 1,
      }),
    )
  loms.others.wallets.set('7', 10_000_00)
  app = httpDoor(loms)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const address = { city: 'Kyiv', address: 'Khreshchatyk 1', phone: '+380991234567' }
const two = { items: [{ product_id: 'prod_123', quantity: 2 }] }
const place = (who = 'customer-7', more: object = {}) =>
  ask(app, 'POST', '/api/v1/orders', {
    body: { ...two, shipping_address: address, payment_method: 'liqpay', ...more },
    headers: as(who),
  })
const buy = (body: object = two, who = 'customer-7', headers: Record<string, string> = {}) =>
  ask(app, 'POST', '/api/v1/order', { body, headers: { ...as(who), ...headers } })
const show = (id: string, who: string) => ask(app, 'GET', `/api/v1/order/${id}`, { headers: as(who) })
const refusal = ({ status, body }: { status: number; body: Record<string, unknown> }) => ({
  status,
  code: body.code,
})

describe('an order that waits for its payment', () => {
  test('is C’s order: the create body of its document works as it stands', async () => {
    const { status, body, headers } = await place()
    expect([status, headers.get('location')]).toEqual([201, '/api/v1/orders/1'])
    expect(body).toMatchObject({
      id: '1',
      tenant_id: 'default',
      customer_id: '7',
      status: 'pending',
      items: [
        {
          id: '1',
          product_id: 'prod_123',
          sku: '1',
          name: 'Product 1',
          quantity: 2,
          price: '1500.00',
          total: '3000.00',
        },
      ],
      subtotal: '3000.00',
      discount: '0.00',
      shipping_cost: '0.00',
      tax: '500.00',
      total: '3000.00',
      currency: 'UAH',
      shipping_address: address,
      billing_address: address,
      payment_method: 'liqpay',
    })
    expect(await loms.available(1)).toBe(8)
    expect((await show('1', 'customer-7')).body).toEqual(body)
    expect((await ask(app, 'GET', '/api/v1/orders/1', { headers: as('customer-7') })).body).toEqual(body)
  })

  test('takes a SKU as number and as text, and sums what is repeated', async () => {
    const items = [
      { sku: 1, quantity: 1 },
      { sku: '1', quantity: 2 },
      { product_id: 'prod_2', quantity: 1 },
    ]
    const { body } = await place('customer-7', { items })
    expect(
      (body.items as { sku: string; quantity: number }[]).map((item) => [item.sku, item.quantity]),
    ).toEqual([
      ['1', 3],
      ['2', 1],
    ])
    expect(body.total).toBe('4500.99')
  })

  test('short of stock is 409 with the order that is kept as failed', async () => {
    const { status, body } = await place('customer-7', { items: [{ sku: 2, quantity: 2 }] })
    expect({ status, ...body }).toMatchObject({
      status: 409,
      code: 'insufficient_stock',
      order_id: '1',
      shortages: [{ sku: '2', wanted: 2, available: 1 }],
    })
    expect((await show('1', 'customer-7')).body).toMatchObject({
      status: 'failed',
      status_reason: 'insufficient_stock',
    })
  })

  test.each([
    [{ items: [{ quantity: 1 }] }, 400],
    [{ items: [{ sku: 1, product_id: 'prod_2', quantity: 1 }] }, 400],
    [{ items: [] }, 400],
    [{ items: [{ sku: 1, quantity: 0 }] }, 400],
    [{ items: [{ sku: '4294967296', quantity: 1 }] }, 400],
    [{ payment_method: 'wallet' }, 400],
    [{ payment_method: undefined }, 400],
    [{ more: 1 }, 400],
    [{ items: [{ sku: 3, quantity: 1 }] }, 409],
    [{ items: [{ product_id: 'prod_none', quantity: 1 }] }, 409],
  ])('%j is refused, and nothing is changed', async (more, status) => {
    const told = await changingNothing(loms, () => place('customer-7', more))
    expect(told.status).toBe(status)
  })
})

describe('an order from the wallet', () => {
  test('is confirmed at once', async () => {
    const { status, body } = await buy({ ...two, delivery: { method: 'courier', address } })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'confirmed',
      payment_method: 'wallet',
      total: '3000.00',
      delivery: { method: 'courier', address },
      shipping_address: address,
    })
    expect(loms.others.asked.map(({ method }) => method)).toEqual([
      'HoldFunds',
      'MakeDelivery',
      'CaptureHold',
    ])
    const created = (await factsOf(loms, 1)).find(({ type }) => type === 'order.created')
    expect(created?.data).toMatchObject({ payment_method: 'wallet', delivery: { method: 'courier' } })
  })

  test('without the money is 402 and changes nothing that can be seen but the failed order', async () => {
    loms.others.wallets.set('7', 2999_99)
    const told = await buy()
    expect({ ...refusal(told), order: told.body.order_id }).toEqual({
      status: 402,
      code: 'insufficient_funds',
      order: '1',
    })
    expect((await show('1', 'customer-7')).body).toMatchObject({
      status: 'failed',
      status_reason: 'insufficient_funds',
    })
    expect([await loms.available(1), loms.others.wallets.get('7')]).toEqual([10, 2999_99])
  })

  test('that nobody knows the end of is 202, and its Location tells', async () => {
    loms.others.fateOf = () => 'away'
    const told = await buy()
    expect([told.status, told.body.status]).toEqual([202, 'pending'])
    const { pathname } = new URL(told.headers.get('location') ?? '', 'http://localhost')
    expect((await ask(app, 'GET', pathname, { headers: as('customer-7') })).body).toEqual(told.body)
  })

  test('that was told as open, and failed later, tells why behind its Location', async () => {
    loms.others.fateOf = () => 'away'
    const told = await buy({ ...two, delivery: { method: 'pickup', pickup_point: 'nowhere' } })
    expect(told.status).toBe(202)
    loms.others.fateOf = () => 'answered'
    loms.others.deliverable = false
    loms.pass(5_000)
    await runSagas(loms.deps)
    const { pathname } = new URL(told.headers.get('location') ?? '', 'http://localhost')
    expect((await ask(app, 'GET', pathname, { headers: as('customer-7') })).body).toMatchObject({
      status: 'failed',
      status_reason: 'delivery_refused',
      status_note: 'nowhere',
    })
  })

  test('that delivery refuses says why, with a key and without, and says it again', async () => {
    loms.others.deliverable = false
    const refused = { status: 409, body: { code: 'delivery_refused', reason: 'nowhere' } }
    expect(await buy()).toMatchObject(refused)
    const key = { 'idempotency-key': 'mine' }
    for (let time = 0; time < 2; time += 1) expect(await buy(two, 'customer-7', key)).toMatchObject(refused)
    expect((await show('2', 'customer-7')).body).toMatchObject({ status: 'failed', status_note: 'nowhere' })
  })

  test('is bought once with a key, however often it is sent', async () => {
    const key = { 'idempotency-key': 'mine' }
    const first = await buy(two, 'customer-7', key)
    const again = await buy(two, 'customer-7', key)
    expect([again.status, again.text]).toEqual([first.status, first.text])
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(refusal(await buy({ items: [{ sku: 1, quantity: 1 }] }, 'customer-7', key))).toEqual({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(loms.others.charged(7)).toBe(3000_00)
  })
})

describe('what is another’s', () => {
  test('is not there: neither to see nor to call off', async () => {
    await place()
    const other = as('customer-8')
    const cancel = () => ask(app, 'POST', '/api/v1/orders/1/cancel', { body: {}, headers: other })
    for (const told of [await show('1', 'customer-8'), await changingNothing(loms, cancel)])
      expect(refusal(told)).toEqual({ status: 404, code: 'order_not_found' })
    const list = (query: string, who: string) =>
      ask(app, 'GET', `/api/v1/orders${query}`, { headers: as(who) })
    expect((await list('', 'customer-8')).body.data).toEqual([])
    expect((await list('?customer_id=7', 'customer-8')).status).toBe(403)
    expect((await list('?customer_id=7', 'admin-1')).body.data).toHaveLength(1)
  })

  test('is an admin’s to see and to bring on, step by step', async () => {
    await buy()
    const put = (status: string, who = 'admin-1') =>
      ask(app, 'PUT', '/api/v1/orders/1/status', { body: { status }, headers: as(who) })
    expect((await put('processing', 'customer-7')).status).toBe(403)
    expect(await put('shipped')).toMatchObject({
      status: 409,
      body: { code: 'status_not_reachable', reason: 'confirmed', possible: ['processing', 'cancelled'] },
    })
    expect((await put('confirmed')).status).toBe(400)
    for (const status of ['processing', 'processing', 'shipped', 'delivered'])
      expect(await put(status)).toMatchObject({ status: 200, body: { status } })
    expect(refusal(await put('cancelled'))).toEqual({ status: 409, code: 'order_not_cancellable' })
    const told = (await factsOf(loms, 1)).map(({ type }) => type)
    expect(told.slice(-3)).toEqual(['order.processing', 'order.shipped', 'order.delivered'])
  })
})

test('pieces of one product that add up past what a line holds are refused where they do, in the words of the resources', async () => {
  const items = [
    { sku: '1', quantity: 65_535 },
    { product_id: 'prod_123', quantity: 1 },
  ]
  for (const asking of [() => place('customer-7', { items }), () => buy({ items })]) {
    const { status, body } = await changingNothing(loms, asking)
    expect({ status, errors: body.errors }).toMatchObject({
      status: 400,
      errors: [{ path: '/items/1/quantity' }],
    })
  }
})

describe('why an order was called off', () => {
  const cancel = (body: object | undefined, who = 'customer-7') =>
    ask(app, 'POST', '/api/v1/orders/1/cancel', { body, headers: as(who) })
  const shown = async () => (await show('1', 'customer-7')).body.cancel_reason

  test.each([
    ['waits for its money', () => place()],
    ['is paid', () => buy()],
  ])('is kept as it was said where the order %s, and said again it stays', async (_, make) => {
    await make()
    expect(await shown()).toBeUndefined()
    const said = await cancel({ reason: 'Знайшла дешевше.' })
    expect(said).toMatchObject({
      status: 200,
      body: { status: 'cancelled', status_reason: 'customer', cancel_reason: 'Знайшла дешевше.' },
    })
    expect(await shown()).toBe('Знайшла дешевше.')
    expect((await cancel({ reason: 'another' }, 'admin-1')).body).toEqual(said.body)
  })

  test.each([undefined, {}, { reason: '' }])('is not shown where nothing was said: %j', async (body) => {
    await place()
    expect((await cancel(body)).status).toBe(200)
    expect(await shown()).toBeUndefined()
  })

  test('is text of at most 500 characters', async () => {
    await place()
    expect((await changingNothing(loms, () => cancel({ reason: 'x'.repeat(501) }))).status).toBe(400)
    expect((await cancel({ reason: '🎁'.repeat(250) })).status).toBe(200)
    expect(await shown()).toBe('🎁'.repeat(250))
  })
})

test('of delivery is said what becomes of an order that leaves it out, or names no point', () => {
  expect(described('POST', '/api/v1/order')).toContain('Without `delivery` it is to be picked up')
  expect(described('POST', '/api/v1/orders')).toContain('`delivery` is kept with the order')
  const { pickup_point: point } = DeliveryRequest.properties
  expect(point.description).toContain('Left out, it is the first')
})

const described = (method: string, path: string) =>
  app.routes.find((route) => route.method === method && route.path === path)?.description ?? ''

test('of calling off is said whose money comes back, and whose does not', () => {
  const description = described('POST', '/api/v1/orders/:id/cancel')
  expect(description).toContain('from the wallet is given back')
  expect(description).toContain('`order/pay`')
})

test('a list is paged, the newest first, and can be asked for a status', async () => {
  for (let order = 0; order < 5; order += 1) await place('customer-7', { items: [{ sku: 1, quantity: 1 }] })
  await ask(app, 'POST', '/api/v1/orders/2/cancel', { body: {}, headers: as('customer-7') })
  const list = async (query: string) =>
    (await ask(app, 'GET', `/api/v1/orders?${query}`, { headers: as('customer-7') })).body as {
      data: { id: string }[]
      meta: object
    }
  const page = await list('page=2&limit=2')
  expect(page.data.map(({ id }) => id)).toEqual(['3', '2'])
  expect(page.meta).toEqual({ page: 2, limit: 2, total: 5, pages: 3 })
  expect((await list('status=cancelled')).data.map(({ id }) => id)).toEqual(['2'])
  expect((await list('page=9')).data).toEqual([])
})

test('nobody without a token passes, but to count stock', async () => {
  for (const { method, path, guard, surface } of app.routes.filter((route) => route.surface === 'rest')) {
    const url = path.replace(':id', '1').replace(':sku', '1')
    const { status } = await ask(app, method, url, method === 'GET' ? {} : { body: {} })
    expect({ path, surface, status }).toEqual({ path, surface, status: guard === 'open' ? 200 : 401 })
  }
})

test('every example of the document is a request that works', async () => {
  for (const { method, path, body } of app.routes.filter((route) => route.surface === 'rest')) {
    for (const example of (body?.examples ?? []) as unknown[]) {
      const url = path.replace(':id', '1').replace(':sku', '1')
      const told = await ask(app, method, url, { body: example, headers: as('admin-1') })
      expect({ path, ok: told.status !== 400 }).toEqual({ path, ok: true })
    }
  }
})
