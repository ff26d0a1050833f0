//! Holds that have stood for long are brought to what loms knows of their order, and to nothing else.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { defaultTenant, type TenantId } from '../../contracts/ids.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import { plusMs } from '../../contracts/time.ts'
import { changingNothing } from '../../tests/harness/rows.ts'
import {
  type Billing,
  billingInMemory,
  callOf,
  holdLookMs,
  order,
  uah,
  unknownOrderMs,
  user,
  violations,
} from '../fixture.ts'
import { captureHold } from './capture-hold.ts'
import { holdFunds } from './hold-funds.ts'
import { settleHolds } from './settle-holds.ts'
import { topUp } from './top-up.ts'

let billing: Billing
beforeEach(async () => {
  billing = await billingInMemory()
  await topUp(billing.deps, callOf(billing), { userId: user(1), amount: uah(1000) })
})
afterEach(async () => {
  expect(await violations(billing)).toEqual([])
  await billing.store.close()
})

const hold = (id: number, amount = 10) =>
  holdFunds(billing.deps, callOf(billing), { orderId: order(id), userId: user(1), amount: uah(amount) })
const settle = () => settleHolds(billing.deps)
const stateOf = async (id: number) =>
  (await billing.rows()).holds.find(({ orderId }) => orderId === order(id))?.state

test('nobody is asked before a hold has stood for its time, and the answer says when one will have', async () => {
  expect(await settle()).toBeUndefined()
  await hold(1)
  billing.pass(holdLookMs - 1)
  expect(await changingNothing(billing, settle)).toBe(plusMs(billing.now(), 1))
  expect(billing.loms.asked).toEqual([])
})

const ends: readonly (readonly [OrderStatus, string])[] = [
  ['pending', 'held'],
  ['confirmed', 'captured'],
  ['processing', 'captured'],
  ['shipped', 'captured'],
  ['delivered', 'captured'],
  ['failed', 'voided'],
  ['cancelled', 'voided'],
  ['refunded', 'voided'],
]

test.each(ends)('an order that is %s leaves its hold %s', async (status, state) => {
  await hold(1)
  billing.loms.says(order(1), status)
  billing.pass(holdLookMs)
  const next = await settle()
  expect(await stateOf(1)).toBe(state as never)
  expect(next).toBe(state === 'held' ? plusMs(billing.now(), holdLookMs) : undefined)
  expect(billing.loms.asked).toEqual([`${defaultTenant} 1`])
})

test('an order that still waits is asked about again after as long, and not before', async () => {
  await hold(1)
  billing.loms.says(order(1), 'pending')
  billing.pass(holdLookMs)
  await settle()
  await settle()
  billing.pass(holdLookMs)
  billing.loms.says(order(1), 'confirmed')
  await settle()
  expect(billing.loms.asked).toHaveLength(2)
  expect(await stateOf(1)).toBe('captured')
})

test('an order that nobody knows keeps its money for long, and then gives it back', async () => {
  await hold(1)
  for (let passed = 0; passed + holdLookMs < unknownOrderMs; passed += holdLookMs) {
    billing.pass(holdLookMs)
    await settle()
    expect(await stateOf(1)).toBe('held')
  }
  billing.pass(holdLookMs)
  await settle()
  expect(await stateOf(1)).toBe('voided')
})

test.each(['confirmed', 'cancelled'] as const)(
  'what is held under the number of another user’s order that is %s is given back as if nobody knew it',
  async (status) => {
    await hold(1)
    billing.loms.says(order(1), status, { userId: 2 })
    billing.pass(holdLookMs)
    await settle()
    expect(await stateOf(1)).toBe('held')
    billing.pass(unknownOrderMs)
    await settle()
    expect(await stateOf(1)).toBe('voided')
  },
)

test('while loms is away everything stays as it is, however long', async () => {
  await hold(1)
  billing.loms.says(order(1), 'away')
  for (const _ of [1, 2, 3]) {
    billing.pass(unknownOrderMs)
    await settle()
  }
  expect(await stateOf(1)).toBe('held')
})

test('a backlog of any length is settled in one run, by two clocks at once too, each hold once', async () => {
  for (let id = 1; id <= 60; id += 1) {
    await hold(id)
    billing.loms.says(order(id), id % 2 === 0 ? 'confirmed' : 'cancelled')
  }
  billing.pass(holdLookMs)
  expect(await Promise.all([settle(), settle()])).toEqual([undefined, undefined])
  const [wallet] = (await billing.rows()).wallets
  expect([wallet?.available, wallet?.held]).toEqual([1000 - 300, 0])
})

test('what ended meanwhile is left alone, and each order is asked about in its own tenant', async () => {
  await hold(1)
  await captureHold(billing.deps, callOf(billing), { orderId: order(1) })
  const tenantId = 'other' as TenantId
  const call = callOf(billing, { tenantId })
  await topUp(billing.deps, call, { userId: user(1), amount: uah(10) })
  await holdFunds(billing.deps, call, { orderId: order(1), userId: user(1), amount: uah(10) })
  billing.loms.says(order(1), 'cancelled', { tenantId })
  billing.pass(holdLookMs)
  await settle()
  expect(billing.loms.asked).toEqual(['other 1'])
  const states = (await billing.rows()).holds.map((row) => `${row.tenantId} ${row.state}`).sort()
  expect(states).toEqual(['default captured', 'other voided'])
})
