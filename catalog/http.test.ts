//! get_product and list_skus through the real router.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { money } from '../contracts/money.ts'
import { uint32Max } from '../contracts/scalars.ts'
import { invalid, post, refusalOf } from '../tests/harness/ask.ts'
import { callWith, httpDoor, productWith, skuOf, startCatalog } from './fixture.ts'
import { putProduct } from './operations/put-product.ts'
import { withdrawProduct } from './operations/withdraw-product.ts'

const catalog = await startCatalog()
const app = httpDoor(catalog.deps)
afterAll(() => catalog.end())

const token = 'testtoken'
const sold = [1, 2, 4, uint32Max]

beforeAll(async () => {
  for (const sku of [...sold, 3]) {
    const { name, description, category, weightGrams, image } = productWith({ name: `product ${sku}` })
    const content = { name, description, category, weightGrams, image, price: money(sku, 'UAH') }
    await putProduct(catalog.deps, callWith(), { ...content, sku: skuOf(sku) })
  }
  await withdrawProduct(catalog.deps, callWith(), { sku: skuOf(3) })
})

describe('POST /get_product', () => {
  const route = '/get_product'

  test('answers name and price and nothing else, to the ends of uint32', async () => {
    for (const sku of [1, uint32Max]) {
      const { status, body } = await post(app, route, { token, sku })
      expect({ status, body }).toEqual({ status: 200, body: { name: `product ${sku}`, price: sku } })
    }
  })

  test('answers the price of now, not of before', async () => {
    const { name, description, category, weightGrams, image } = productWith({ name: 'product 2' })
    const content = { name, description, category, weightGrams, image, sku: skuOf(2) }
    await putProduct(catalog.deps, callWith(), { ...content, price: money(777, 'UAH') })
    expect((await post(app, route, { token, sku: 2 })).body).toEqual({ name: 'product 2', price: 777 })
  })

  test('answers 404 for what is not sold, or not any more', async () => {
    for (const sku of [3, 5]) {
      expect(await refusalOf(app, route, { token, sku })).toMatchObject({
        status: 404,
        code: 'product_not_found',
      })
    }
  })

  test('answers 401 for a wrong token, whether the product is there or not', async () => {
    for (const wrong of ['testtokem', 'TESTTOKEN', 'testtoken ', '']) {
      for (const sku of [1, 5]) {
        expect(await refusalOf(app, route, { token: wrong, sku })).toMatchObject({
          status: 401,
          code: 'bad_token',
        })
      }
    }
  })

  test('answers 400 with the path for a SKU that is no uint32 of at least 1', async () => {
    for (const sku of [0, -1, uint32Max + 1, 1.5, '1', null, true, [1]]) {
      expect(await refusalOf(app, route, { token, sku })).toEqual(invalid('/sku'))
    }
  })

  test('answers 400 with every path that is wrong: missing, of another type, unknown', async () => {
    expect(await refusalOf(app, route, {})).toEqual(invalid('/token', '/sku'))
    expect(await refusalOf(app, route, { token: 1, sku: 1, price: 0 })).toEqual(invalid('/token', '/price'))
    expect(await refusalOf(app, route, { token: 'x'.repeat(1025), sku: 1 })).toEqual(invalid('/token'))
  })

  test('answers 400 for what is not JSON', async () => {
    expect(await refusalOf(app, route, '{')).toMatchObject({ status: 400, code: 'malformed_body' })
  })
})

describe('POST /list_skus', () => {
  const route = '/list_skus'
  const list = async (startAfterSku: number, count: number) => {
    const { status, body } = await post(app, route, { token, startAfterSku, count })
    expect(status).toBe(200)
    return body
  }

  test('answers what is sold, ascending, after the given SKU, and nothing else', async () => {
    expect(await list(0, 1000)).toEqual({ skus: sold })
    expect(await list(0, 1)).toEqual({ skus: [1] })
    expect(await list(2, 1)).toEqual({ skus: [4] })
    expect(await list(3, 2)).toEqual({ skus: [4, uint32Max] })
    expect(await list(uint32Max, 1)).toEqual({ skus: [] })
  })

  test('answers 401 for a wrong token', async () => {
    const wrong = { token: 'x', startAfterSku: 0, count: 1 }
    expect(await refusalOf(app, route, wrong)).toMatchObject({ status: 401, code: 'bad_token' })
  })

  test('answers 400 with the path outside the ranges', async () => {
    for (const startAfterSku of [-1, uint32Max + 1, 0.5, '0', null]) {
      expect(await refusalOf(app, route, { token, startAfterSku, count: 1 })).toEqual(
        invalid('/startAfterSku'),
      )
    }
    for (const count of [0, -1, 1001, 1.5, '1', null]) {
      expect(await refusalOf(app, route, { token, startAfterSku: 0, count })).toEqual(invalid('/count'))
    }
  })

  test('answers 400 with every path that is missing or unknown', async () => {
    expect(await refusalOf(app, route, {})).toEqual(invalid('/token', '/startAfterSku', '/count'))
    const more = { token, startAfterSku: 0, count: 1, after: 1 }
    expect(await refusalOf(app, route, more)).toEqual(invalid('/after'))
  })
})

test('the examples of the document are requests that work', async () => {
  for (const { path, body } of app.routes.filter(({ surface }) => surface === 'rpc')) {
    const examples: readonly unknown[] = body?.examples ?? []
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) expect([200, 404]).toContain((await post(app, path, example)).status)
  }
})
