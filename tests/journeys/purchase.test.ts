//! A customer buys something: the whole path of document A through every process, and the ways in which it ends early.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { demoProducts } from '../../tools/seed/shop.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { announced, disorderIn, factsOf, orderIdIn, type Shop, shopOf } from './shop.ts'

setDefaultTimeout(60_000)
let system: TestSystem
let shop: Shop

beforeAll(async () => {
  system = await startSystem({ seed: true })
  shop = shopOf(system)
})
afterAll(() => system.stop())

// Each test has a customer and SKUs of its own, so that none sees what another does.
const coffee = productOf(2001)
/** So few in each place that an order of this size takes from several. */
const decaf = productOf(2003)
const decafCount = 300

function productOf(sku: number) {
  const product = demoProducts.find((candidate) => candidate.sku === sku)
  if (product === undefined) throw new Error(`the demo does not sell ${sku}`)
  return product
}

test('from the catalogue to a paid order, and the stock is down by exactly that', async () => {
  const user = 1
  const { name, price } = coffee
  expect(await shop.done('catalog', '/get_product', { token: 'testtoken', sku: 2001 })).toEqual({
    name,
    price,
  })
  const before = [await shop.available(2001), await shop.available(2003)]

  expect(await shop.done('cart', '/cart/item/add', { user, sku: 2003, count: decafCount })).toEqual({})
  expect(await shop.done('cart', '/cart/item/add', { user, sku: 2001, count: 1 })).toEqual({})
  expect(await shop.done('cart', '/cart/item/add', { user, sku: 2001, count: 2 })).toEqual({})
  expect(await shop.done('cart', '/cart/list', { user })).toEqual({
    items: [
      { sku: 2001, count: 3, name, price },
      { sku: 2003, count: decafCount, name: decaf.name, price: decaf.price },
    ],
    totalPrice: 3 * price + decafCount * decaf.price,
  })
  // A cart holds nothing back from anybody.
  expect([await shop.available(2001), await shop.available(2003)]).toEqual(before)

  const orderID = orderIdIn(await shop.done('cart', '/cart/checkout', { user }))
  const items = [
    { sku: 2001, count: 3 },
    { sku: 2003, count: decafCount },
  ]
  expect(await shop.done('loms', '/order/info', { orderID })).toEqual({
    status: 'awaiting payment',
    user,
    items,
  })
  expect(await shop.done('cart', '/cart/list', { user })).toEqual({ items: [], totalPrice: 0 })
  const after = [(before[0] ?? 0) - 3, (before[1] ?? 0) - decafCount]
  expect([await shop.available(2001), await shop.available(2003)]).toEqual(after)

  expect(await shop.done('loms', '/order/pay', { orderID })).toEqual({})
  expect(await shop.done('loms', '/order/pay', { orderID })).toEqual({}) // again is no second payment
  expect(await shop.done('loms', '/order/info', { orderID })).toEqual({ status: 'payed', user, items })
  expect([await shop.available(2001), await shop.available(2003)]).toEqual(after)

  const facts = await factsOf(system, orderID, 3)
  expect(facts.map(({ type }) => type)).toEqual(['order.created', 'stock.reserved', 'order.confirmed'])
  const lines = facts[1]?.data.lines as { sku: number; warehouse_id: number; count: number }[]
  const decafLines = lines.filter(({ sku }) => sku === 2003)
  expect(decafLines.length).toBeGreaterThan(1)
  expect(decafLines.reduce((sum, { count }) => sum + count, 0)).toBe(decafCount)
  // Told once each, newest first, at the moments that the facts name.
  expect(await shop.notices(user, 2)).toEqual([
    {
      order_id: orderID,
      user_id: user,
      status: 'payed',
      message: expect.stringContaining('is paid'),
      moment: String(facts[2]?.data.moment),
    },
    {
      order_id: orderID,
      user_id: user,
      status: 'awaiting payment',
      message: expect.stringContaining('waits for payment'),
      moment: String(facts[0]?.data.moment),
    },
  ])
  expect(await shop.history(user + 1)).toEqual([])
})

test('for want of stock the order fails, the cart stays, and nobody else loses anything', async () => {
  const [olena, taras, sku] = [21, 22, 2013]
  const all = await shop.available(sku)
  await shop.done('cart', '/cart/item/add', { user: olena, sku, count: all })
  await shop.done('cart', '/cart/item/add', { user: olena, sku: 2002, count: 1 })
  const bought = await shop.done('loms', '/order/create', { user: taras, items: [{ sku, count: all - 1 }] })
  const tea = await shop.available(2002)

  const refused = await shop.ask('cart', '/cart/checkout', { user: olena })
  expect(refused).toMatchObject({
    status: 412,
    body: { code: 'insufficient_stock', shortages: [{ sku, wanted: all, available: 1 }] },
  })
  expect(refused.headers.get('content-type')).toBe('application/problem+json')
  const failed = orderIdIn(refused.body)
  expect(await shop.done('loms', '/order/info', { orderID: failed })).toEqual({
    status: 'failed',
    user: olena,
    items: [
      { sku: 2002, count: 1 },
      { sku, count: all },
    ],
  })
  // Not one line of it is held, neither the short one nor the other.
  expect([await shop.available(sku), await shop.available(2002)]).toEqual([1, tea])
  expect(await shop.done('cart', '/cart/list', { user: olena })).toMatchObject({
    items: [{ sku: 2002 }, { sku, count: all }],
  })
  expect(await shop.ask('loms', '/order/pay', { orderID: failed })).toMatchObject({
    status: 412,
    body: { code: 'order_not_payable' },
  })
  expect(await shop.notices(olena, 1)).toMatchObject([{ order_id: failed, status: 'failed' }])

  // The cart is as good as before: once the stock is back it is bought.
  await shop.done('loms', '/order/cancel', { orderID: orderIdIn(bought) })
  const orderID = orderIdIn(await shop.done('cart', '/cart/checkout', { user: olena }))
  expect(await shop.statusOf(orderID)).toBe('awaiting payment')
  expect(await shop.available(sku)).toBe(0)
})

test('more than there is does not even get into the cart', async () => {
  const [user, sku] = [31, 2010]
  const available = await shop.available(sku)
  expect(await shop.ask('cart', '/cart/item/add', { user, sku, count: available + 1 })).toMatchObject({
    status: 412,
    body: { code: 'insufficient_stock' },
  })
  expect(await shop.ask('cart', '/cart/item/add', { user, sku: 4_000_000_000, count: 1 })).toMatchObject({
    status: 412,
    body: { code: 'unknown_sku' },
  })
  expect(await shop.ask('cart', '/cart/checkout', { user })).toMatchObject({
    status: 412,
    body: { code: 'cart_empty' },
  })
})

test('an order that is cancelled before payment gives its stock back, once', async () => {
  const [user, sku] = [41, 2012]
  const before = await shop.available(sku)
  await shop.done('cart', '/cart/item/add', { user, sku, count: 7 })
  const orderID = orderIdIn(await shop.done('cart', '/cart/checkout', { user }))
  expect(await shop.available(sku)).toBe(before - 7)

  expect(await shop.done('loms', '/order/cancel', { orderID })).toEqual({})
  expect(await shop.done('loms', '/order/cancel', { orderID })).toEqual({}) // again gives nothing twice
  expect(await shop.statusOf(orderID)).toBe('cancelled')
  expect(await shop.available(sku)).toBe(before)
  expect(await shop.ask('loms', '/order/pay', { orderID })).toMatchObject({
    status: 412,
    body: { code: 'order_not_payable' },
  })
  const types = (await factsOf(system, orderID, 4)).map(({ type }) => type)
  expect(types).toEqual(['order.created', 'stock.reserved', 'order.cancelled', 'stock.released'])
  const statuses = (await shop.notices(user, 2)).map(({ status }) => status)
  expect(statuses).toEqual(['cancelled', 'awaiting payment'])
})

test('checkout asked ten times at once is one purchase', async () => {
  const [user, sku] = [51, 2014]
  const before = await shop.available(sku)
  await shop.done('cart', '/cart/item/add', { user, sku, count: 2 })
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => shop.ask('cart', '/cart/checkout', { user })),
  )
  expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200))
  const orders = new Set(replies.map(({ body }) => orderIdIn(body)))
  expect(orders.size).toBe(1)
  expect(await shop.available(sku)).toBe(before - 2)
  expect(await shop.ask('cart', '/cart/checkout', { user })).toMatchObject({
    status: 412,
    body: { code: 'cart_empty' },
  })

  const [orderID = 0] = orders
  await factsOf(system, orderID, 2)
  const created = (await announced(system)).filter(
    ({ type, data }) => type === 'order.created' && data.user_id === user,
  )
  expect(created.map(({ data }) => data.order_id)).toEqual([orderID])
})

test('the same idempotency key is the same order, also when its first answer was never heard', async () => {
  const [user, sku] = [61, 2015]
  const before = await shop.available(sku)
  const key = { 'idempotency-key': 'one-purchase' }
  const body = { user, items: [{ sku, count: 1 }] }
  const first = await shop.ask('loms', '/order/create', body, key)
  const again = await shop.ask('loms', '/order/create', body, key)
  expect([again.status, again.body]).toEqual([200, first.body])
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect(await shop.available(sku)).toBe(before - 1)
  const other = { user, items: [{ sku, count: 2 }] }
  expect(await shop.ask('loms', '/order/create', other, key)).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused' },
  })
})

test('over all of it, no fact was told twice, and those of each order in their order', async () => {
  const facts = await announced(system)
  expect(facts.length).toBeGreaterThan(1)
  expect(disorderIn(facts)).toEqual([])
})
