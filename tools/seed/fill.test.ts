//! The demo shop as it gets into the stores: whole, once, and never into a shop of somebody's own.
import { afterAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { putProduct } from '../../catalog/operations/put-product.ts'
import { withdrawProduct } from '../../catalog/operations/withdraw-product.ts'
import { schema as catalogSchema } from '../../catalog/store/schema.ts'
import { catalogStream } from '../../contracts/events/catalog.ts'
import { defaultTenant, newId, type Sku, type WarehouseId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { processClock } from '../../contracts/time.ts'
import { receiveStock } from '../../loms/operations/receive-stock.ts'
import { schema as lomsSchema } from '../../loms/store/schema.ts'
import { createOutbox } from '../../runtime/messages/outbox.ts'
import { openStore } from '../../runtime/store/open.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { fillCatalog, fillStock, seedCall } from './fill.ts'
import { demoProducts, demoWarehouses } from './shop.ts'

const root = join(import.meta.dir, '../..')
const server = await startPostgres()
afterAll(() => server?.stop())

const engines: readonly { readonly name: string; readonly url: () => Promise<string> }[] = [
  { name: 'sqlite', url: async () => 'sqlite::memory:' },
  ...(server === undefined ? [] : [{ name: 'postgres', url: () => server.createDatabase() }]),
]
if (server === undefined)
  test.skip('PostgreSQL is not on this machine: the seed is not tested on it', () => undefined)

const now = processClock()

async function openCatalog(url: string) {
  const migrations = join(root, 'catalog/store/migrations')
  const store = await openStore(url, { schema: catalogSchema, migrations })
  const { announce } = createOutbox({ stream: catalogStream, now, newId })
  const deps = { store, now, newId, announce }
  const rows = () =>
    store.read(({ db, tables: { products } }) => db.select().from(products).orderBy(products.sku).execute())
  const facts = () =>
    store.read(async ({ db, tables: { outbox } }) => {
      const found = await db.select({ key: outbox.key }).from(outbox)
      return found.map(({ key }) => Number(key))
    })
  return { deps, rows, facts, [Symbol.asyncDispose]: () => store.close() }
}

async function openLoms(url: string) {
  const migrations = join(root, 'loms/store/migrations')
  const store = await openStore(url, { schema: lomsSchema, migrations })
  const rows = () => store.read(async ({ db, tables: { stock } }) => await db.select().from(stock))
  const movements = () =>
    store.read(async ({ db, tables: { stockMovements } }) => await db.select().from(stockMovements))
  return { deps: { store, now }, rows, movements, [Symbol.asyncDispose]: () => store.close() }
}

/** `<sku> <warehouse> <pieces>` of every place where the demo has, or had, something. */
const demoStock = demoProducts
  .flatMap(({ sku, stock }) => stock.map(({ warehouseId, onHand }) => `${sku} ${warehouseId} ${onHand}`))
  .sort()

const bySku = (a: number, b: number) => a - b

for (const { name, url } of engines) {
  describe(`the demo's products on ${name}`, () => {
    test('are all put as written, sold, and announced once each', async () => {
      await using catalog = await openCatalog(await url())
      expect(await fillCatalog(catalog.deps)).toBe(demoProducts.length)
      const rows = await catalog.rows()
      const expected = demoProducts
        .map(({ stock: _, ...product }) => product)
        .toSorted((a, b) => bySku(a.sku, b.sku))
      expect(rows.map((row) => row.version)).toEqual(expected.map(() => 1))
      expect(rows.every((row) => row.currency === 'UAH' && !row.withdrawn)).toBe(true)
      for (const [index, product] of expected.entries()) expect(rows[index]).toMatchObject(product)
      expect((await catalog.facts()).toSorted(bySku)).toEqual(expected.map(({ sku }) => sku))
    })

    test('put again are left as they were, also where the shop has edited or withdrawn some', async () => {
      await using catalog = await openCatalog(await url())
      await fillCatalog(catalog.deps)
      const [first, second] = await catalog.rows()
      if (first === undefined || second === undefined) throw new Error('the demo is empty')
      const call = seedCall(now)
      const { name, description, category, weightGrams } = first
      const price = money(1, 'UAH')
      const content = { name, description, category, weightGrams, price, image: undefined }
      await putProduct(catalog.deps, call, { ...content, sku: first.sku })
      await withdrawProduct(catalog.deps, call, second)
      const before = await catalog.rows()
      expect(await fillCatalog(catalog.deps)).toBe(0)
      expect(await catalog.rows()).toEqual(before)
    })

    test('that were put half-way are finished', async () => {
      await using catalog = await openCatalog(await url())
      await fillCatalog(catalog.deps)
      const all = await catalog.rows()
      await catalog.deps.store.write(async ({ db, tables: { products } }) => {
        for (const { sku } of all.slice(0, 100)) await db.delete(products).where(eq(products.sku, sku))
      })
      expect(await fillCatalog(catalog.deps)).toBe(100)
      expect((await catalog.rows()).map(({ id }) => id)).toEqual(all.map(({ id }) => id))
    })

    test('stay out of a shop of somebody’s own', async () => {
      await using catalog = await openCatalog(await url())
      await putProduct(catalog.deps, seedCall(now), {
        sku: 1 as Sku,
        name: 'Something else',
        description: '',
        category: 'own',
        price: money(1, 'UAH'),
        weightGrams: 1,
        image: undefined,
      })
      expect(await fillCatalog(catalog.deps)).toBe(0)
      expect(await catalog.rows()).toHaveLength(1)
    })
  })

  describe(`the demo's stock on ${name}`, () => {
    const stockIn = async (loms: Awaited<ReturnType<typeof openLoms>>) =>
      (await loms.rows()).map(({ sku, warehouseId, onHand }) => `${sku} ${warehouseId} ${onHand}`).sort()

    test('is delivered as written, with a movement for every piece, and once', async () => {
      await using loms = await openLoms(await url())
      expect(await fillStock(loms.deps)).toBe(demoStock.length)
      expect(await stockIn(loms)).toEqual(demoStock)
      const moved = (await loms.movements()).reduce((sum, { quantity }) => sum + quantity, 0)
      const onHand = (await loms.rows()).reduce((sum, row) => sum + row.onHand, 0)
      expect(moved).toBe(onHand)
      expect(await fillStock(loms.deps)).toBe(0)
      expect(await stockIn(loms)).toEqual(demoStock)
    })

    test('that was delivered to some warehouses only is delivered to the others', async () => {
      await using loms = await openLoms(await url())
      const [{ id, name }] = demoWarehouses
      await receiveStock(loms.deps, {
        tenantId: defaultTenant,
        warehouse: { id: id as WarehouseId, name },
        kind: 'initial',
        reason: null,
        lines: [{ sku: 7 as Sku, quantity: 3 }],
      })
      await fillStock(loms.deps)
      const elsewhere = demoStock.filter((row) => row.split(' ')[1] !== String(id))
      expect(await stockIn(loms)).toEqual([...elsewhere, `7 ${id} 3`].sort())
    })

    test('stays out of a shop of somebody’s own', async () => {
      await using loms = await openLoms(await url())
      await receiveStock(loms.deps, {
        tenantId: defaultTenant,
        warehouse: { id: 1n as WarehouseId, name: 'Poltava' },
        kind: 'initial',
        reason: null,
        lines: [{ sku: 1 as Sku, quantity: 3 }],
      })
      expect(await fillStock(loms.deps)).toBe(0)
      expect(await stockIn(loms)).toEqual(['1 1 3'])
    })
  })
}
