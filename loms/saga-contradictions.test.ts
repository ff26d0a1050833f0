//! What no step of a saga lets expect, and how soon it goes on: money under its number that is not its own, others long away, its own process dead.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Sku } from '../contracts/ids.ts'
import { Refusal } from '../runtime/refusal.ts'
import { AskerDied } from '../tests/harness/stand-in.ts'
import { callOff } from './domain/order.ts'
import { callOf, items, type Loms, lomsInMemory, user, violations } from './fixture.ts'
import { orderByWallet } from './operations/order-by-wallet.ts'
import { runSagas } from './operations/run-sagas.ts'
import { stepOrder } from './operations/step-order.ts'
import { wakeSagas } from './operations/wake-sagas.ts'
import { putProduct } from './store/catalog.ts'
import { openSagas } from './store/sagas.ts'

let loms: Loms
const price = 150_00
const pieces = 10
const key = { key: 'k', fingerprint: 'f' }
const details = { delivery: { method: 'pickup' }, shippingAddress: null, billingAddress: null, notes: null }

beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, pieces]])
  const product = { sku: 1 as Sku, productId: 'prod_1', name: 'Tea', price, currency: 'UAH' } as const
  const { tenantId } = callOf(loms)
  await loms.store.write((tx) =>
    putProduct(tx, { tenantId, ...product, weightGrams: 1, withdrawn: false, version: 1 }),
  )
  loms.others.wallets.set('7', 1000_00)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const buy = () =>
  orderByWallet(loms.deps, callOf(loms, key), { userId: user(7), items: items([1, 1]), details })
const unfinished = () => loms.store.read((tx) => openSagas(tx, 100))
const orderOf = async () => {
  const [order] = (await loms.rows()).orders
  if (order === undefined) throw new Error('there is no order')
  return order
}
const askedFor = (method: string) => loms.others.asked.filter((each) => each.method === method).length

async function settle(): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    const next = await runSagas(loms.deps)
    if (next === undefined) return
    loms.pass(Math.max(0, next - loms.now()))
  }
  throw new Error('the sagas do not come to their end')
}

for (const of of [
  { what: 'another user', userId: '8', amount: price },
  { what: 'another amount', userId: '7', amount: price - 1 },
]) {
  test(`money of ${of.what} under its number: the order cannot be had, is told so, and its stock is free`, async () => {
    const { userId, amount } = of
    loms.others.holds.set('1', { state: 'held', userId, amount })
    const refused = { ok: false, error: { code: 'insufficient_funds', details: { order_id: 1 } } }
    expect(await buy()).toMatchObject(refused)
    await settle()
    expect([await unfinished(), (await orderOf()).status]).toEqual([[], 'failed'])
    expect(await loms.available(1)).toBe(pieces)
    expect([askedFor('HoldFunds'), askedFor('CaptureHold')]).toEqual([1, 0])
    // What another has set aside is theirs; one's own comes back, as of any order that is over.
    expect(loms.others.holds.get('1')?.state).toBe(userId === '7' ? 'closed' : 'held')
    expect(await buy()).toMatchObject(refused)
  })
}

test('a shipment of another user under its number: the order cannot be had, and the shipment is left alone', async () => {
  loms.others.deliveries.set('1', 'of another')
  const refused = { ok: false, error: { code: 'delivery_refused', details: { order_id: 1 } } }
  expect(await buy()).toMatchObject(refused)
  await settle()
  expect([await unfinished(), (await orderOf()).status]).toEqual([[], 'failed'])
  expect([loms.others.held(7), loms.others.charged(7), await loms.available(1)]).toEqual([0, 0, pieces])
  expect(loms.others.deliveries.get('1')).toBe('of another')
  expect(loms.others.asked.at(-1)).toMatchObject({ method: 'CancelDelivery', request: { user_id: 7 } })
})

test('charged by somebody else before it was confirmed, and called off: the saga leaves the money to the fact', async () => {
  loms.others.meanwhile = async (method) => {
    if (method !== 'MakeDelivery') return
    loms.others.holds.set('1', { state: 'captured', userId: '7', amount: price })
    const decide = (order: Parameters<typeof callOff>[0]) => callOff(order, 'customer', loms.now())
    await stepOrder(loms.deps, callOf(loms), { orderId: (await orderOf()).id, decide })
  }
  expect(await buy()).toMatchObject({ ok: false, error: { code: 'order_not_payable' } })
  await settle()
  expect(await unfinished()).toEqual([])
})

test('confirmed, and nobody has anything to charge: it is kept in sight, and asked about no more than once a minute', async () => {
  loms.others.meanwhile = async (method) => {
    if (method === 'CaptureHold') loms.others.holds.delete('1')
  }
  expect(await buy()).toMatchObject({ ok: true, value: { order: { status: 'confirmed' } } })
  const before = askedFor('CaptureHold')
  const begunAt = loms.now()
  for (let round = 0; round < 10; round += 1) {
    const next = await runSagas(loms.deps)
    loms.pass((next ?? loms.now()) - loms.now())
  }
  const minutes = (loms.now() - begunAt) / 60_000
  expect(askedFor('CaptureHold') - before).toBeLessThanOrEqual(minutes + 1)
  expect(await unfinished()).toMatchObject([{ state: 'capturing', attempts: expect.any(Number) }])
})

test('a step that cannot be written down for a moment is taken again while its caller waits', async () => {
  let failures = 0
  loms.others.meanwhile = async (method) => {
    if (method === 'MakeDelivery' && askedFor(method) === 1) failures = 3
  }
  const { store } = loms
  const write: typeof store.write = async (body) => {
    if (failures === 0) return await store.write(body)
    failures -= 1
    throw new Refusal('unavailable', 'the transaction could not be committed')
  }
  const begunAt = loms.now()
  const bought = await orderByWallet({ ...loms.deps, store: { ...store, write } }, callOf(loms, key), {
    userId: user(7),
    items: items([1, 1]),
    details,
  })
  expect(bought).toMatchObject({ ok: true, value: { isOpen: false, order: { status: 'confirmed' } } })
  expect(loms.now() - begunAt).toBeLessThan(1_000)
  expect(loms.others.wallets.get('7')).toBe(1000_00 - price)
})

test('a process that died with a step has left it to the next one, which does not wait', async () => {
  loms.others.fateOf = (method) => (method === 'MakeDelivery' ? 'asker dies after' : 'answered')
  await expect(buy()).rejects.toThrow(AskerDied)
  loms.others.fateOf = () => 'answered'
  const diedAt = loms.now()
  await runSagas(loms.deps)
  expect(await unfinished()).toMatchObject([{ state: 'delivering' }])
  await wakeSagas(loms.deps)
  await runSagas(loms.deps)
  expect([await unfinished(), (await orderOf()).status, loms.now() - diedAt]).toEqual([[], 'confirmed', 0])
})

test('what was put off by a clock that was set back since does not wait for it to come round, whoever else may be at work', async () => {
  loms.others.fateOf = () => 'away'
  await buy()
  const before = await unfinished()
  const beside = { dialect: 'postgres', write: loms.store.write } as const
  await wakeSagas({ store: beside, now: loms.now })
  expect(await unfinished()).toEqual(before)
  loms.pass(-24 * 60 * 60 * 1000)
  await wakeSagas({ store: beside, now: loms.now })
  loms.others.fateOf = () => 'answered'
  await runSagas(loms.deps)
  expect([await unfinished(), (await orderOf()).status]).toEqual([[], 'confirmed'])
})

test('whoever is away for an hour finds the order done within five seconds of being back', async () => {
  let away = true
  loms.others.fateOf = () => (away ? 'away' : 'answered')
  await buy()
  // Nothing expires here: that is the clock's other operation.
  for (const endsAt = loms.now() + 3_600_000; loms.now() < endsAt; ) {
    const next = (await runSagas(loms.deps)) ?? loms.now()
    loms.pass(Math.max(1, next - loms.now()))
  }
  away = false
  const [saga] = await unfinished()
  expect((saga?.retryAt ?? Number.POSITIVE_INFINITY) - loms.now()).toBeLessThanOrEqual(5_000)
})
