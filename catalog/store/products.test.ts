//! Products as rows, on both engines.
import { afterAll, describe, expect, test } from 'bun:test'
import type { Sku, TenantId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { uint32Max } from '../../contracts/scalars.ts'
import { instantOf } from '../../contracts/time.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import type { Product } from '../domain/product.ts'
import { openCatalog, productWith, shop, skuOf } from '../fixture.ts'
import { lockProduct, productOf, productsOf, putNewProduct, putProductState, skusAfter } from './products.ts'
import type { CatalogStore } from './schema.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

productSuite('sqlite', () => openCatalog())
if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: products are not tested on it', () => undefined)
} else {
  productSuite('postgres', async () => await openCatalog(await server.createDatabase()))
}

function productSuite(engine: string, open: () => Promise<CatalogStore>): void {
  const testWith = (name: string, run: (store: CatalogStore) => Promise<void>) =>
    test(name, async () => {
      const store = await open()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  const put = (store: CatalogStore, ...products: Parameters<typeof putNewProduct>[1][]) =>
    store.write(async (tx) => {
      for (const product of products) expect(await putNewProduct(tx, product)).toBe(true)
    })

  describe(`products on ${engine}`, () => {
    testWith('come back as they were put, also at the ends of every range', async (store) => {
      const small = productWith({
        sku: skuOf(1),
        price: money(0, 'UAH'),
        weightGrams: 0,
        description: '',
        image: undefined,
      })
      const large = productWith({
        sku: skuOf(uint32Max),
        id: 'prod_1',
        price: money(uint32Max, 'JPY'),
        name: 'ґ'.repeat(500),
        image: 'https://example.com/ї.jpg',
        withdrawn: true,
        createdAt: instantOf(8_640_000_000_000_000),
      })
      await put(store, small, large)
      expect(await store.read((tx) => productOf(tx, shop, small.sku))).toEqual(small)
      expect(await store.write((tx) => lockProduct(tx, shop, large.sku))).toEqual(large)
      expect(await store.read((tx) => productOf(tx, shop, skuOf(2)))).toBeUndefined()
    })

    testWith('with a SKU or an id that is taken are not put, and what is there stays', async (store) => {
      const first = productWith({ sku: skuOf(1), id: 'prod_1' })
      await put(store, first)
      const sameSku = productWith({ sku: skuOf(1), id: 'prod_2' })
      const sameId = productWith({ sku: skuOf(2), id: 'prod_1' })
      expect(await store.write((tx) => putNewProduct(tx, sameSku))).toBe(false)
      expect(await store.write((tx) => putNewProduct(tx, sameId))).toBe(false)
      expect(await store.read((tx) => productsOf(tx, shop, [skuOf(1), skuOf(2)]))).toEqual([first])
    })

    testWith('of another tenant are neither seen nor in the way', async (store) => {
      const ours = productWith({ sku: skuOf(1), id: 'prod_1', name: 'ours' })
      const theirs = { ...ours, tenantId: 'other' as TenantId, name: 'theirs' }
      await put(store, ours, theirs)
      expect(await store.read((tx) => productOf(tx, shop, ours.sku))).toEqual(ours)
      expect(await store.read((tx) => productsOf(tx, theirs.tenantId, [ours.sku]))).toEqual([theirs])
      expect(await store.read((tx) => skusAfter(tx, 'third' as TenantId, 0, 10))).toEqual([])
      await store.write((tx) => putProductState(tx, { ...ours, withdrawn: true, version: 2 }))
      expect(await store.read((tx) => productOf(tx, theirs.tenantId, ours.sku))).toEqual(theirs)
    })

    testWith('take their next state over the version that it was made from only', async (store) => {
      const product = productWith({ sku: skuOf(1), version: 1 })
      await put(store, product)
      const next = {
        ...product,
        name: 'another',
        description: 'another',
        category: 'another',
        price: money(2, 'EUR'),
        weightGrams: 2,
        image: 'another',
        withdrawn: true,
        version: 2,
        updatedAt: instantOf(2),
      }
      await store.write((tx) => putProductState(tx, next))
      expect(await store.read((tx) => productOf(tx, shop, product.sku))).toEqual(next)
      await expect(store.write((tx) => putProductState(tx, next))).rejects.toThrow('not at version 1')
      expect(await store.read((tx) => productOf(tx, shop, product.sku))).toEqual(next)
    })

    testWith('are found by a list of SKUs, each once, ascending', async (store) => {
      const products = [3, uint32Max, 1].map((sku) => productWith({ sku: skuOf(sku), id: `prod_${sku}` }))
      await put(store, ...products)
      const asked = [uint32Max, 2, 1, 1].map(skuOf)
      const found = await store.read((tx) => productsOf(tx, shop, asked))
      expect(found.map(({ sku }) => sku)).toEqual([1, uint32Max].map(skuOf))
      expect(await store.read((tx) => productsOf(tx, shop, []))).toEqual([])
    })

    testWith('are paged by SKU: after the given one, ascending, without those withdrawn', async (store) => {
      const products = [5, 1, 4, 2, 3, uint32Max].map((sku) =>
        productWith({ sku: skuOf(sku), id: `prod_${sku}`, withdrawn: sku === 2 }),
      )
      await put(store, ...products)
      const page = (after: number, count: number) =>
        store.read((tx) => skusAfter(tx, shop, after as Sku, count))
      expect(await page(0, 1000)).toEqual([1, 3, 4, 5, uint32Max].map(skuOf))
      expect(await page(0, 2)).toEqual([1, 3].map(skuOf))
      expect(await page(1, 2)).toEqual([3, 4].map(skuOf))
      expect(await page(2, 1)).toEqual([3].map(skuOf))
      expect(await page(5, 1)).toEqual([skuOf(uint32Max)])
      expect(await page(uint32Max, 1000)).toEqual([])
    })

    testWith('cannot be written outside of what a product may be', async (store) => {
      const wrongs: Record<string, Partial<Product>> = {
        'a SKU of 0': { sku: skuOf(0) },
        'a SKU past uint32': { sku: skuOf(uint32Max + 1) },
        'a price below 0': { price: money(-1, 'UAH') },
        'a price past uint32': { price: money(uint32Max + 1, 'UAH') },
        'no name': { name: '' },
        'a name without end': { name: 'x'.repeat(501) },
        'a description without end': { description: 'x'.repeat(10_001) },
        'no category': { category: '' },
        'a weight below 0': { weightGrams: -1 },
        'a version of 0': { version: 0 },
        'an id of something else': { id: 'ord_1' as 'prod_1' },
      }
      const written: string[] = []
      for (const [what, wrong] of Object.entries(wrongs)) {
        const writing = store.write((tx) => putNewProduct(tx, productWith(wrong)))
        await writing.then(
          () => written.push(what),
          (error) => expect(String(error.cause ?? error)).toMatch(/constraint/i),
        )
      }
      expect(written).toEqual([])
    })
  })
}
