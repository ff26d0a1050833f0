//! The three gRPC services, called by a client that knows nothing but the proto files.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { status } from '@grpc/grpc-js'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually, orderIdIn, shopOf } from '../journeys/shop.ts'
import { ForeignClient } from './foreign-client.ts'

setDefaultTimeout(60_000)
const productService = 'route256.product.ProductService'
const lomsService = 'loms.v1.LOMS'
const checkoutService = 'checkout.v1.Checkout'
const token = 'testtoken'

let system: TestSystem
let catalog: ForeignClient
let loms: ForeignClient
let cart: ForeignClient

beforeAll(async () => {
  system = await startSystem({ seed: true })
  const [first, second, third] = ['catalog', 'loms', 'cart'].map(
    (name) => new ForeignClient(system.grpc(name)),
  )
  if (!first || !second || !third) throw new Error('three clients were asked for')
  ;[catalog, loms, cart] = [first, second, third]
})
afterAll(async () => {
  for (const client of [catalog, loms, cart]) client?.close()
  await system.stop()
})

async function available(sku: number): Promise<number> {
  const { stocks } = await loms.done(lomsService, 'Stocks', { sku })
  return (stocks as { count: string }[]).reduce((sum, { count }) => sum + Number(count), 0)
}

/** The whole path of document B; answers the order. */
async function purchase(user: number, sku: number): Promise<string> {
  const before = await available(sku)
  const { name, price } = await catalog.done(productService, 'GetProduct', { token, sku })
  await cart.done(checkoutService, 'AddToCart', { user, sku, count: 5 })
  await cart.done(checkoutService, 'DeleteFromCart', { user, sku, count: 3 })
  expect(await cart.done(checkoutService, 'ListCart', { user })).toEqual({
    items: [{ sku, count: 2, name, price }],
    total_price: 2 * Number(price),
  })
  const { order_id } = await cart.done(checkoutService, 'Purchase', { user })
  expect(await loms.done(lomsService, 'ListOrder', { order_id })).toEqual({
    status: 'awaiting payment',
    user: String(user),
    items: [{ sku, count: 2 }],
  })
  expect(await available(sku)).toBe(before - 2)
  expect(await loms.done(lomsService, 'OrderPayed', { order_id })).toEqual({})
  expect(await loms.done(lomsService, 'ListOrder', { order_id })).toMatchObject({ status: 'payed' })
  expect(await available(sku)).toBe(before - 2)
  expect(await cart.done(checkoutService, 'ListCart', { user })).toEqual({ items: [], total_price: 0 })
  return String(order_id)
}

test('a full purchase', async () => {
  const orderId = await purchase(1, 2001)
  // It is the same order as over HTTP, and its customer is told.
  const notices = await shopOf(system).notices(1, 2)
  expect(notices.map(({ order_id, status }) => `${order_id} ${status}`)).toEqual([
    `${orderId} payed`,
    `${orderId} awaiting payment`,
  ])
})

test('the pages of the catalogue follow one another without gap or repeat', async () => {
  const pages: number[][] = []
  for (let last = 0; ; last = pages.at(-1)?.at(-1) ?? 0) {
    const page = await catalog.done(productService, 'ListSkus', { token, start_after_sku: last, count: 50 })
    const skus = page.skus as number[]
    if (skus.length === 0) break
    pages.push(skus)
  }
  const whole = await catalog.done(productService, 'ListSkus', { token, start_after_sku: 0, count: 1000 })
  expect(pages.length).toBeGreaterThan(1)
  expect(pages.flat()).toEqual(whole.skus as number[])
})

describe('every status code that these services have', () => {
  const refused = async (client: ForeignClient, service: string, method: string, request: object) => {
    const outcome = await client.call(service, method, { ...request })
    if ('reply' in outcome) throw new Error(`${method} was answered: ${JSON.stringify(outcome.reply)}`)
    return outcome
  }

  test('3 INVALID_ARGUMENT names every field that is wrong', async () => {
    const wrong = { user: 0, items: [{ sku: 0, count: 70_000 }] }
    expect(await refused(loms, lomsService, 'CreateOrder', wrong)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: [
        { type: 'google.rpc.ErrorInfo', reason: 'invalid_argument', domain: 'kiosk' },
        {
          type: 'google.rpc.BadRequest',
          field_violations: [{ field: '/user' }, { field: '/items/0/sku' }, { field: '/items/0/count' }],
        },
      ],
    })
  })

  test('5 NOT_FOUND', async () => {
    const outcome = await refused(loms, lomsService, 'ListOrder', { order_id: 999_999 })
    expect(outcome).toMatchObject({ code: status.NOT_FOUND, details: [{ reason: 'order_not_found' }] })
    const product = await refused(catalog, productService, 'GetProduct', { token, sku: 4_000_000_000 })
    expect(product).toMatchObject({ code: status.NOT_FOUND, details: [{ reason: 'product_not_found' }] })
  })

  test('6 ALREADY_EXISTS for a key that was used for something else; the same again is replayed', async () => {
    const sending = { metadata: { 'idempotency-key': 'one-order' } }
    const request = { user: 2, items: [{ sku: 2002, count: 1 }] }
    const first = await loms.done(lomsService, 'CreateOrder', request, sending)
    const again = await loms.call(lomsService, 'CreateOrder', request, sending)
    expect(again).toMatchObject({ code: 0, reply: first })
    expect('headers' in again && again.headers.get('idempotent-replayed')).toEqual(['true'])
    const other = { user: 2, items: [{ sku: 2002, count: 2 }] }
    expect(await loms.call(lomsService, 'CreateOrder', other, sending)).toMatchObject({
      code: status.ALREADY_EXISTS,
      details: [{ reason: 'idempotency_key_reused' }],
    })
  })

  test('3 INVALID_ARGUMENT also for a message that is too large', async () => {
    const items = Array.from({ length: 300_000 }, () => ({ sku: 2001, count: 1 }))
    expect(await refused(loms, lomsService, 'CreateOrder', { user: 1, items })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: [{ reason: 'body_too_large' }],
    })
  })

  test('9 FAILED_PRECONDITION for want of stock has the order and every short line in its details', async () => {
    const [single, soldOut] = [await available(2010), await available(2009)]
    const items = [
      { sku: 2010, count: 3 },
      { sku: 2001, count: 1 },
      { sku: 2009, count: 1 },
    ]
    const outcome = await refused(loms, lomsService, 'CreateOrder', { user: 3, items })
    expect(outcome).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: [
        { type: 'google.rpc.ErrorInfo', reason: 'insufficient_stock', domain: 'kiosk' },
        {
          type: 'loms.v1.InsufficientStock',
          shortages: [
            { sku: 2009, wanted: 1, available: String(soldOut) },
            { sku: 2010, wanted: 3, available: String(single) },
          ],
        },
      ],
    })
    const order_id = outcome.details[1]?.order_id
    expect(await loms.done(lomsService, 'ListOrder', { order_id })).toMatchObject({ status: 'failed' })
    expect(await refused(cart, checkoutService, 'Purchase', { user: 3 })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: [{ reason: 'cart_empty' }],
    })
  })

  test('12 UNIMPLEMENTED for what is served elsewhere', async () => {
    const { code } = await refused(catalog, lomsService, 'Stocks', { sku: 2001 })
    expect(code).toBe(status.UNIMPLEMENTED)
  })

  test('16 UNAUTHENTICATED for a token that is not the catalogue’s', async () => {
    expect(await refused(catalog, productService, 'GetProduct', { token: 'no', sku: 2001 })).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: [{ reason: 'bad_token' }],
    })
  })

  test('14 UNAVAILABLE while NATS is away, and within the time that the caller has', async () => {
    await cart.done(checkoutService, 'AddToCart', { user: 4, sku: 2001, count: 1 })
    await system.kill('nats')
    try {
      const startedAt = performance.now()
      const hurried = cart.call(checkoutService, 'ListCart', { user: 4 }, { deadlineMs: 300 })
      const patient = cart.call(checkoutService, 'ListCart', { user: 4 })
      // The server's word and the client's own clock come at the same moment here.
      expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain((await hurried).code)
      expect(performance.now() - startedAt).toBeLessThan(1_500)
      expect(await patient).toMatchObject({
        code: status.UNAVAILABLE,
        details: [{ reason: 'catalog_unavailable' }],
      })
    } finally {
      await system.start('nats')
    }
    for (const name of ['catalog', 'loms', 'cart']) {
      await eventually(`${name} to have NATS again`, async () =>
        JSON.stringify((await shopOf(system).ready(name)).body).includes('"ready"') ? true : undefined,
      )
    }
    await cart.done(checkoutService, 'ListCart', { user: 4 })
  })
})

describe('every port says what it is', () => {
  const ports = { catalog: productService, loms: lomsService, cart: checkoutService } as const
  const clientOf = { catalog: () => catalog, loms: () => loms, cart: () => cart } as const

  test.each(Object.keys(ports) as (keyof typeof ports)[])('%s, by reflection and health', async (name) => {
    const client = clientOf[name]()
    expect(await client.services()).toContain(ports[name])
    for (const service of ['', ports[name]]) {
      expect(await client.done('grpc.health.v1.Health', 'Check', { service })).toEqual({ status: 'SERVING' })
    }
    const unknown = await client.call('grpc.health.v1.Health', 'Check', { service: 'nobody' })
    expect(unknown.code).toBe(status.NOT_FOUND)
  })
})

describe('with somebody else’s ProductService in place of our catalogue', () => {
  const asked = async () => {
    const metrics = await (await fetch(`${system.url('catalog')}/metrics`)).text()
    const lines = metrics.split('\n').filter((line) => /^grpc_server_handled_total\{.*GetProduct/.test(line))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  const restart = (foreignToken: string) =>
    system.restart('cart', {
      CART_PRODUCT_SERVICE: `grpc://${system.grpc('catalog')}`,
      CART_PRODUCT_SERVICE_TOKEN: foreignToken,
    })

  test('the same purchase, with names and prices from there', async () => {
    await restart(token)
    const before = await asked()
    await purchase(5, 2002)
    // One question of the purchase is the test's own; cart asks for what it adds and for what it lists.
    expect(await asked()).toBeGreaterThanOrEqual(before + 3)
    const shop = shopOf(system)
    await shop.done('cart', '/cart/item/add', { user: 6, sku: 2003, count: 1 })
    expect(orderIdIn(await shop.done('cart', '/cart/checkout', { user: 6 }))).toBeGreaterThan(0)
  })

  test('one that refuses our token is a catalogue that is away', async () => {
    await restart('wrong')
    const outcome = await cart.call(checkoutService, 'AddToCart', { user: 7, sku: 2001, count: 1 })
    expect(outcome).toMatchObject({
      code: status.UNAVAILABLE,
      details: [{ reason: 'catalog_unavailable' }],
    })
  })
})
