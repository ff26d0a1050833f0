//! Every status with every command, checked against the table.
import { describe, expect, test } from 'bun:test'
import type { OrderId, ProductId, Sku, TenantId, UserId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import {
  advance,
  cancel,
  type Decision,
  expire,
  hasExactTotal,
  type Order,
  type Placed,
  pay,
  totalOf,
  transitions,
} from './order.ts'

const placedAt = 1_700_000_000_000 as Instant
const payBy = plusMs(placedAt, 600_000)
const placed: Placed = {
  id: 1n as OrderId,
  tenantId: 'default' as TenantId,
  userId: 7n as UserId,
  checkoutId: undefined,
  lines: [{ sku: 1001 as Sku, quantity: 2 }],
  currency: 'UAH',
  paymentMethod: 'rpc',
  version: 3,
  placedAt,
  updatedAt: placedAt,
}
const paidAt = plusMs(placedAt, 1000)
/** One order per status: the compiler asks for the next one. */
const samples: { readonly [S in OrderStatus]: Order & { status: S } } = {
  pending: { ...placed, status: 'pending', payBy },
  confirmed: { ...placed, status: 'confirmed', paidAt },
  processing: { ...placed, status: 'processing', paidAt },
  shipped: { ...placed, status: 'shipped', paidAt },
  delivered: { ...placed, status: 'delivered', paidAt },
  failed: { ...placed, status: 'failed', reason: 'insufficient_funds', shortages: [] },
  cancelled: { ...placed, status: 'cancelled', reason: 'customer', cancelledAt: paidAt },
  refunded: { ...placed, status: 'refunded', paidAt },
}
const everyOrder = Object.values(samples)

/** What holds for every decision, whatever the command: only legal steps, one version on, and the deadline's law. */
function checkLaws(order: Order, decision: Pick<Decision, 'change'>, now: Instant) {
  if (decision.change === undefined) return
  const next = decision.change.order
  expect(transitions[order.status] as readonly OrderStatus[]).toContain(next.status)
  expect(next.version).toBe(order.version + 1)
  expect(next.updatedAt).toBe(now)
  expect(next.lines).toBe(order.lines)
  expect(decision.change.stock === 'committed').toBe(next.status === 'confirmed')
}

describe('pay', () => {
  const now = plusMs(placedAt, 5000)
  for (const order of everyOrder) {
    const changes = order.status === 'pending'
    test(`${changes ? 'confirms' : 'never changes'} an order that is ${order.status}`, () => {
      const decision = pay(order, now)
      checkLaws(order, decision, now)
      expect(decision.change?.order.status).toBe(changes ? 'confirmed' : undefined)
    })
  }
  const repeats: OrderStatus[] = ['confirmed', 'processing', 'shipped', 'delivered']
  for (const order of everyOrder.filter(({ status }) => status !== 'pending')) {
    const repeat = repeats.includes(order.status)
    test(`${repeat ? 'answers a repeat on' : 'is refused on'} an order that is ${order.status}`, () => {
      const { reply } = pay(order, now)
      expect(reply.ok).toBe(repeat)
      if (!reply.ok) expect(reply.error.code).toBe('order_not_payable')
    })
  }
  for (const [offsetMs, pays] of [
    [-1, true],
    [0, false],
    [1, false],
  ] as const) {
    test(`${offsetMs} ms from the deadline it ${pays ? 'still pays' : 'expires the order instead'}`, () => {
      const at = plusMs(payBy, offsetMs)
      const decision = pay(samples.pending, at)
      checkLaws(samples.pending, decision, at)
      expect(decision.reply.ok).toBe(pays)
      expect(decision.change?.stock).toBe(pays ? 'committed' : 'expired')
    })
  }
})

describe('cancel', () => {
  const now = plusMs(placedAt, 5000)
  for (const order of everyOrder) {
    const answered = order.status === 'pending' || order.status === 'cancelled'
    test(`${answered ? 'is answered' : 'is refused'} for an order that is ${order.status}`, () => {
      const decision = cancel(order, 'customer', now)
      checkLaws(order, decision, now)
      expect(decision.reply.ok).toBe(answered)
      expect(decision.change?.stock).toBe(order.status === 'pending' ? 'released' : undefined)
      if (!decision.reply.ok) expect(decision.reply.error.code).toBe('order_not_cancellable')
    })
  }
})

test('what an order is told that it can become instead is what can be asked for', () => {
  const possible = everyOrder.map((order) => {
    const { reply } = advance(order, order.status === 'processing' ? 'delivered' : 'processing', payBy)
    return [order.status, reply.ok ? 'done' : reply.error.details?.possible]
  })
  expect(possible).toEqual([
    ['pending', ['cancelled']],
    ['confirmed', 'done'],
    ['processing', ['shipped', 'cancelled']],
    ['shipped', ['delivered']],
    ['delivered', []],
    ['failed', []],
    ['cancelled', []],
    ['refunded', []],
  ])
})

describe('expire', () => {
  for (const order of everyOrder) {
    test(`${order.status === 'pending' ? 'calls off' : 'leaves alone'} an order that is ${order.status} at its deadline`, () => {
      const decision = expire(order, payBy)
      checkLaws(order, decision, payBy)
      expect(decision.change?.stock).toBe(order.status === 'pending' ? 'expired' : undefined)
    })
  }
  test('leaves an order alone before its deadline', () => {
    expect(expire(samples.pending, plusMs(payBy, -1))).toEqual({})
  })
})

test('every status can be reached and every step leads to a status', () => {
  const reached = new Set<string>(['pending', ...Object.values(transitions).flat()])
  expect([...reached].sort()).toEqual(Object.keys(transitions).sort())
})

test('the total is the sum of the lines, and unknown where one price is', () => {
  const product = { id: 'prod_1' as ProductId, name: 'Tea', price: money(1250, 'UAH') }
  const line = { sku: 1001 as Sku, quantity: 3, product }
  expect(totalOf([line, line], 'UAH')).toEqual(money(7500, 'UAH'))
  expect(totalOf([line, { sku: 2 as Sku, quantity: 1 }], 'UAH')).toBeUndefined()
})

test('a total is exact up to 2^53 − 1 and not a kopeck further', () => {
  const product = { id: 'prod_1' as ProductId, name: 'Tea', price: money(4_294_967_295, 'UAH') }
  const line = { sku: 1001 as Sku, quantity: 65_535, product }
  expect(hasExactTotal(Array(32).fill(line))).toBe(true)
  expect(hasExactTotal(Array(33).fill(line))).toBe(false)
  expect(hasExactTotal([{ sku: 2 as Sku, quantity: 1 }])).toBe(true)
  const almost = {
    ...line,
    quantity: 1,
    product: { ...product, price: money(Number.MAX_SAFE_INTEGER, 'UAH') },
  }
  const kopeck = { ...line, quantity: 1, product: { ...product, price: money(1, 'UAH') } }
  expect([hasExactTotal([almost]), hasExactTotal([almost, kopeck])]).toEqual([true, false])
})
