//! What the other services are answered.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { TenantId } from '../contracts/ids.ts'
import { money } from '../contracts/money.ts'
import { GetProducts, GetSkus } from '../contracts/rpc/catalog.ts'
import { uint32Max } from '../contracts/scalars.ts'
import { callWith, productWith, skuOf, startCatalog } from './fixture.ts'
import { putProduct } from './operations/put-product.ts'
import { withdrawProduct } from './operations/withdraw-product.ts'
import { rpcHandlers } from './rpc.ts'

const catalog = await startCatalog()
afterAll(() => catalog.end())

const prices = new Map([
  [1, 0],
  [2, 100],
  [uint32Max, uint32Max],
])

beforeAll(async () => {
  const { deps } = catalog
  for (const [sku, price] of [...prices, [3, 300] as const]) {
    const { name, description, category, weightGrams, image } = productWith({ name: `product ${sku}` })
    const content = { name, description, category, weightGrams, image, price: money(price, 'UAH') }
    await putProduct(deps, callWith(), { ...content, sku: skuOf(sku) })
  }
  await withdrawProduct(deps, callWith(), { sku: skuOf(3) })
})

async function ask(skus: readonly number[], own: Parameters<typeof callWith>[0] = {}) {
  const [handler] = rpcHandlers(catalog.deps)
  const answer = await handler?.run(callWith(own), { skus })
  if (!answer?.ok) throw new Error('refused')
  if (!Value.Check(GetProducts.reply, answer.value)) throw new Error('the reply breaks its schema')
  return answer.value.products
}

describe('GetProducts', () => {
  test('answers names and prices, ascending, without those that are withdrawn or were never sold', async () => {
    expect(await ask([uint32Max, 4, 3, 2, 1])).toEqual(
      [...prices].map(([sku, price]) => ({
        sku: skuOf(sku),
        id: expect.stringMatching(/^prod_/),
        name: `product ${sku}`,
        price,
      })),
    )
  })

  test('answers a SKU that is asked for twice once', async () => {
    expect(await ask([2, 2])).toHaveLength(1)
  })

  test('of a hundred SKUs finds each that there is', async () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect((await ask(hundred)).map(({ sku }) => sku)).toEqual([1, 2].map(skuOf))
  })

  test('is empty where nothing is sold, as for another tenant', async () => {
    expect(await ask([4])).toEqual([])
    expect(await ask([1], { tenantId: 'other' as TenantId })).toEqual([])
  })
})

describe('GetSkus', () => {
  async function skusOf(ids: readonly string[], own: Parameters<typeof callWith>[0] = {}) {
    const handler = rpcHandlers(catalog.deps).find(({ method }) => method.subject === GetSkus.subject)
    const answer = await handler?.run(callWith(own), { ids })
    if (!answer?.ok) throw new Error('refused')
    if (!Value.Check(GetSkus.reply, answer.value)) throw new Error('the reply breaks its schema')
    return answer.value.products
  }
  const rows = () => catalog.deps.store.read((tx) => tx.db.select().from(tx.tables.products))

  test('answers the SKU of each product that is sold, and nothing of others', async () => {
    const all = await rows()
    const sold = all.filter(({ withdrawn }) => !withdrawn)
    expect(sold.length).toBeLessThan(all.length)
    const answered = await skusOf([...all.map(({ id }) => id), 'prod_nothing', ...all.map(({ id }) => id)])
    expect(answered.toSorted((a, b) => a.sku - b.sku)).toEqual(
      sold.map(({ id, sku }) => ({ id, sku })).toSorted((a, b) => a.sku - b.sku),
    )
  })

  test('is empty for another tenant', async () => {
    const ids = (await rows()).map(({ id }) => id)
    expect(await skusOf(ids, { tenantId: 'other' as TenantId })).toEqual([])
  })
})
