//! NATS goes: every service does what it can alone, says so about the rest, and nothing is lost or done twice afterwards.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { announced, disorderIn, eventually, factsOf, orderIdIn, type Shop, shopOf } from './shop.ts'

const services = ['catalog', 'loms', 'cart', 'notifier'] as const
/** What a question is given by contracts/rpc, and a second for a busy machine. */
const refusedMsMax = { '/cart/list': 3_000, '/cart/item/add': 3_000, '/cart/checkout': 6_000 } as const
setDefaultTimeout(30_000)
let system: TestSystem
let shop: Shop

beforeAll(async () => {
  system = await startSystem({ seed: true })
  shop = shopOf(system)
})
afterAll(() => system.stop())

const create = async (user: number, sku: number) =>
  orderIdIn(await shop.done('loms', '/order/create', { user, items: [{ sku, count: 1 }] }))
const pay = (orderID: number) => shop.done('loms', '/order/pay', { orderID })
const cancel = (orderID: number) => shop.done('loms', '/order/cancel', { orderID })

const degraded = (service: string) =>
  eventually(`${service} to notice that NATS is away`, async () => {
    const { status, body } = await shop.ready(service)
    return JSON.stringify([status, body]) === '[200,{"status":"degraded","degraded":["nats"]}]'
      ? true
      : undefined
  })

const whole = (service: string) =>
  eventually(`${service} to have NATS again`, async () => {
    const { body } = await shop.ready(service)
    return JSON.stringify(body) === '{"status":"ready","degraded":[]}' ? true : undefined
  })

/** Refused with 503 and a problem document, in good time. */
async function refused(path: keyof typeof refusedMsMax, body: unknown): Promise<string> {
  const startedAt = performance.now()
  const reply = await shop.ask('cart', path, body)
  expect(performance.now() - startedAt).toBeLessThan(refusedMsMax[path])
  expect(reply).toMatchObject({ status: 503, body: { status: 503 } })
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  return String((reply.body as { code: unknown }).code)
}

test('orders are placed, paid and cancelled without NATS, and told once it is back: each once and in order', async () => {
  const [user, sku] = [1, 2014]
  await shop.done('cart', '/cart/item/add', { user, sku, count: 1 })
  const paidBefore = await create(user, sku)
  await shop.notices(user, 1)
  const stock = await shop.available(sku)

  await system.kill('nats')
  await Promise.all(services.map(degraded))

  const paid = await create(user, sku)
  const dropped = await create(user, sku)
  await pay(paidBefore)
  await pay(paid)
  await cancel(dropped)
  expect(await shop.statusOf(paid)).toBe('payed')
  expect(await shop.statusOf(dropped)).toBe('cancelled')
  expect(await shop.available(sku)).toBe(stock - 1)
  // What was told before is there; the rest is not lost but on its way.
  expect((await shop.history(user)).map(({ status }) => status)).toEqual(['awaiting payment'])

  await system.start('nats')
  await Promise.all(services.map(whole))
  const expected = [
    [paidBefore, ['order.created', 'stock.reserved', 'order.confirmed']],
    [paid, ['order.created', 'stock.reserved', 'order.confirmed']],
    [dropped, ['order.created', 'stock.reserved', 'order.cancelled', 'stock.released']],
  ] as const
  for (const [orderId, types] of expected) {
    expect((await factsOf(system, orderId, types.length)).map(({ type }) => type)).toEqual([...types])
  }
  expect(disorderIn(await announced(system))).toEqual([])
  const told = (await shop.notices(user, 6)).map(({ order_id, status }) => `${order_id} ${status}`)
  expect(told.toSorted()).toEqual(
    [
      `${paidBefore} awaiting payment`,
      `${paidBefore} payed`,
      `${paid} awaiting payment`,
      `${paid} payed`,
      `${dropped} awaiting payment`,
      `${dropped} cancelled`,
    ].toSorted(),
  )
})

test('a cart that cannot ask says so in time, and becomes one order when it can', async () => {
  const [user, sku] = [2, 2015]
  await shop.done('cart', '/cart/item/add', { user, sku, count: 2 })
  const stock = await shop.available(sku)
  await system.kill('nats')
  await degraded('cart')

  const codes = await Promise.all([
    refused('/cart/list', { user }),
    refused('/cart/item/add', { user, sku, count: 1 }),
    refused('/cart/checkout', { user }),
  ])
  expect(codes).toEqual(['catalog_unavailable', 'catalog_unavailable', 'unavailable'])
  // Alone it still does what it can alone.
  expect(await shop.done('cart', '/cart/list', { user: 3 })).toEqual({ items: [], totalPrice: 0 })
  expect(await shop.done('cart', '/cart/item/delete', { user: 3, sku })).toEqual({})

  await system.start('nats')
  await whole('cart')
  const orderID = await eventually('the checkout to go through', async () => {
    const reply = await shop.ask('cart', '/cart/checkout', { user })
    if (reply.status === 503) return undefined
    expect(reply.status).toBe(200)
    return orderIdIn(reply.body)
  })
  expect(await shop.done('loms', '/order/info', { orderID })).toMatchObject({ items: [{ sku, count: 2 }] })
  expect(await shop.available(sku)).toBe(stock - 2)
  expect(await shop.done('cart', '/cart/list', { user })).toEqual({ items: [], totalPrice: 0 })
})

test('services that start while NATS is away come up, work, and find it when it comes', async () => {
  const [user, sku] = [4, 2016]
  await system.kill('nats')
  for (const service of services) await system.kill(service)
  await Promise.all(services.map((service) => system.start(service)))
  await Promise.all(services.map(degraded))

  const before = await shop.available(sku)
  const orderId = await create(user, sku)
  await pay(orderId)
  expect(await shop.available(sku)).toBe(before - 1)
  expect(await shop.history(user)).toEqual([])

  await system.start('nats')
  await Promise.all(services.map(whole))
  const statuses = (await shop.notices(user, 2)).map(({ status }) => status)
  expect(statuses).toEqual(['payed', 'awaiting payment'])
  expect(disorderIn(await announced(system))).toEqual([])
  // And questions are answered again.
  await eventually('the cart to be served', async () =>
    (await shop.ask('cart', '/cart/item/add', { user, sku, count: 1 })).status === 200 ? true : undefined,
  )
  const listed = await shop.done('cart', '/cart/list', { user })
  expect(listed).toMatchObject({ items: [{ sku, count: 1 }] })
})
