//! What the demo, the documents and the benchmarks may rely on in the demo shop.
import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { idSchema } from '../../contracts/ids.ts'
import { SkuSchema, uint32Max } from '../../contracts/scalars.ts'
import { type DemoProduct, demoProducts, demoSkus, demoWarehouses } from './shop.ts'

const totalOnHand = (product: DemoProduct) => product.stock.reduce((sum, row) => sum + row.onHand, 0)
const skusWhere = (holds: (product: DemoProduct) => boolean) =>
  demoProducts.filter(holds).map((product) => product.sku)
const distinct = <T>(values: readonly T[]) => new Set(values).size

function productOf(sku: number): DemoProduct {
  const product = demoProducts.find((candidate) => candidate.sku === sku)
  if (product === undefined) throw new Error(`the demo shop has no SKU ${sku}`)
  return product
}

// Each alphabet has letters that the other lacks; a text without Cyrillic is English.
function languagesOf({ name, description }: DemoProduct): string[] {
  const text = `${name} ${description}`
  const languages: string[] = []
  if (/[іїєґ]/iu.test(text)) languages.push('uk')
  if (/[ыэъё]/iu.test(text)) languages.push('ru')
  if (!/\p{Script=Cyrillic}/u.test(text)) languages.push('en')
  return languages
}

describe('the products', () => {
  test('are at least 240, in at least 12 categories of at least 12 each', () => {
    expect(demoProducts.length).toBeGreaterThanOrEqual(240)
    const categories = Map.groupBy(demoProducts, (product) => product.category)
    expect(categories.size).toBeGreaterThanOrEqual(12)
    for (const [category, products] of categories) {
      expect(category).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(products.length).toBeGreaterThanOrEqual(12)
    }
  })

  test('share no SKU, no id, no name and no description', () => {
    for (const member of ['sku', 'id', 'name', 'description'] as const) {
      expect(distinct(demoProducts.map((product) => product[member]))).toBe(demoProducts.length)
    }
  })

  test('have SKUs and ids that every door lets in', () => {
    expect(skusWhere(({ sku }) => !Value.Check(SkuSchema, sku))).toEqual([])
    expect(skusWhere(({ id }) => !Value.Check(idSchema('product'), id))).toEqual([])
  })

  test('have SKUs at both ends of the range and gaps between them', () => {
    const skus = demoProducts.map((product) => product.sku)
    expect(Math.min(...skus)).toBe(1)
    expect(Math.max(...skus)).toBe(uint32Max)
    const gaps = skus
      .toSorted((a, b) => a - b)
      .filter((sku, index, all) => index > 0 && sku !== (all[index - 1] ?? 0) + 1)
    expect(gaps.length).toBeGreaterThanOrEqual(20)
  })

  test('cost a whole number of kopecks that fits uint32, from one hryvnia to a hundred thousand', () => {
    expect(skusWhere(({ price }) => !Number.isInteger(price) || price < 100 || price > 10_000_000)).toEqual(
      [],
    )
  })

  test('weigh a whole number of grams, at least one and at most what a courier carries', () => {
    expect(
      skusWhere(
        ({ weightGrams }) => !Number.isInteger(weightGrams) || weightGrams < 1 || weightGrams > 30_000,
      ),
    ).toEqual([])
  })

  test('are told in one language each: about half Ukrainian, a quarter Russian, a quarter English', () => {
    expect(skusWhere((product) => languagesOf(product).length !== 1)).toEqual([])
    const share = (language: string) =>
      skusWhere((product) => languagesOf(product).includes(language)).length / demoProducts.length
    expect(share('uk')).toBeWithin(0.4, 0.6)
    expect(share('ru')).toBeWithin(0.2, 0.35)
    expect(share('en')).toBeWithin(0.15, 0.3)
  })

  test('use the letters that searches get wrong: ґ, є, ї, ё, э and the apostrophe within a word', () => {
    const text = demoProducts.map(({ name, description }) => `${name} ${description}`).join(' ')
    for (const letter of ['ґ', 'є', 'ї', 'ё', 'э']) expect(text).toContain(letter)
    expect(text).toMatch(/\p{Script=Cyrillic}’\p{Script=Cyrillic}/u)
    // One sign for one sound: the typewriter's apostrophe would split the same word in two for a search.
    expect(text).not.toMatch(/['`ʼ]/)
    // Nor does a word mix alphabets: a Latin c in a Cyrillic word looks right and is never found.
    expect(text).not.toMatch(/\p{Script=Cyrillic}\p{Script=Latin}|\p{Script=Latin}\p{Script=Cyrillic}/u)
  })

  test('have names that fit a line and descriptions of one or two sentences', () => {
    expect(skusWhere(({ name }) => name.length < 5 || name.length > 60 || name !== name.trim())).toEqual([])
    expect(skusWhere(({ description }) => description.length < 30 || description.length > 160)).toEqual([])
    const sentenceEnds = (text: string) => text.match(/[.!?](?= \p{Lu}|$)/gu)?.length ?? 0
    expect(skusWhere(({ description }) => !description.endsWith('.'))).toEqual([])
    expect(skusWhere(({ description }) => sentenceEnds(description) > 2)).toEqual([])
  })

  test('include the one of the published examples, two of which cost 1500.00', () => {
    const product = demoProducts.find(({ id }) => id === 'prod_123')
    expect(product?.price).toBe(75_000)
    expect(product && totalOnHand(product)).toBeGreaterThanOrEqual(1_000_000)
  })
})

describe('the stock', () => {
  const warehouseIds = demoWarehouses.map((warehouse) => warehouse.id)

  test('stands in Kyiv, Lviv and Odesa', () => {
    expect([...demoWarehouses]).toEqual([
      { id: 1n, name: 'Kyiv' },
      { id: 2n, name: 'Lviv' },
      { id: 3n, name: 'Odesa' },
    ])
    for (const id of warehouseIds) {
      expect(
        demoProducts.some(({ stock }) => stock.some((row) => row.warehouseId === id && row.onHand > 0)),
      ).toBe(true)
    }
  })

  test('has for every product one to three rows, each of another known warehouse, ascending, none negative', () => {
    for (const { stock } of demoProducts) {
      const ids = stock.map((row) => row.warehouseId)
      expect(ids).toEqual(warehouseIds.filter((id) => ids.includes(id)))
      expect(ids.length).toBeGreaterThanOrEqual(1)
      for (const { onHand } of stock)
        expect(Number.isInteger(onHand) && onHand >= 0 && onHand <= uint32Max).toBe(true)
    }
  })

  test('of most products is in two or three warehouses, of at least 40 in one only', () => {
    expect(skusWhere(({ stock }) => stock.length >= 2).length).toBeGreaterThan(demoProducts.length / 2)
    expect(skusWhere(({ stock }) => stock.length === 3).length).toBeGreaterThanOrEqual(60)
    expect(
      skusWhere((product) => product.stock.length === 1 && totalOnHand(product) > 0).length,
    ).toBeGreaterThanOrEqual(40)
  })

  test('of at least 8 products is sold out and of at least 8 a single piece', () => {
    expect(skusWhere((product) => totalOnHand(product) === 0).length).toBeGreaterThanOrEqual(8)
    expect(skusWhere((product) => totalOnHand(product) === 1).length).toBeGreaterThanOrEqual(8)
  })

  test('of at least 30 products is 20,000 or more and of at least 5 a million or more', () => {
    expect(skusWhere((product) => totalOnHand(product) >= 20_000).length).toBeGreaterThanOrEqual(30)
    expect(skusWhere((product) => totalOnHand(product) >= 1_000_000).length).toBeGreaterThanOrEqual(5)
  })

  test('fits uint32 when it is added up over the warehouses', () => {
    expect(skusWhere((product) => totalOnHand(product) > uint32Max)).toEqual([])
  })
})

describe('the handy SKUs', () => {
  test('are what they are called', () => {
    const popular = productOf(demoSkus.popular)
    expect(totalOnHand(popular)).toBeGreaterThanOrEqual(1_000_000)
    expect(popular.stock.length).toBe(3)
    expect(totalOnHand(productOf(demoSkus.single))).toBe(1)
    expect(totalOnHand(productOf(demoSkus.soldOut))).toBe(0)
    const oneWarehouse = productOf(demoSkus.oneWarehouse)
    expect(oneWarehouse.stock.length).toBe(1)
    expect(totalOnHand(oneWarehouse)).toBeGreaterThanOrEqual(100)
  })
})
