//! The catalogue's facts as the copy that orders are priced from.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { ProductChanged } from '../contracts/events/catalog.ts'
import type { DataOf } from '../contracts/events/define.ts'
import { defaultTenant, newId, type OrderId, type Sku, type TenantId } from '../contracts/ids.ts'
import { uint32Max } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import type { OutgoingFact } from '../runtime/messages/fact-stream.ts'
import { MemoryStream } from '../runtime/messages/memory-stream.fixture.ts'
import { type Reader, startReader } from '../runtime/messages/reader.ts'
import { waitUntil } from '../runtime/rpc/rpc.fixture.ts'
import { catalogFacts } from './consumers.ts'
import { availableOf } from './domain/stock.ts'
import { factsOf } from './doors.fixture.ts'
import { callOf, items, type Loms, lomsInMemory, user } from './fixture.ts'
import { cancelOrder } from './operations/cancel-order.ts'
import { createOrder } from './operations/create-order.ts'
import { getStock } from './operations/get-stock.ts'
import { payOrder } from './operations/pay-order.ts'

let loms: Loms
let stream: MemoryStream
let reader: Reader
beforeEach(async () => {
  loms = await lomsInMemory([
    [1, 1, 100],
    [2, 1, 100],
  ])
  stream = new MemoryStream('CATALOG', 'catalog')
  reader = startReader({
    store: loms.store,
    stream,
    handlers: catalogFacts,
    now: loms.now,
    log: createLog('loms', 'silent'),
    registry: new Registry(),
  })
})
afterEach(async () => {
  await reader.stop()
  await loms.store.close()
})

type Product = DataOf<typeof ProductChanged>

function changed(own: Partial<Product>): OutgoingFact {
  const data: Product = {
    product_id: `prod_${own.sku ?? 1}`,
    sku: 1 as Sku,
    tenant_id: defaultTenant,
    name: 'Чай',
    category: 'tea',
    price: 12_900,
    currency: 'UAH',
    weight_grams: 120,
    withdrawn: false,
    version: 1,
    moment: toRfc3339(loms.now()),
    ...own,
  }
  expect(ProductChanged.problemOf(data)).toBeUndefined()
  return {
    id: newId('event'),
    type: ProductChanged.type,
    key: data.product_id,
    tenantId: data.tenant_id as TenantId,
    moment: loms.now(),
    traceparent: null,
    data: JSON.stringify(data),
  }
}

/** Resolves when the reader has taken over everything that was announced. */
async function announce(...facts: OutgoingFact[]) {
  await tell(...facts)
  expect(await loms.store.read((tx) => tx.db.select().from(tx.tables.deadLetters))).toEqual([])
}

/** Resolves when the reader is past it, whatever it has made of it. */
async function tell(...facts: OutgoingFact[]) {
  await stream.publish(facts, stream.messages.length)
  await waitUntil(async () => {
    const [place] = await loms.store.read((tx) => tx.db.select().from(tx.tables.places))
    return place?.sequence === stream.messages.length
  })
}

const copies = () => loms.store.read((tx) => tx.db.select().from(tx.tables.products))

async function place(...lines: readonly (readonly [sku: number, quantity: number])[]): Promise<number> {
  const placed = await createOrder(loms.deps, callOf(loms), { userId: user(1), items: items(...lines) })
  if (!placed.ok) throw new Error(placed.error.code)
  return Number(placed.value.orderId)
}
const createdOf = async (orderId: number) => (await factsOf(loms, orderId))[0]?.data

test('a product is kept as the catalogue says, to the ends of its ranges', async () => {
  const large = {
    name: 'ґ'.repeat(500),
    price: uint32Max,
    sku: uint32Max as Sku,
    version: 7,
    withdrawn: true,
  }
  await announce(changed({ price: 0, weight_grams: 0 }), changed(large))
  expect(await copies()).toEqual([
    {
      tenantId: defaultTenant,
      sku: 1 as Sku,
      productId: 'prod_1',
      name: 'Чай',
      price: 0,
      currency: 'UAH',
      weightGrams: 0,
      withdrawn: false,
      version: 1,
    },
    expect.objectContaining(large),
  ])
})

test('a newer version replaces an older one, and what comes late or twice changes nothing', async () => {
  await announce(changed({ version: 1, name: 'first' }), changed({ version: 3, name: 'third', price: 3 }))
  const third = await copies()
  expect(third).toMatchObject([{ version: 3, name: 'third', price: 3 }])
  await announce(changed({ version: 2, name: 'second' }), changed({ version: 3, name: 'another third' }))
  expect(await copies()).toEqual(third)
})

test('what could not be sold or read again is put aside, and what was known of the product stays', async () => {
  await announce(changed({}))
  const known = await copies()
  const strange = [
    { currency: 'EUR' },
    { currency: '__proto__' },
    { version: 2 ** 53 },
    { version: 1e300 },
    { weight_grams: 2 ** 60 },
  ]
  const facts = strange.map((own, at) => {
    const fact = changed({})
    const data = { ...JSON.parse(fact.data), version: 2, ...own }
    return { ...fact, key: `strange-${at}`, data: JSON.stringify(data) }
  })
  await tell(...facts)
  expect(await copies()).toEqual(known)
  const letters = await loms.store.read((tx) => tx.db.select().from(tx.tables.deadLetters))
  expect(letters.map(({ key, reason }) => [key, reason])).toEqual([
    ['strange-0', expect.stringContaining('money that nothing is sold for')],
    ['strange-1', expect.stringContaining('money that nothing is sold for')],
    ['strange-2', expect.stringContaining('/version')],
    ['strange-3', expect.stringContaining('/version')],
    ['strange-4', expect.stringContaining('/weight_grams')],
  ])
  await place([1, 1])
})

test('the same SKU of another tenant is another product', async () => {
  await announce(changed({ name: 'ours' }), changed({ name: 'theirs', tenant_id: 'other', version: 9 }))
  expect((await copies()).map(({ tenantId, name }) => [tenantId, name]).toSorted()).toEqual([
    [defaultTenant, 'ours'],
    ['other' as TenantId, 'theirs'],
  ])
  expect((await createdOf(await place([1, 1])))?.items[0].name).toBe('ours')
})

test('an order has the names and prices of its moment, and keeps them', async () => {
  await announce(changed({ price: 100 }), changed({ sku: 2 as Sku, name: 'Кава', price: 250 }))
  const orderId = await place([1, 3], [2, 2])
  await announce(changed({ version: 2, price: 999, name: 'other' }))
  expect(await createdOf(orderId)).toMatchObject({
    items: [
      { sku: 1, count: 3, name: 'Чай', price: 100 },
      { sku: 2, count: 2, name: 'Кава', price: 250 },
    ],
    total: 800,
    currency: 'UAH',
  })
  await payOrder(loms.deps, callOf(loms), { orderId: BigInt(orderId) as never })
  expect((await factsOf(loms, orderId)).at(-1)).toMatchObject({
    type: 'order.confirmed',
    data: { total: 800 },
  })
  expect((await createdOf(await place([1, 1])))?.total).toBe(999)
})

test('an order with a product that the catalogue never announced has no total', async () => {
  await announce(changed({ price: 100 }))
  const data = await createdOf(await place([1, 1], [2, 1]))
  expect(data).not.toHaveProperty('total')
  expect(data?.items[1]).toEqual({ sku: 2, count: 1 })
})

describe('a product that is withdrawn', () => {
  const countOf = async (sku: number) => {
    const stocks = await getStock(loms.deps, callOf(loms), { sku: sku as Sku })
    return stocks.ok ? stocks.value.reduce((sum, stock) => sum + availableOf(stock), 0) : stocks.error.code
  }

  test('is sold no more, whatever stands on the shelves, and is again when it comes back', async () => {
    await announce(changed({ version: 1 }))
    await announce(changed({ version: 2, withdrawn: true }))
    expect([await countOf(1), await countOf(2)]).toEqual([0, 100])
    const refused = await createOrder(loms.deps, callOf(loms), {
      userId: user(1),
      items: items([1, 1], [2, 1]),
    })
    expect(refused).toMatchObject({
      error: { code: 'insufficient_stock', details: { shortages: [{ sku: 1, wanted: 1, available: 0 }] } },
    })
    await announce(changed({ version: 3 }))
    expect(await countOf(1)).toBe(100)
    await place([1, 100])
  })

  test('leaves the orders that are there as they are: they are paid or called off', async () => {
    await announce(changed({ version: 1, price: 100 }))
    const [paid, cancelled] = [await place([1, 3]), await place([1, 2])]
    await announce(changed({ version: 2, withdrawn: true }))
    const idOf = (id: number) => BigInt(id) as OrderId
    expect((await payOrder(loms.deps, callOf(loms), { orderId: idOf(paid) })).ok).toBe(true)
    const request = { orderId: idOf(cancelled), reason: 'customer' } as const
    expect((await cancelOrder(loms.deps, callOf(loms), request)).ok).toBe(true)
    expect((await factsOf(loms, paid)).at(-1)).toMatchObject({
      type: 'order.confirmed',
      data: { total: 300 },
    })
    expect(await countOf(1)).toBe(0)
    expect(await loms.available(1)).toBe(97)
  })
})
