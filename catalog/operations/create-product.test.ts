//! New products in a crowd, on both engines.
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { startPostgres } from '../../tests/harness/postgres.ts'
import type { Content } from '../domain/product.ts'
import { callWith, openCatalog, productWith, skuOf, startCatalog } from '../fixture.ts'
import { createProduct } from './create-product.ts'

setDefaultTimeout(30_000)
const server = await startPostgres()
afterAll(() => server?.stop())

const urls: Record<string, () => Promise<string>> = {
  sqlite: async () => 'sqlite::memory:',
  ...(server && { postgres: () => server.createDatabase() }),
}
const { name, description, category, price, weightGrams, image } = productWith({})
const content: Content = { name, description, category, price, weightGrams, image }

for (const [engine, urlOf] of Object.entries(urls)) {
  test(`each gets a SKU of its own, one after the other, on ${engine}`, async () => {
    const catalog = await startCatalog(await openCatalog(await urlOf()))
    try {
      const asked = Array.from({ length: 24 }, () => createProduct(catalog.deps, callWith(), content))
      const answers = await Promise.all(asked)
      const skus = answers.map((answer) => (answer.ok ? Number(answer.value.sku) : answer.error.code))
      expect(skus.toSorted((a, b) => Number(a) - Number(b))).toEqual(
        Array.from({ length: 24 }, (_, index) => index + 1),
      )
      expect(await catalog.facts()).toHaveLength(24)
    } finally {
      await catalog.end()
    }
  })

  test(`of one SKU or one id that many ask for there is one, on ${engine}`, async () => {
    const catalog = await startCatalog(await openCatalog(await urlOf()))
    try {
      const outcomes = async (more: Partial<Parameters<typeof createProduct>[2]>) => {
        const asked = Array.from({ length: 12 }, (_, index) =>
          createProduct(catalog.deps, callWith(), { ...content, name: `name ${index}`, ...more }),
        )
        const answers = await Promise.all(asked)
        return answers.map((answer): string => (answer.ok ? 'made' : answer.error.code)).toSorted()
      }
      const refused = (code: string) => Array.from({ length: 11 }, () => code)
      expect(await outcomes({ sku: skuOf(7) })).toEqual(['made', ...refused('sku_taken')])
      expect(await outcomes({ id: 'prod_x' })).toEqual(['made', ...refused('product_id_conflict')])
      expect(await catalog.facts()).toHaveLength(2)
    } finally {
      await catalog.end()
    }
  })
}
