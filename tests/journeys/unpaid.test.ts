//! Nobody pays: loms itself calls the order off when its time is over, whatever became of the process meanwhile.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually, factsOf, orderIdIn, type Shop, type StoredFact, shopOf } from './shop.ts'

const windowMs = 1_000
/** How long after its deadline an order may still be there. */
const lateMsMax = 1_000
setDefaultTimeout(60_000)
let system: TestSystem
let shop: Shop

beforeAll(async () => {
  system = await startSystem({ seed: true, env: { LOMS_PAYMENT_WINDOW_SECONDS: String(windowMs / 1_000) } })
  shop = shopOf(system)
})
afterAll(() => system.stop())

const create = async (user: number, sku: number, count: number) =>
  orderIdIn(await shop.done('loms', '/order/create', { user, items: [{ sku, count }] }))

const cancelled = (orderId: number) =>
  eventually(`order ${orderId} to be cancelled`, async () =>
    (await shop.statusOf(orderId)) === 'cancelled' ? true : undefined,
  )

const momentOf = (fact: StoredFact | undefined, field = 'moment') => Date.parse(String(fact?.data[field]))

test('an order that nobody pays is cancelled within a second of its deadline, and its stock is back', async () => {
  const [user, sku] = [1, 2014]
  const before = await shop.available(sku)
  await shop.done('cart', '/cart/item/add', { user, sku, count: 5 })
  const orderId = orderIdIn(await shop.done('cart', '/cart/checkout', { user }))
  expect(await shop.available(sku)).toBe(before - 5)

  await cancelled(orderId)
  expect(await shop.available(sku)).toBe(before)
  const facts = await factsOf(system, orderId, 4)
  expect(facts.map(({ type }) => type)).toEqual([
    'order.created',
    'stock.reserved',
    'order.cancelled',
    'stock.released',
  ])
  const [created, , ended, released] = facts
  expect([ended?.data.reason, released?.data.reason]).toEqual(['expired', 'expired'])
  const payBy = momentOf(created, 'pay_by')
  expect(payBy - momentOf(created)).toBe(windowMs)
  const lateMs = momentOf(ended) - payBy
  expect(lateMs).toBeGreaterThanOrEqual(0)
  expect(lateMs).toBeLessThanOrEqual(lateMsMax)

  expect(await shop.notices(user, 2)).toMatchObject([
    { order_id: orderId, status: 'cancelled', message: expect.stringContaining('not paid in time') },
    { order_id: orderId, status: 'awaiting payment' },
  ])
  expect(await shop.ask('loms', '/order/pay', { orderID: orderId })).toMatchObject({
    status: 412,
    body: { code: 'order_not_payable' },
  })
})

test('one that is paid in time stays, and so does its stock', async () => {
  const [user, sku] = [2, 2015]
  const before = await shop.available(sku)
  const paid = await create(user, sku, 3)
  await shop.done('loms', '/order/pay', { orderID: paid })
  // Placed after it, so once this one has run out the paid one's deadline has come and gone.
  await cancelled(await create(user, 2016, 1))
  expect(await shop.statusOf(paid)).toBe('payed')
  expect(await shop.available(sku)).toBe(before - 3)
})

test('orders whose deadline passed while loms was dead are cancelled as soon as it is back', async () => {
  const [user, sku] = [3, 2003]
  const before = await shop.available(sku)
  const orders = [await create(user, sku, 100), await create(user, sku, 100)]
  await system.kill('loms')
  const deadline = Date.now() + windowMs
  await eventually('the deadline to pass', () => (Date.now() > deadline ? true : undefined))

  const startedAt = Date.now()
  await system.start('loms')
  await Promise.all(orders.map(cancelled))
  expect(await shop.available(sku)).toBe(before)
  for (const orderId of orders) {
    const facts = await factsOf(system, orderId, 4)
    expect(facts.map(({ type }) => type)).toEqual([
      'order.created',
      'stock.reserved',
      'order.cancelled',
      'stock.released',
    ])
    expect(momentOf(facts[2])).toBeGreaterThanOrEqual(startedAt)
  }
  const notices = await shop.notices(user, 4)
  expect(notices.map(({ status }) => status).sort()).toEqual([
    'awaiting payment',
    'awaiting payment',
    'cancelled',
    'cancelled',
  ])
})
