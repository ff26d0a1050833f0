//! An order from the wallet that is confirmed, refused and brought on by the facts of others: counted once in each status, when it is committed.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { WalletHeld, WalletRefused } from '../contracts/events/billing.ts'
import type { DataOf, EventType } from '../contracts/events/define.ts'
import { type ShipmentStatus, ShipmentUpdated, shipmentStatuses } from '../contracts/events/delivery.ts'
import { defaultTenant, newId, type OrderId, type Sku } from '../contracts/ids.ts'
import { plusMs, toRfc3339 } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import type { OutgoingFact } from '../runtime/messages/fact-stream.ts'
import type { Handler } from '../runtime/messages/handler.ts'
import { MemoryStream } from '../runtime/messages/memory-stream.fixture.ts'
import { type Reader, startReader } from '../runtime/messages/reader.ts'
import { waitUntil } from '../runtime/rpc/rpc.fixture.ts'
import { committing } from '../runtime/store/after-commit.ts'
import { billingFacts, deliveryFacts, type FactDeps } from './consumers.ts'
import { callOf, items, type Loms, lomsInMemory, user, violations } from './fixture.ts'
import { orderByWallet } from './operations/order-by-wallet.ts'
import { putProduct } from './store/catalog.ts'
import { orderOf } from './store/orders.ts'
import type { Tables } from './store/schema.ts'

type Listening = { readonly stream: MemoryStream; readonly reader: Reader }
let loms: Loms
let billing: Listening
let delivery: Listening
/** So many bodies are undone before one is committed. */
let undone = 0

beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, 10]])
  const { tenantId } = callOf(loms)
  const product = { sku: 1 as Sku, productId: 'prod_1', name: 'Tea', price: 150_00, currency: 'UAH' } as const
  await loms.store.write((tx) =>
    putProduct(tx, { tenantId, ...product, weightGrams: 1, withdrawn: false, version: 1 }),
  )
  const { store, afterCommit } = committing<Tables>(loms.store)
  const factDeps: FactDeps = {
    ...loms.deps,
    reached: (tx, order) => afterCommit(tx, () => loms.deps.metrics.reached(order)),
  }
  undone = 0
  const listen = (name: string, handlers: readonly Handler<Tables>[]): Listening => {
    const stream = new MemoryStream(name.toUpperCase(), name)
    const reader = startReader<Tables>({
      store,
      stream,
      handlers: handlers.map(({ event, handle }) => ({
        event,
        handle: async (tx, fact) => {
          const result = await handle(tx, fact)
          if (undone > 0) {
            undone -= 1
            throw new Error('undone by the test')
          }
          return result
        },
      })),
      now: loms.now,
      log: createLog('loms', 'silent'),
      registry: new Registry(),
      retryDelaysMs: [1, 1, 1, 1],
    })
    return { stream, reader }
  }
  billing = listen('billing', billingFacts(factDeps))
  delivery = listen('delivery', deliveryFacts(factDeps))
})
afterEach(async () => {
  await Promise.all([billing, delivery].map(({ reader }) => reader.stop()))
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

async function tell<E extends EventType>(
  { stream }: Listening,
  event: E,
  own: Partial<DataOf<E>> & object = {},
) {
  const data = {
    order_id: 1,
    user_id: 7,
    tenant_id: defaultTenant,
    moment: toRfc3339(loms.now()),
    ...own,
  }
  expect(event.problemOf(data)).toBeUndefined()
  const fact: OutgoingFact = {
    id: newId('event'),
    type: event.type,
    key: '1',
    tenantId: defaultTenant,
    moment: loms.now(),
    traceparent: null,
    data: JSON.stringify(data),
  }
  await stream.publish([fact], stream.messages.length)
  await waitUntil(async () => {
    const places = await loms.store.read((tx) => tx.db.select().from(tx.tables.places))
    return places.some((place) => place.stream === stream.name && place.sequence === stream.messages.length)
  })
}

const money = { amount: 150_00, currency: 'UAH' } as const
const shipment = (status: ShipmentStatus, version: number) => ({
  shipment_id: 'shp_1',
  status,
  carrier: 'pickup',
  version,
})

/** Its caller waits no longer than the others take. */
async function place(): Promise<void> {
  const deps = { ...loms.deps, sagaMode: 'choreography' } as const
  const details = { delivery: null, shippingAddress: null, billingAddress: null, notes: null }
  const call = { ...callOf(loms), deadlineAt: plusMs(loms.now(), 1) }
  const placed = await orderByWallet(deps, call, { userId: user(7), items: items([1, 1]), details })
  expect(placed).toMatchObject({ ok: true, value: { isOpen: true } })
}

async function counted(): Promise<Record<string, number>> {
  const total = await loms.registry.getSingleMetric('oms_orders_total')?.get()
  return Object.fromEntries((total?.values ?? []).map(({ labels, value }) => [labels.status, value]))
}

test('held and accepted, sent and received', async () => {
  await place()
  await tell(billing, WalletHeld, money)
  await tell(delivery, ShipmentUpdated, shipment('queued', 1))
  expect(await counted()).toEqual({ pending: 1, confirmed: 1 })
  await tell(delivery, ShipmentUpdated, shipment('received', 2))
  const all = { pending: 1, confirmed: 1, processing: 1, shipped: 1, delivered: 1 }
  expect(await counted()).toEqual(all)
  await tell(delivery, ShipmentUpdated, shipment('received', 3))
  await tell(billing, WalletHeld, money)
  expect(await counted()).toEqual(all)
})

test.each([
  { what: 'another user', own: { user_id: 8 } },
  { what: 'another amount', own: { amount: 1 } },
  { what: 'another currency', own: { currency: 'EUR' } },
])('money of $what that is held under its number does not pay for it', async ({ own }) => {
  await place()
  await tell(billing, WalletHeld, { ...money, ...own })
  await tell(delivery, ShipmentUpdated, shipment('queued', 1))
  expect(await counted()).toEqual({ pending: 1 })
  await tell(billing, WalletRefused, { ...money, ...own, reason: 'insufficient_funds' })
  expect(await counted()).toEqual({ pending: 1 })
  await tell(billing, WalletHeld, money)
  expect(await counted()).toEqual({ pending: 1, confirmed: 1 })
})

test('a shipment of another user under its number says nothing of the order', async () => {
  await place()
  await tell(billing, WalletHeld, money)
  for (const status of shipmentStatuses)
    await tell(delivery, ShipmentUpdated, { ...shipment(status, 1), user_id: 8 })
  expect(await counted()).toEqual({ pending: 1 })
  await tell(delivery, ShipmentUpdated, shipment('queued', 1))
  expect(await counted()).toEqual({ pending: 1, confirmed: 1 })
  await tell(delivery, ShipmentUpdated, { ...shipment('received', 2), user_id: 8 })
  expect(await counted()).toEqual({ pending: 1, confirmed: 1 })
})

test('refused', async () => {
  await place()
  await tell(billing, WalletRefused, { ...money, reason: 'insufficient_funds' })
  expect(await counted()).toEqual({ pending: 1, failed: 1 })
})

test('refused by delivery, it says why', async () => {
  await place()
  await tell(billing, WalletHeld, money)
  await tell(delivery, ShipmentUpdated, {
    ...shipment('refused', 1),
    reason: 'there is no such pick-up point',
  })
  expect(await counted()).toEqual({ pending: 1, failed: 1 })
  const order = await loms.store.read((tx) => orderOf(tx, defaultTenant, 1n as OrderId))
  expect(order).toMatchObject({
    status: 'failed',
    reason: 'delivery_refused',
    note: 'there is no such pick-up point',
  })
})

test('what was undone and done again is counted when it is done', async () => {
  await place()
  await tell(billing, WalletHeld, money)
  undone = 2
  await tell(delivery, ShipmentUpdated, shipment('queued', 1))
  expect([undone, await counted()]).toEqual([0, { pending: 1, confirmed: 1 }])
})
