//! Putting and withdrawing products: what is written, what is announced, and what a repeat does.
import { afterAll, describe, expect, test } from 'bun:test'
import type { TenantId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { toRfc3339 } from '../../contracts/time.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { callWith, openCatalog, shop, skuOf, startCatalog } from '../fixture.ts'
import { productOf } from '../store/products.ts'
import { type PutProduct, putProduct } from './put-product.ts'
import { withdrawProduct } from './withdraw-product.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

const coffee: PutProduct = {
  sku: skuOf(2001),
  name: 'Кава в зернах, 1 кг',
  description: 'Суміш арабіки.',
  category: 'coffee-and-tea',
  price: money(69_900, 'UAH'),
  weightGrams: 1030,
  image: undefined,
}

const testWith = (name: string, run: (catalog: Awaited<ReturnType<typeof startCatalog>>) => Promise<void>) =>
  test(name, async () => {
    const catalog = await startCatalog()
    try {
      await run(catalog)
    } finally {
      await catalog.end()
    }
  })

describe('putting a product', () => {
  testWith('writes it at version 1 and announces it whole', async ({ deps, facts }) => {
    const answer = await putProduct(deps, callWith(), { ...coffee, id: 'prod_123' })
    if (!answer.ok) throw new Error(answer.error.code)
    const product = answer.value
    expect(product).toMatchObject({ ...coffee, id: 'prod_123', tenantId: shop, version: 1, withdrawn: false })
    expect(await deps.store.read((tx) => productOf(tx, shop, coffee.sku))).toEqual(product)
    expect(await facts()).toEqual([
      {
        product_id: 'prod_123',
        sku: 2001,
        tenant_id: shop,
        name: coffee.name,
        category: coffee.category,
        price: 69_900,
        currency: 'UAH',
        weight_grams: 1030,
        withdrawn: false,
        version: 1,
        moment: toRfc3339(product.updatedAt),
      },
    ])
  })

  testWith('without an id makes one, and keeps it at every edit', async ({ deps }) => {
    const first = await putProduct(deps, callWith(), coffee)
    const second = await putProduct(deps, callWith(), { ...coffee, name: 'another' })
    if (!first.ok || !second.ok) throw new Error('refused')
    expect(first.value.id).toMatch(/^prod_[0-9a-f]{32}$/)
    expect(second.value).toMatchObject({ id: first.value.id, name: 'another', version: 2 })
  })

  testWith('with the same content again changes and announces nothing', async ({ deps, facts }) => {
    const first = await putProduct(deps, callWith(), { ...coffee, id: 'prod_123' })
    expect(await putProduct(deps, callWith(), { ...coffee, id: 'prod_123' })).toEqual(first)
    expect(await putProduct(deps, callWith(), coffee)).toEqual(first)
    expect(await facts()).toHaveLength(1)
  })

  testWith('announces every version, in order and without gaps', async ({ deps, facts }) => {
    const prices = [1, 2, 2, 3].map((price) => money(price, 'UAH'))
    for (const price of prices) await putProduct(deps, callWith(), { ...coffee, price })
    await withdrawProduct(deps, callWith(), coffee)
    await withdrawProduct(deps, callWith(), coffee)
    await putProduct(deps, callWith(), { ...coffee, price: money(3, 'UAH') })
    expect((await facts()).map(({ version, price, withdrawn }) => [version, price, withdrawn])).toEqual([
      [1, 1, false],
      [2, 2, false],
      [3, 3, false],
      [4, 3, true],
      [5, 3, false],
    ])
  })

  testWith(
    'is refused where the id is another’s or the SKU has another, and nothing is told',
    async (catalog) => {
      const { deps, facts } = catalog
      await putProduct(deps, callWith(), { ...coffee, id: 'prod_123' })
      const refused = { ok: false, error: { code: 'product_id_conflict' } } as const
      const taken = { ...coffee, sku: skuOf(2), id: 'prod_123' } as const
      const renamed = { ...coffee, name: 'another', id: 'prod_124' } as const
      expect(await putProduct(deps, callWith(), taken)).toEqual(refused)
      expect(await putProduct(deps, callWith(), renamed)).toEqual(refused)
      expect(await facts()).toHaveLength(1)
      expect(await deps.store.read((tx) => productOf(tx, shop, skuOf(2)))).toBeUndefined()
    },
  )

  testWith('of one tenant is no matter of another', async ({ deps, facts }) => {
    const other = 'other' as TenantId
    await putProduct(deps, callWith(), { ...coffee, id: 'prod_123' })
    const theirs = await putProduct(deps, callWith({ tenantId: other }), {
      ...coffee,
      id: 'prod_123',
      name: 'x',
    })
    expect(theirs).toMatchObject({ ok: true, value: { tenantId: other, version: 1 } })
    expect((await facts()).map(({ tenant_id }) => tenant_id)).toEqual([shop, other])
  })

  testWith('under an idempotency key is done once, and the key is for that product only', async (catalog) => {
    const { deps, facts } = catalog
    const key = { key: 'k', scope: 'service put', fingerprint: 'a' }
    const call = callWith({ idempotency: key })
    const first = await putProduct(deps, call, coffee)
    await putProduct(deps, callWith(), { ...coffee, name: 'edited meanwhile' })
    const replay = await putProduct(deps, callWith({ idempotency: key }), coffee)
    expect(first.ok && replay.ok && replay.value).toEqual(first.ok && JSON.parse(JSON.stringify(first.value)))
    expect(replay.replayOf).toBe(call.requestId)
    const reused = await putProduct(deps, callWith({ idempotency: { ...key, fingerprint: 'b' } }), coffee)
    expect(reused).toMatchObject({ ok: false, error: { code: 'idempotency_key_reused' } })
    expect(await facts()).toHaveLength(2)
  })
})

describe('withdrawing a product', () => {
  testWith('keeps its name and price, and a repeat has no second effect', async ({ deps, facts }) => {
    await putProduct(deps, callWith(), coffee)
    for (const _ of [1, 2])
      expect(await withdrawProduct(deps, callWith(), coffee)).toEqual({ ok: true, value: undefined })
    const product = await deps.store.read((tx) => productOf(tx, shop, coffee.sku))
    expect(product).toMatchObject({ name: coffee.name, price: coffee.price, withdrawn: true, version: 2 })
    expect((await facts()).map(({ withdrawn }) => withdrawn)).toEqual([false, true])
  })

  testWith('that there never was is refused, also where another tenant has it', async ({ deps, facts }) => {
    await putProduct(deps, callWith(), coffee)
    const refused = { ok: false, error: { code: 'product_not_found' } } as const
    expect(await withdrawProduct(deps, callWith(), { sku: skuOf(1) })).toEqual(refused)
    expect(await withdrawProduct(deps, callWith({ tenantId: 'other' as TenantId }), coffee)).toEqual(refused)
    expect(await facts()).toHaveLength(1)
  })
})

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: the race for a new SKU is not tested', () => undefined)
} else {
  test('twenty who create one SKU at once make one product, and every version is announced once', async () => {
    const { deps, facts, end } = await startCatalog(await openCatalog(await server.createDatabase()))
    const puts = Array.from({ length: 20 }, (_, index) =>
      putProduct(deps, callWith(), { ...coffee, price: money(index, 'UAH') }),
    )
    const answers = await Promise.all(puts)
    expect(answers.filter(({ ok }) => ok)).toHaveLength(20)
    expect((await facts()).map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    await end()
  })
}
