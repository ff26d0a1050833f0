//! Migrations over a shop that has products already: what was there before search is found by it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../runtime/store/open.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { openCatalog, productWith, shop, skuOf } from '../fixture.ts'
import { listProducts } from './product-list.ts'
import { putNewProduct } from './products.ts'
import { schema } from './schema.ts'

setDefaultTimeout(30_000)
const server = await startPostgres()
const folder = await mkdtemp(join(tmpdir(), 'kiosk-catalog-'))
const migrations = join(folder, 'migrations')
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The migrations as they were before there was search. */
beforeAll(async () => {
  await cp(join(import.meta.dir, 'migrations'), migrations, { recursive: true })
  for (const engine of ['sqlite', 'postgres']) {
    const journal = Bun.file(join(migrations, engine, 'meta/_journal.json'))
    const whole = (await journal.json()) as { entries: unknown[] }
    await journal.write(JSON.stringify({ ...whole, entries: whole.entries.slice(0, 1) }))
  }
})

const urls: Record<string, () => Promise<string>> = {
  sqlite: async () => `sqlite:${join(folder, 'catalog.sqlite')}`,
  ...(server && { postgres: () => server.createDatabase() }),
}

for (const [engine, urlOf] of Object.entries(urls))
  test(`products of before search are found after it came, on ${engine}`, async () => {
    const url = await urlOf()
    const before = await openStore(url, { schema, migrations })
    const names = ['Кава мелена', 'Ёлка', 'Кавоварка']
    await before.write(async (tx) => {
      for (const [index, name] of names.entries())
        await putNewProduct(tx, productWith({ sku: skuOf(index + 1), id: `prod_${index + 1}`, name }))
    })
    await before.close()

    const after = await openCatalog(url)
    try {
      for (const [word, found] of [
        ['кав', [1, 3]],
        ['елка', [2]],
        ['чебрець', [1, 2, 3]],
      ] as const) {
        const filter = { tenantId: shop, words: [word] }
        const { products } = await after.read((tx) => listProducts(tx, filter, { limit: 10, offset: 0 }))
        expect(products.map(({ sku }) => Number(sku)).toSorted()).toEqual([...found])
      }
    } finally {
      await after.close()
    }
  })
