//! catalog's resources through the real router: what is sold, what is found, and what only an admin may do.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { money } from '../contracts/money.ts'
import { uint32Max } from '../contracts/scalars.ts'
import type { Http } from '../runtime/http.ts'
import { ask, type Told } from '../tests/harness/ask.ts'
import { as, serviceToken } from '../tests/harness/doors.ts'
import { callWith, httpDoor, productWith, skuOf, startCatalog } from './fixture.ts'
import { putProduct } from './operations/put-product.ts'
import { withdrawProduct } from './operations/withdraw-product.ts'

let catalog: Awaited<ReturnType<typeof startCatalog>>
let app: Http

const goods = [
  [1, 'coffee-and-tea', 'Кава в зернах'],
  [2, 'coffee-and-tea', 'Чай до кави'],
  [3, 'books', 'Ёлка'],
  [4, 'toys', 'Їжак'],
] as const

beforeEach(async () => {
  catalog = await startCatalog()
  app = httpDoor(catalog.deps)
  for (const [sku, category, name] of goods) {
    const { description, weightGrams, image } = productWith({ description: 'Річ.' })
    const content = { name, description, category, weightGrams, image, price: money(sku * 100, 'UAH') }
    await putProduct(catalog.deps, callWith(), { ...content, sku: skuOf(sku), id: `prod_${sku}` })
  }
  await withdrawProduct(catalog.deps, callWith(), { sku: skuOf(4) })
})
afterEach(() => catalog.end())

const path = '/api/v1/products'
const look = (at: string) => ask(app, 'GET', at)
const admin = as('admin-1')
const create = (body: object, headers: Record<string, string> = admin) =>
  ask(app, 'POST', path, { body, headers })
const change = (id: string, body: object, headers: Record<string, string> = admin) =>
  ask(app, 'PATCH', `${path}/${id}`, { body, headers })
const remove = (id: string, headers: Record<string, string> = admin) =>
  ask(app, 'DELETE', `${path}/${id}`, { headers })

const refusal = ({ status, body }: Told) => ({ status, code: body.code })
const paths = ({ status, body }: Told) => ({
  status,
  paths: (body.errors as { path: string }[] | undefined)?.map((error) => error.path),
})
const skusIn = ({ body }: Told) => (body.data as { sku: string }[]).map(({ sku }) => sku)
const search = async (query: string) => skusIn(await look(`${path}?${query}`))
const factsAfter = async (run: () => Promise<unknown>) => {
  const before = (await catalog.facts()).length
  await run()
  return (await catalog.facts()).slice(before)
}

const tea = { name: 'Чай «Карпати»', description: 'М’ята.', category: 'coffee-and-tea', price: '129.00' }

describe('the shop window', () => {
  test('shows what is sold, a page at a time, to anybody', async () => {
    const { status, body } = await look(path)
    expect(status).toBe(200)
    expect(body.meta).toEqual({ page: 1, limit: 20, total: 3, pages: 1 })
    expect((body.data as unknown[])[0]).toEqual({
      id: 'prod_1',
      sku: '1',
      name: 'Кава в зернах',
      description: 'Річ.',
      category: 'coffee-and-tea',
      price: '1.00',
      currency: 'UAH',
      weight_grams: 120,
    })
    const second = await look(`${path}?page=2&limit=2`)
    expect(skusIn(second)).toEqual(['3'])
    expect(second.body.meta).toEqual({ page: 2, limit: 2, total: 3, pages: 2 })
    expect(await search('page=1000000&limit=100')).toEqual([])
  })

  test('has twenty on a page unless told', async () => {
    for (let sku = 100; sku < 120; sku += 1) {
      const { description, category, weightGrams, image, price } = productWith({})
      const content = { name: `Зошит ${sku}`, description, category, weightGrams, image, price }
      await putProduct(catalog.deps, callWith(), { ...content, sku: skuOf(sku) })
    }
    expect(await search('')).toHaveLength(20)
    expect(await search('page=2')).toHaveLength(3)
    expect(await search(`q=${encodeURIComponent('зошит')}&page=2`)).toEqual([])
  })

  test('is filtered by category and searched by words, alone and together', async () => {
    expect(await search('category=books')).toEqual(['3'])
    expect(await search('category=none')).toEqual([])
    expect(await search(`q=${encodeURIComponent('КАВ')}`)).toEqual(['1', '2'])
    expect(await search(`q=${encodeURIComponent('кав чай')}`)).toEqual(['2'])
    expect(await search(`q=${encodeURIComponent('елка')}&category=books`)).toEqual(['3'])
    expect(await search(`q=${encodeURIComponent('елка')}&category=toys`)).toEqual([])
    expect(await search(`q=${encodeURIComponent('їжак')}`)).toEqual([])
    expect(await search('q=')).toEqual(['1', '2', '3'])
  })

  test('takes any query of up to a thousand characters', async () => {
    for (const q of ['"', '*', "';--", '()', 'а'.repeat(1000), 'AND', '%'])
      expect((await look(`${path}?q=${encodeURIComponent(q)}`)).status).toBe(200)
    expect(paths(await look(`${path}?q=${'a'.repeat(1001)}`))).toEqual({ status: 400, paths: ['/q'] })
  })

  test('answers 400 with the path for pages that there cannot be', async () => {
    for (const [query, wrong] of [
      ['page=0', '/page'],
      ['limit=0', '/limit'],
      ['limit=101', '/limit'],
      ['page=x', '/page'],
      ['colour=red', '/colour'],
    ] as const)
      expect(paths(await look(`${path}?${query}`))).toEqual({ status: 400, paths: [wrong] })
  })

  test('shows one product by its id; what is withdrawn or was never there is 404', async () => {
    expect((await look(`${path}/prod_2`)).body).toMatchObject({ id: 'prod_2', sku: '2', price: '2.00' })
    for (const id of ['prod_4', 'prod_99'])
      expect(refusal(await look(`${path}/${id}`))).toEqual({ status: 404, code: 'product_not_found' })
    for (const id of ['2', 'prod_', 'prod_!', 'ord_2'])
      expect(paths(await look(`${path}/${id}`))).toEqual({ status: 400, paths: ['/id'] })
  })

  test('names the categories in which something is sold, and how much', async () => {
    expect((await look('/api/v1/categories')).body).toEqual({
      data: [
        { category: 'books', count: 1 },
        { category: 'coffee-and-tea', count: 2 },
      ],
      meta: { page: 1, limit: 20, total: 2, pages: 1 },
    })
    expect((await look('/api/v1/categories?page=2&limit=1')).body).toEqual({
      data: [{ category: 'coffee-and-tea', count: 2 }],
      meta: { page: 2, limit: 1, total: 2, pages: 2 },
    })
  })
})

describe('a new product', () => {
  test('is answered as it is sold, announced, listed and found', async () => {
    let made: Told | undefined
    const facts = await factsAfter(async () => {
      made = await create({ ...tea, weight_grams: 120, image: 'https://example.com/tea.jpg' })
    })
    expect(made?.status).toBe(201)
    const { id, ...rest } = made?.body ?? {}
    expect(rest).toEqual({
      ...tea,
      sku: '5',
      currency: 'UAH',
      weight_grams: 120,
      image: 'https://example.com/tea.jpg',
    })
    expect(facts).toEqual([
      expect.objectContaining({ product_id: id, sku: 5, price: 12_900, withdrawn: false, version: 1 }),
    ])
    expect((await look(`${path}/${id}`)).body).toEqual(made?.body ?? {})
    expect(await search(`q=${encodeURIComponent('карпати')}`)).toEqual(['5'])
  })

  test('has the SKU and id that it is given, else the next free SKU', async () => {
    expect((await create({ ...tea, sku: 50, id: 'prod_tea' })).body).toMatchObject({
      sku: '50',
      id: 'prod_tea',
      weight_grams: 0,
    })
    expect((await create(tea)).body.sku).toBe('51')
    expect((await create({ ...tea, sku: uint32Max })).body.sku).toBe(String(uint32Max))
    expect((await create({ ...tea, sku: '60' })).body.sku).toBe('60')
    // After the last SKU there is none: the first gap.
    expect((await create(tea)).body.sku).toBe('5')
    expect((await create(tea)).body.sku).toBe('6')
  })

  test('is 409 where its SKU is on sale or its id is another’s, and nothing changes', async () => {
    const facts = await factsAfter(async () => {
      expect(refusal(await create({ ...tea, sku: 1 }))).toEqual({ status: 409, code: 'sku_taken' })
      for (const body of [
        { ...tea, id: 'prod_1' },
        { ...tea, sku: 9, id: 'prod_4' },
      ])
        expect(refusal(await create(body))).toEqual({ status: 409, code: 'product_id_conflict' })
    })
    expect(facts).toEqual([])
    expect((await look(`${path}/prod_1`)).body.name).toBe('Кава в зернах')
  })

  test('of a withdrawn SKU is that product, on sale again as it is said to be now', async () => {
    expect(refusal(await create({ ...tea, sku: 4, id: 'prod_other' }))).toEqual({
      status: 409,
      code: 'product_id_conflict',
    })
    const { status, body, headers } = await create({ ...tea, sku: 4 })
    expect(headers.get('location')).toBe(`${path}/prod_4`)
    expect({ status, ...body }).toMatchObject({ status: 201, id: 'prod_4', sku: '4', name: tea.name })
    expect((await look(`${path}/prod_4`)).status).toBe(200)
  })

  test('is 400 with every path that is wrong', async () => {
    expect(paths(await create({}))).toEqual({
      status: 400,
      paths: ['/name', '/description', '/category', '/price'],
    })
    for (const [wrong, at] of [
      [{ name: ' ' }, '/name'],
      [{ name: 'x'.repeat(501) }, '/name'],
      [{ description: 'x'.repeat(10_001) }, '/description'],
      [{ category: '' }, '/category'],
      [{ sku: 0 }, '/sku'],
      [{ sku: uint32Max + 1 }, '/sku'],
      [{ sku: String(uint32Max + 1) }, '/sku'],
      [{ id: 'ord_1' }, '/id'],
      [{ currency: 'EUR' }, '/currency'],
      [{ image: 'javascript:alert(1)' }, '/image'],
      [{ weight_grams: -1 }, '/weight_grams'],
      [{ weight_grams: 1.5 }, '/weight_grams'],
      [{ colour: 'red' }, '/colour'],
    ] as const)
      expect(paths(await create({ ...tea, ...wrong }))).toEqual({ status: 400, paths: [at] })
  })

  test('keeps texts at the ends of their ranges, also where letters come apart', async () => {
    const longest = { name: '\u0958'.repeat(500), description: 'ї'.repeat(10_000), category: 'ґ'.repeat(100) }
    const { status, body } = await create({ ...tea, ...longest })
    expect({ status, body }).toMatchObject({ status: 201, body: longest })
    const composed = await create({ ...tea, name: 'Їжачок'.normalize('NFD') })
    expect(composed.body.name).toBe('Їжачок')
  })

  test('is made once however often it is asked for with one key', async () => {
    const keyed = { ...admin, 'idempotency-key': 'one' }
    const facts = await factsAfter(async () => {
      const [first, second] = await Promise.all([create(tea, keyed), create(tea, keyed)])
      expect(second.body).toEqual(first.body)
      expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
      expect(refusal(await create({ ...tea, name: 'Інше' }, keyed))).toEqual({
        status: 422,
        code: 'idempotency_key_reused',
      })
    })
    expect(facts).toHaveLength(1)
  })
})

describe('a price', () => {
  test('is money as text or number, to the ends of uint32', async () => {
    for (const [price, said] of [
      ['0', '0.00'],
      ['0.5', '0.50'],
      [0.07, '0.07'],
      [1500, '1500.00'],
      ['42949672.95', '42949672.95'],
      [42_949_672.95, '42949672.95'],
    ] as const)
      expect((await create({ ...tea, price })).body.price).toBe(said)
  })

  test('is 400 with its path where it has more decimals, passes uint32 or is none', async () => {
    for (const price of ['42949672.96', 42_949_673, 0.001, 1e-7, '1.001', '-1', -1, '1,5', '', 'x', null]) {
      const wrong = { status: 400, paths: ['/price'] }
      expect({ price, ...paths(await create({ ...tea, price })) }).toEqual({ price, ...wrong })
      expect({ price, ...paths(await change('prod_1', { price })) }).toEqual({ price, ...wrong })
    }
  })
})

describe('a change', () => {
  test('of any field is answered, announced and found; what is not named stays', async () => {
    const changes = {
      name: 'Какао',
      description: 'Гаряче.',
      category: 'drinks',
      price: '99.90',
      image: 'https://example.com/cocoa.jpg',
      weight_grams: 7,
    }
    const seen: Record<string, unknown> = { ...(await look(`${path}/prod_1`)).body }
    for (const [field, value] of Object.entries(changes)) {
      const facts = await factsAfter(async () => {
        const { status, body } = await change('prod_1', { [field]: value })
        seen[field] = value
        expect({ status, body }).toEqual({ status: 200, body: seen })
      })
      expect(facts).toHaveLength(1)
    }
    expect((await look(`${path}/prod_1`)).body).toEqual(seen)
    expect(await search(`q=${encodeURIComponent('какао гаряч')}`)).toEqual(['1'])
    const withoutImage = await change('prod_1', { image: null })
    expect(withoutImage.body).not.toHaveProperty('image')
  })

  test('to what it is already announces nothing', async () => {
    const facts = await factsAfter(async () => {
      for (const body of [{}, { name: 'Кава в зернах', price: 1, currency: 'UAH' }])
        expect((await change('prod_1', body)).status).toBe(200)
    })
    expect(facts).toEqual([])
  })

  test('never sells again what is withdrawn, nor makes what was never there', async () => {
    for (const id of ['prod_4', 'prod_99'])
      expect(refusal(await change(id, { name: 'x' }))).toEqual({ status: 404, code: 'product_not_found' })
  })

  test('takes neither another SKU nor another id', async () => {
    expect(paths(await change('prod_1', { sku: 9, id: 'prod_9' }))).toEqual({
      status: 400,
      paths: ['/sku', '/id'],
    })
  })

  test('asked twice with one key happens once', async () => {
    const keyed = { ...admin, 'idempotency-key': 'two' }
    const first = await change('prod_1', { price: '5' }, keyed)
    await change('prod_1', { price: '6' })
    const again = await change('prod_1', { price: '5' }, keyed)
    expect(again.body).toEqual(first.body)
    expect((await look(`${path}/prod_1`)).body.price).toBe('6.00')
  })
})

describe('a withdrawal', () => {
  test('takes the product off sale and announces it; asked again it is done already', async () => {
    const facts = await factsAfter(async () => {
      expect((await remove('prod_3')).status).toBe(204)
      expect((await remove('prod_3')).status).toBe(204)
    })
    expect(facts).toEqual([expect.objectContaining({ sku: 3, name: 'Ёлка', withdrawn: true, version: 2 })])
    expect(refusal(await look(`${path}/prod_3`))).toEqual({ status: 404, code: 'product_not_found' })
    expect(await search('')).toEqual(['1', '2'])
    expect(await search(`q=${encodeURIComponent('елка')}`)).toEqual([])
    const categories = (await look('/api/v1/categories')).body.data as { category: string }[]
    expect(categories.map(({ category }) => category)).toEqual(['coffee-and-tea'])
  })

  test('of what was never there is 404', async () => {
    expect(refusal(await remove('prod_99'))).toEqual({ status: 404, code: 'product_not_found' })
  })
})

describe('who may what', () => {
  const writes = {
    POST: [path, tea],
    PATCH: [`${path}/prod_1`, { name: 'x' }],
    DELETE: [`${path}/prod_1`, undefined],
  } as const

  for (const [method, [at, body]] of Object.entries(writes))
    test(`${method} is for admins and services only, and leaves no trace for others`, async () => {
      const asking = (headers: Record<string, string>) => ask(app, method, at, { body, headers })
      const facts = await factsAfter(async () => {
        expect(refusal(await asking({}))).toEqual({ status: 401, code: 'unauthenticated' })
        expect(refusal(await asking(as('nobody')))).toEqual({ status: 401, code: 'unauthenticated' })
        for (const who of ['customer-7', 'courier-7'])
          expect(refusal(await asking(as(who)))).toEqual({ status: 403, code: 'permission_denied' })
      })
      expect(facts).toEqual([])
      expect((await asking(as(serviceToken))).status).toBeLessThan(300)
    })

  test('an admin of another shop sees and changes nothing of this one', async () => {
    const other = as('admin-1-other')
    for (const told of [
      await ask(app, 'GET', `${path}/prod_1`, { headers: other }),
      await change('prod_1', { name: 'x' }, other),
      await remove('prod_1', other),
    ])
      expect(refusal(told)).toEqual({ status: 404, code: 'product_not_found' })
    expect((await ask(app, 'GET', path, { headers: other })).body).toMatchObject({ data: [] })
    // Its own SKUs begin at the beginning, and ids of other shops are free to it.
    expect((await create({ ...tea, id: 'prod_1' }, other)).body).toMatchObject({ sku: '1', id: 'prod_1' })
    expect((await look(`${path}/prod_1`)).body.name).toBe('Кава в зернах')
    expect(await search(`q=${encodeURIComponent('карпати')}`)).toEqual([])
  })

  test('every route says who may call it', () => {
    const said = app.routes.filter(({ surface }) => surface === 'rest')
    expect(Object.fromEntries(said.map((route) => [`${route.method} ${route.path}`, route.guard]))).toEqual({
      'GET /api/v1/products': 'open',
      'GET /api/v1/products/:id': 'open',
      'GET /api/v1/categories': 'open',
      'POST /api/v1/products': 'admin',
      'PATCH /api/v1/products/:id': 'admin',
      'DELETE /api/v1/products/:id': 'admin',
    })
  })
})
