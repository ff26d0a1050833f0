//! Full-text search: one suite for both engines.
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import type { TenantId } from '../../contracts/ids.ts'
import { instantOf } from '../../contracts/time.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import type { Product } from '../domain/product.ts'
import { wordsOf } from '../domain/words.ts'
import { openCatalog, productWith, shop, skuOf } from '../fixture.ts'
import { listProducts } from './product-list.ts'
import { putNewProduct, putProductState } from './products.ts'
import type { CatalogStore } from './schema.ts'

setDefaultTimeout(30_000)
const server = await startPostgres()
afterAll(() => server?.stop())

searchSuite('sqlite', () => openCatalog())
if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: search is not tested on it', () => undefined)
} else {
  searchSuite('postgres', async () => await openCatalog(await server.createDatabase()))
}

const goods: readonly Partial<Product>[] = [
  { name: 'Кава в зернах «Львівський ранок», 1 кг', description: 'Арабіка середнього обсмаження.' },
  { name: 'Чай трав’яний', description: 'М’ята, липа; хто не п’є каву, п’є це.' },
  { name: 'Ёлочная игрушка «Мёд»', description: 'Стекло, ручная роспись.' },
  { name: 'Їжак плюшевий', description: 'Ґудзики-очі, висота 25см.' },
  { name: 'ESPRESSO machine DZ-300', description: '15 bar, made in Łódź; also for café crème.' },
  { name: 'Мʼята сушена', description: 'Пакет/50 г, @home_garden, 100%🎁подарунок.' },
]

function searchSuite(engine: string, open: () => Promise<CatalogStore>): void {
  describe(`search on ${engine}`, () => {
    const testWith = (name: string, run: (store: CatalogStore) => Promise<void>) =>
      test(name, async () => {
        const store = await open()
        try {
          await put(store, goods)
          await run(store)
        } finally {
          await store.close()
        }
      })

    /** SKUs 1, 2, 3 … in their order. */
    const put = (store: CatalogStore, products: readonly Partial<Product>[]) =>
      store.write(async (tx) => {
        for (const [index, own] of products.entries()) {
          const numbered = { sku: skuOf(index + 1), id: `prod_${index + 1}` as const, ...own }
          expect(await putNewProduct(tx, productWith(numbered))).toBe(true)
        }
      })

    const find = async (store: CatalogStore, query: string, tenantId = shop, category?: string) => {
      const filter = { tenantId, category, words: wordsOf(query) }
      const { products, total } = await store.read((tx) =>
        listProducts(tx, filter, { limit: 100, offset: 0 }),
      )
      expect(total).toBe(products.length)
      return products.map(({ sku }) => Number(sku))
    }
    const everything = goods.map((_, index) => index + 1)

    testWith('finds words of name and description by their beginning, in any case', async (store) => {
      for (const [query, found] of [
        ['арабіка', [1]],
        ['АРАБ', [1]],
        ['львівський', [1]],
        ['зерн', [1]],
        ['ернах', []],
        ['їжак', [4]],
        ['ЇЖАК', [4]],
        ['ґудз', [4]],
        ['ҐУДЗИКИ', [4]],
        ['espresso', [5]],
        ['Machine', [5]],
        ['café', [5]],
        ['CAFÉ', [5]],
        ['łódź', [5]],
        ['25см', [4]],
        ['25', [4]],
        ['300', [5]],
      ] as const)
        expect({ query, found: await find(store, query) }).toEqual({ query, found: [...found] })
    })

    testWith('finds ё by е and е by ё', async (store) => {
      for (const query of ['елочная', 'Ёлочная', 'ЕЛОЧ', 'мед', 'мёд', 'МЁД'])
        expect({ query, found: await find(store, query) }).toEqual({ query, found: [3] })
    })

    testWith('finds letters that come as a letter and its mark', async (store) => {
      expect(await find(store, 'їжак'.normalize('NFD'))).toEqual([4])
      expect(await find(store, 'львівський'.normalize('NFD'))).toEqual([1])
    })

    testWith('finds what is written with whatever apostrophe, quote or sign', async (store) => {
      for (const query of ['м’ята', "м'ята", 'мʼята', 'м`ята'])
        expect({ query, found: (await find(store, query)).toSorted() }).toEqual({ query, found: [2, 6] })
      for (const query of ['home', 'garden', 'подарунок', '100', '50'])
        expect({ query, found: await find(store, query) }).toEqual({ query, found: [6] })
    })

    testWith('wants every word, in whatever order and place', async (store) => {
      expect(await find(store, 'ранок кав')).toEqual([1])
      expect(await find(store, 'кав липа')).toEqual([2])
      expect(await find(store, 'кава їжак')).toEqual([])
      expect(await find(store, 'dz 15 espr')).toEqual([5])
    })

    testWith('puts what has the word in its name before what only tells of it', async (store) => {
      expect(await find(store, 'кав')).toEqual([1, 2])
      await put(store, [
        { sku: skuOf(90), id: 'prod_90', name: 'Млин', description: 'Меле перець.' },
        { sku: skuOf(91), id: 'prod_91', name: 'Перець чорний', description: 'Горошком.' },
      ])
      expect(await find(store, 'перець')).toEqual([91, 90])
    })

    testWith('orders equals by SKU, so that pages neither repeat nor leave out', async (store) => {
      const same = Array.from({ length: 25 }, (_, index) => ({
        sku: skuOf(200 - index),
        id: `prod_${200 - index}` as const,
        name: 'Олівець',
        description: 'Простий.',
      }))
      await put(store, same)
      const filter = { tenantId: shop, words: wordsOf('олівець') }
      const pages = await Promise.all(
        [0, 10, 20, 30].map((offset) => store.read((tx) => listProducts(tx, filter, { limit: 10, offset }))),
      )
      expect(pages.map(({ total }) => total)).toEqual([25, 25, 25, 25])
      const skus = pages.flatMap(({ products }) => products.map(({ sku }) => Number(sku)))
      expect(skus).toEqual(same.map(({ sku }) => Number(sku)).toSorted((a, b) => a - b))
    })

    testWith('finds within a category, and only what is sold', async (store) => {
      await put(store, [{ sku: skuOf(90), id: 'prod_90', name: 'Кавоварка', category: 'kitchen' }])
      expect((await find(store, 'кав')).toSorted()).toEqual([1, 2, 90])
      expect(await find(store, 'кав', shop, 'kitchen')).toEqual([90])
      expect(await find(store, '', shop, 'kitchen')).toEqual([90])
      expect(await find(store, 'кав', shop, 'none')).toEqual([])
      const next = { sku: skuOf(90), id: 'prod_90' as const, name: 'Кавоварка', version: 2, withdrawn: true }
      await store.write((tx) => putProductState(tx, productWith({ ...next, category: 'kitchen' })))
      expect(await find(store, 'кавоварка')).toEqual([])
      expect(await find(store, '', shop, 'kitchen')).toEqual([])
    })

    testWith('finds what a product says now, not what it said', async (store) => {
      const edited = { sku: skuOf(1), id: 'prod_1' as const, version: 2, updatedAt: instantOf(2_000) }
      await store.write((tx) =>
        putProductState(tx, productWith({ ...edited, name: 'Какао', description: 'Мёд' })),
      )
      expect(await find(store, 'кав')).toEqual([2])
      expect(await find(store, 'арабіка')).toEqual([])
      expect(await find(store, 'какао мед')).toEqual([1])
    })

    testWith(
      'forgets products that a tool takes out of the table, and knows those that it puts back',
      async (store) => {
        await store.write(async ({ db, tables }) => await db.delete(tables.products))
        await put(store, [{ name: 'Сіль' }])
        const words = await store.read(({ db }) => db.select({ sku: sql`sku` }).from(sql`product_search`))
        expect(words.map(({ sku }) => Number(sku))).toEqual([1])
        expect(await find(store, 'сіль')).toEqual([1])
        expect(await find(store, 'кав')).toEqual([])
      },
    )

    testWith('sees no word of a change that was undone', async (store) => {
      const undone = store.write(async (tx) => {
        await putNewProduct(tx, productWith({ sku: skuOf(90), id: 'prod_90', name: 'Привид' }))
        throw new Error('undone')
      })
      await expect(undone).rejects.toThrow('undone')
      expect(await find(store, 'привид')).toEqual([])
    })

    testWith('never finds what another shop sells', async (store) => {
      const others = ['other', 'def', 'default2'].map((tenant) => tenant as TenantId)
      for (const tenantId of others) await put(store, [{ tenantId, name: `Кава ${tenantId}` }])
      expect(await find(store, 'кава')).toEqual([1])
      for (const tenantId of others) {
        expect(await find(store, 'кав', tenantId)).toEqual([1])
        expect(await find(store, tenantId, shop)).toEqual([])
        const changed = productWith({ tenantId, sku: skuOf(1), id: 'prod_1', name: 'Сіль', version: 2 })
        await store.write((tx) => putProductState(tx, changed))
        expect(await find(store, 'кав', tenantId)).toEqual([])
      }
      expect((await find(store, 'кав')).toSorted()).toEqual([1, 2])
    })

    testWith('with nothing to look for shows everything', async (store) => {
      for (const query of ['', ' ', '"', "'", '*', '«»—…', '()', '\\', '%', '🎁', ':*', '!!!'])
        expect({ query, found: await find(store, query) }).toEqual({ query, found: everything })
    })

    testWith('takes operators of its engine for the words that they are', async (store) => {
      for (const query of [
        'кава*',
        '"кава',
        "кава'",
        'кава:*',
        '-кава',
        '!кава',
        '(кава',
        'кава)',
        '^кава',
        'name:кава',
        '{name}:кава',
        'кава AND',
        'кава OR чай',
        'кава NOT чай',
        'NEAR(кава чай, 5)',
        'кава & чай',
        'кава | чай',
        'кава <-> чай',
        "кава'; drop table products; --",
        'tenant : t',
        'к\\ава',
        '\u0001кава',
      ]) {
        const words = wordsOf(query)
        const found = await find(store, query)
        const texts = goods.map(({ name, description }) => wordsOf(`${name} ${description}`))
        const wanted = everything.filter((sku) =>
          words.every((word) => texts[sku - 1]?.some((each) => each.startsWith(word))),
        )
        expect({ query, found: found.toSorted() }).toEqual({ query, found: wanted })
      }
    })

    testWith('takes a thousand characters of anything', async (store) => {
      for (const unit of [
        'а',
        'а ',
        '漢',
        '𠀀',
        '"',
        "'",
        '*',
        'а"*',
        "' & '",
        '\\',
        '1',
        '1.',
        '-1 ',
        'É',
        'ё',
      ])
        await find(store, unit.repeat(1000).slice(0, 1000))
      const alphabet = Array.from({ length: 1000 }, (_, index) => String.fromCodePoint(0x21 + index))
      await find(store, alphabet.join(''))
      await find(store, alphabet.join(' '))
      // Of a word that is longer than any the beginning is what counts.
      await put(store, [{ sku: skuOf(90), id: 'prod_90', name: 'щ'.repeat(450) }])
      expect(await find(store, 'щ'.repeat(1000))).toEqual([90])
    })
  })
}
