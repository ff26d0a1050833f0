//! NATS loses what it had taken: its store is deleted, or set back to an older copy. Every notice is told once and in order all the same.
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { cp, rm } from 'node:fs/promises'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually, orderIdIn } from '../journeys/shop.ts'
import { counted } from './counted.ts'
import { isQuiet, metricOf } from './quiet.ts'
import { type Shop, settled, shopOf } from './shop.ts'

/** One order a user, so that the user's history is the order's. */
type Placed = { readonly user: number; readonly orderId: number; payed: boolean }

setDefaultTimeout(60_000)
const ordersAtOnce = 10
const convergeMs = 15_000
let system: TestSystem
let shop: Shop
let placed: Placed[]

beforeEach(async () => {
  system = await startSystem({ seed: true })
  shop = shopOf(system)
  placed = []
})
afterEach(() => system.stop())

/** Pays what waits for it, places new orders and pays half of them: the facts of the other half stand on both sides of what follows. */
async function trade(): Promise<void> {
  const waiting = placed.filter(({ payed }) => !payed)
  const fresh = await Promise.all(
    Array.from({ length: ordersAtOnce }, (_, n) => place(placed.length + n + 1)),
  )
  const half = fresh.filter((_, n) => n % 2 === 0)
  await Promise.all([...waiting, ...half].map(pay))
  placed.push(...fresh)
}

async function place(user: number): Promise<Placed> {
  const { status, body } = await shop.create({ user, items: [{ sku: 2001, count: 1 }] })
  expect(status).toBe(200)
  return { user, orderId: orderIdIn(body), payed: false }
}

async function pay(order: Placed): Promise<void> {
  expect((await shop.pay({ orderID: order.orderId })).status).toBe(200)
  order.payed = true
}

async function tell(): Promise<string[]> {
  const histories = await Promise.all(placed.map(({ user }) => shop.history({ user })))
  return histories.flatMap(({ body }) => {
    const messages = body.messages as { user_id: number; order_id: number; status: string }[]
    return messages.map(({ user_id, order_id, status }) => `${user_id}: ${order_id} ${status}`)
  })
}

/** What each history is, newest first, when everything is told once and in order. */
const everything = () =>
  placed.flatMap(({ user, orderId, payed }) =>
    (payed ? ['payed', 'awaiting payment'] : ['awaiting payment']).map(
      (status) => `${user}: ${orderId} ${status}`,
    ),
  )

/** Facts so far: `order.created` and `stock.reserved` of each order, `order.confirmed` of those that are payed. */
const announced = () => placed.reduce((sum, { payed }) => sum + (payed ? 3 : 2), 0)

async function expectAllTold(): Promise<void> {
  const expected = everything()
  const all = async () => (await tell()).length >= expected.length && (await isQuiet(system))
  // Whatever is missing by then is shown by the comparison, not by the wait.
  await eventually('all notices', async () => (await all()) || undefined, convergeMs).catch(console.error)
  expect(await tell()).toEqual(expected)
}

/** `lost`: how many facts the stream had and has no more. */
async function expectWhole(
  what: 'stores deleted' | 'stores set back',
  lost: number,
  since: number,
): Promise<void> {
  await expectAllTold()
  const ms = Math.round(performance.now() - since)
  const repaired = (await metricOf(system, 'loms', 'outbox_repaired_total')) ?? 0
  expect(repaired).toBeGreaterThanOrEqual(lost)
  const report = await settled(system)
  expect(report.ok ? '' : report.output).toBe('')
  // What comes twice might come late.
  expect(await tell()).toEqual(everything())
  counted(6, { [what]: 1, orders: placed.length, 'facts sent again': repaired }, { settled: ms })
}

async function copyStore(): Promise<string> {
  await system.kill('nats', 'SIGTERM')
  const copy = `${system.nats.storeDir}.copy`
  await cp(system.nats.storeDir, copy, { recursive: true })
  await system.start('nats')
  return copy
}

async function setBackTo(copy: string): Promise<void> {
  await system.kill('nats')
  await rm(system.nats.storeDir, { recursive: true })
  await cp(copy, system.nats.storeDir, { recursive: true })
}

test('the store of NATS is deleted while it is away', async () => {
  await trade()
  await expectAllTold()
  const lost = announced()
  await system.kill('nats', 'SIGTERM')
  await rm(system.nats.storeDir, { recursive: true })
  await trade()
  const since = performance.now()
  await system.start('nats')
  await trade()
  await expectWhole('stores deleted', lost, since)
})

test('NATS is set back to an older copy of its store, and the reader had read everything', async () => {
  await trade()
  await expectAllTold()
  const copied = announced()
  const copy = await copyStore()
  await trade()
  await expectAllTold()
  const lost = announced() - copied
  await setBackTo(copy)
  const since = performance.now()
  await system.start('nats')
  await trade()
  await expectWhole('stores set back', lost, since)
})

test('NATS is set back to an older copy of its store, and the reader had not read what is lost', async () => {
  await trade()
  await expectAllTold()
  const copied = announced()
  const copy = await copyStore()
  await trade()
  await expectAllTold()
  await system.kill('notifier', 'SIGTERM')
  await trade()
  await eventually('the outbox to be sent', async () =>
    (await metricOf(system, 'loms', 'outbox_unsent')) === 0 ? true : undefined,
  )
  const lost = announced() - copied
  await setBackTo(copy)
  const since = performance.now()
  await system.start('nats')
  await trade()
  await system.start('notifier')
  await expectWhole('stores set back', lost, since)
})
