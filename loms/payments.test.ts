//! What billing has charged, heard by loms: an order that waits for this money is paid by it, and any other says that it did not take it.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { PaymentCompleted } from '../contracts/events/billing.ts'
import type { DataOf } from '../contracts/events/define.ts'
import { defaultTenant, newId, type OrderId, type Sku, type TenantId } from '../contracts/ids.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import type { OutgoingFact } from '../runtime/messages/fact-stream.ts'
import { MemoryStream } from '../runtime/messages/memory-stream.fixture.ts'
import { type Reader, startReader } from '../runtime/messages/reader.ts'
import { waitUntil } from '../runtime/rpc/rpc.fixture.ts'
import { committing } from '../runtime/store/after-commit.ts'
import { billingFacts } from './consumers.ts'
import { callOff, type Order } from './domain/order.ts'
import { factsOf } from './doors.fixture.ts'
import { callOf, items, type Loms, lomsInMemory, paymentWindowMs, user, violations } from './fixture.ts'
import { cancelOrder } from './operations/cancel-order.ts'
import { changeOrder } from './operations/change-order.ts'
import { createOrder } from './operations/create-order.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { orderByWallet } from './operations/order-by-wallet.ts'
import { payOrder } from './operations/pay-order.ts'
import { putProduct } from './store/catalog.ts'
import type { Tables } from './store/schema.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const price = 150_00
const [priced, unpriced, pieces] = [1, 2, 10]

let loms: Loms
let stream: MemoryStream
let reader: Reader
beforeEach(async () => {
  loms = await lomsInMemory([
    [priced, 1, pieces],
    [unpriced, 1, pieces],
  ])
  const product = { sku: priced as Sku, productId: 'prod_1', name: 'Tea', price, currency: 'UAH' } as const
  await loms.store.write((tx) =>
    putProduct(tx, { tenantId: defaultTenant, ...product, weightGrams: 1, withdrawn: false, version: 1 }),
  )
  const { store, afterCommit } = committing<Tables>(loms.store)
  stream = new MemoryStream('BILLING', 'billing')
  reader = startReader<Tables>({
    store,
    stream,
    handlers: billingFacts({
      ...loms.deps,
      reached: (tx, order) => afterCommit(tx, () => loms.deps.metrics.reached(order)),
    }),
    now: loms.now,
    log: createLog('loms', 'silent'),
    registry: new Registry(),
  })
})
afterEach(async () => {
  await reader.stop()
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

function completed(own: Partial<DataOf<typeof PaymentCompleted>> = {}): OutgoingFact {
  const data = {
    order_id: 1,
    user_id: 7,
    tenant_id: defaultTenant,
    payment_id: 'pay_1',
    provider: 'wallet',
    amount: price,
    currency: 'UAH',
    moment: toRfc3339(loms.now()),
    ...own,
  }
  expect(PaymentCompleted.problemOf(data)).toBeUndefined()
  return {
    id: newId('event'),
    type: PaymentCompleted.type,
    key: String(data.order_id),
    tenantId: data.tenant_id as TenantId,
    moment: loms.now(),
    traceparent,
    data: JSON.stringify(data),
  }
}

/** Resolves when it is heard. */
async function tell(...facts: OutgoingFact[]): Promise<void> {
  await stream.publish(facts, stream.messages.length)
  await waitUntil(async () => {
    const [place] = await loms.store.read((tx) => tx.db.select().from(tx.tables.places))
    return place?.sequence === stream.messages.length
  })
  expect(await loms.store.read((tx) => tx.db.select().from(tx.tables.deadLetters))).toEqual([])
}

/** The first order of each test is order 1, of user 7, and waits for its money. */
async function place(...lines: (readonly [sku: number, quantity: number])[]): Promise<OrderId> {
  const order = lines.length === 0 ? items([priced, 1]) : items(...lines)
  const placed = await createOrder(loms.deps, callOf(loms), { userId: user(7), items: order })
  const id = placed.ok ? placed.value.orderId : placed.error.details?.order_id
  return BigInt(id as number | bigint) as OrderId
}

const statusOf = async () => (await loms.rows()).orders[0]?.status
const told = async () => (await factsOf(loms, 1)).slice(2).map(({ type }) => type)
const refusals = async () => (await loms.facts()).filter(({ type }) => type === 'order.payment_refused')
const reasons = async () => (await refusals()).map(({ data }) => data.reason)
const outcomes = async () =>
  (await loms.store.read((tx) => tx.db.select().from(tx.tables.inbox))).map(({ outcome }) => outcome)
async function counted(): Promise<Record<string, number>> {
  const total = await loms.registry.getSingleMetric('oms_orders_total')?.get()
  return Object.fromEntries((total?.values ?? []).map(({ labels, value }) => [labels.status, value]))
}

test('pays for the order that waits for it: its stock is sold, and it is counted', async () => {
  await place()
  await tell(completed())
  expect([await statusOf(), await told()]).toEqual(['confirmed', ['order.confirmed']])
  expect(await counted()).toEqual({ pending: 1, confirmed: 1 })
  expect(await outcomes()).toEqual(['ok'])
  // Who marks it as paid afterwards is told that it is.
  expect((await payOrder(loms.deps, callOf(loms), { orderId: 1n as OrderId })).ok).toBe(true)
  expect(await told()).toEqual(['order.confirmed'])
})

test('pays once, also where the stream is told again under new sequences', async () => {
  await place()
  const fact = completed()
  await tell(fact)
  stream.vanish()
  await stream.publish([fact], 0)
  await tell(completed({ order_id: 99 }))
  expect([await told(), (await refusals()).map(({ key }) => key)]).toEqual([['order.confirmed'], ['99']])
})

test('the payment that an order took is not given back, however often it is told and whatever became of the order', async () => {
  await place()
  await tell(completed(), completed())
  const byAdmin = (order: Order) => callOff(order, 'admin', loms.now())
  const call = { tenantId: defaultTenant, traceparent }
  await loms.store.write((tx) => changeOrder(tx, loms.deps, call, 1n as OrderId, byAdmin))
  await tell(completed())
  expect(await statusOf()).toBe('cancelled')
  expect(await outcomes()).toEqual(['ok', 'ok', 'ok'])
  expect(await refusals()).toEqual([])
})

describe('is refused, and that is told with what is to be given back,', () => {
  test('by an order that was paid before, which stays as it is', async () => {
    await place()
    await payOrder(loms.deps, callOf(loms), { orderId: 1n as OrderId })
    await tell(completed())
    expect(await told()).toEqual(['order.confirmed', 'order.payment_refused'])
    expect(await refusals()).toEqual([
      {
        type: 'order.payment_refused',
        key: '1',
        data: {
          order_id: 1,
          user_id: 7,
          tenant_id: defaultTenant,
          payment_id: 'pay_1',
          amount: price,
          currency: 'UAH',
          reason: 'confirmed',
          moment: toRfc3339(loms.now()),
        },
      },
    ])
    expect([await statusOf(), await outcomes()]).toEqual(['confirmed', ['order_not_payable']])
    const rows = await loms.store.read((tx) => tx.db.select().from(tx.tables.outbox))
    expect(rows.at(-1)?.traceparent).toBe(traceparent)
  })

  test('of two payments by the second', async () => {
    await place()
    await tell(completed(), completed({ payment_id: 'pay_2' }))
    expect((await refusals()).map(({ data }) => data.payment_id)).toEqual(['pay_2'])
    expect(await outcomes()).toEqual(['ok', 'order_not_payable'])
  })

  test('at its deadline by the order that expires with it', async () => {
    await place()
    loms.pass(paymentWindowMs)
    await tell(completed())
    expect(await told()).toEqual(['order.cancelled', 'stock.released', 'order.payment_refused'])
    expect([await reasons(), await counted()]).toEqual([['expired'], { pending: 1, cancelled: 1 }])
    expect(await loms.available(priced)).toBe(pieces)
  })

  test('by one that the clock has called off', async () => {
    await place()
    loms.pass(paymentWindowMs)
    await expireOrders(loms.deps)
    await tell(completed())
    expect([await statusOf(), await reasons()]).toEqual(['cancelled', ['cancelled']])
  })

  test('by one that was called off', async () => {
    const orderId = await place()
    await cancelOrder(loms.deps, callOf(loms), { orderId, reason: 'customer' })
    await tell(completed())
    expect([await statusOf(), await reasons()]).toEqual(['cancelled', ['cancelled']])
  })

  test('by one that could not be had', async () => {
    await place([priced, pieces + 1])
    await tell(completed({ amount: price * (pieces + 1) }))
    expect([await statusOf(), await reasons()]).toEqual(['failed', ['failed']])
  })

  test('by one that its saga pays for', async () => {
    const details = { delivery: null, shippingAddress: null, billingAddress: null, notes: null }
    const call = { ...callOf(loms), deadlineAt: loms.now() }
    loms.others.fateOf = () => 'away'
    await orderByWallet(loms.deps, call, { userId: user(7), items: items([priced, 1]), details })
    await tell(completed())
    expect([await statusOf(), await reasons()]).toEqual(['pending', ['wallet']])
  })

  test.each([
    ['another user', { user_id: 8 }, 'order_not_found'],
    ['another shop', { tenant_id: 'other' }, 'order_not_found'],
    ['another amount', { amount: price - 1 }, 'total_changed'],
    ['another currency', { currency: 'EUR' }, 'total_changed'],
  ] as const)('of %s, and the order goes on waiting', async (_, own, reason) => {
    await place()
    await tell(completed(own))
    expect([await statusOf(), await reasons(), await outcomes()]).toEqual(['pending', [reason], [reason]])
    expect((await refusals())[0]?.data).toMatchObject({ payment_id: 'pay_1', user_id: 7, ...own })
    await tell(completed())
    expect(await statusOf()).toBe('confirmed')
  })

  test('by one of which nobody knows what it costs, and by none at all', async () => {
    await place([unpriced, 1])
    await tell(completed(), completed({ order_id: '9223372036854775807' }))
    expect([await statusOf(), await reasons()]).toEqual(['pending', ['total_changed', 'order_not_found']])
  })
})
