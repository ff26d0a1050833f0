//! The clock calls off what nobody has paid in time, and only that.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { OrderId } from '../../contracts/ids.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { changingNothing } from '../../tests/harness/rows.ts'
import { factsOf } from '../doors.fixture.ts'
import { callOf, items, type Loms, lomsInMemory, paymentWindowMs, user, violations } from '../fixture.ts'
import { cancelOrder } from './cancel-order.ts'
import { createOrder } from './create-order.ts'
import { expireOrders } from './expire-orders.ts'
import { payOrder } from './pay-order.ts'

let loms: Loms
beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, 1000]])
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

async function place(quantity = 1): Promise<OrderId> {
  const placed = await createOrder(loms.deps, callOf(loms), { userId: user(1), items: items([1, quantity]) })
  if (!placed.ok) throw new Error(placed.error.code)
  return placed.value.orderId
}
const statuses = async () => (await loms.rows()).orders.map(({ status }) => status)

test('nothing is due before the deadline, and the answer says when something is', async () => {
  const firstDue = plusMs(loms.now(), paymentWindowMs)
  await place()
  loms.pass(1000)
  await place()
  const next = await changingNothing(loms, () => expireOrders(loms.deps))
  expect(next).toBe(firstDue)
})

test('with nothing that waits there is no next moment', async () => {
  const orderId = await place()
  await payOrder(loms.deps, callOf(loms), { orderId })
  await createOrder(loms.deps, callOf(loms), { userId: user(1), items: items([1, 1001]) })
  expect(await expireOrders(loms.deps)).toBeUndefined()
})

test('at its deadline an order is called off, its stock is free, and that is announced', async () => {
  const orderId = await place(7)
  loms.pass(500)
  await place()
  loms.pass(paymentWindowMs - 500)
  expect(await expireOrders(loms.deps)).toBe(plusMs(loms.now(), 500))
  expect(await statuses()).toEqual(['cancelled', 'pending'])
  expect(await loms.available(1)).toBe(999)
  const facts = (await factsOf(loms, Number(orderId))).slice(2)
  expect(facts.map(({ type, data }) => [type, data.reason])).toEqual([
    ['order.cancelled', 'expired'],
    ['stock.released', 'expired'],
  ])
  expect(await changingNothing(loms, () => expireOrders(loms.deps))).toBe(plusMs(loms.now(), 500))
})

test('what was paid or called off in time is left alone', async () => {
  const [paid, cancelled] = [await place(), await place()]
  await payOrder(loms.deps, callOf(loms), { orderId: paid })
  await cancelOrder(loms.deps, callOf(loms), { orderId: cancelled, reason: 'customer' })
  loms.pass(paymentWindowMs)
  expect(await changingNothing(loms, () => expireOrders(loms.deps))).toBeUndefined()
})

test('after a long stop a backlog of any length is called off in one run, each order once', async () => {
  for (const _ of Array.from({ length: 120 })) await place()
  loms.pass(paymentWindowMs * 10)
  // Two clocks at once, as of two processes.
  expect(await Promise.all([expireOrders(loms.deps), expireOrders(loms.deps)])).toEqual([
    undefined,
    undefined,
  ])
  expect(new Set(await statuses())).toEqual(new Set(['cancelled']))
  expect(await loms.available(1)).toBe(1000)
  const released = (await loms.facts()).filter(({ type }) => type === 'stock.released')
  expect(released).toHaveLength(120)
})

test('placing an order tells its deadline, and placing one that fails tells none', async () => {
  const told: Instant[] = []
  const deps = { ...loms.deps, deadlineSet: (payBy: Instant) => void told.push(payBy) }
  await createOrder(deps, callOf(loms), { userId: user(1), items: items([1, 1]) })
  await createOrder(deps, callOf(loms), { userId: user(1), items: items([1, 1000]) })
  expect(told).toEqual([plusMs(loms.now(), paymentWindowMs)])
})
