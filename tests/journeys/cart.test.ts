//! Document E's scenario, black box, through the one public door, in both ways of the saga: a cart that is filled, refused and bought.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runVerify } from '../../tools/verify/run.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { Customer, kopecks, password, until } from './customer.ts'

const tea = 2001
const coffee = 2002
const soldOut = 2009

for (const mode of ['orchestration', 'choreography'] as const) {
  describe(`a cart that is paid by ${mode}`, () => {
    let system: TestSystem
    let customer: Customer

    beforeAll(async () => {
      system = await startSystem({
        services: 'all',
        seed: true,
        hasNatsUsers: true,
        env: { LOMS_SAGA: mode },
      })
      customer = new Customer(system.url('gateway'))
      await customer.ask('POST', '/api/v1/register', { login: 'olena', password })
      const { body } = await customer.ask('POST', '/api/v1/login', { login: 'olena', password })
      customer.bearer = String(body.access_token)
    }, 60_000)
    afterAll(async () => {
      await system.stop()
    })

    const account = async () => (await customer.ask('GET', '/api/v1/account')).body
    const topUp = async (amount: number) =>
      expect(
        (await customer.ask('POST', '/api/v1/account', { amount: (amount / 100).toFixed(2) })).status,
      ).toBe(200)
    const stock = async (sku: number) =>
      (await customer.ask('GET', `/api/v1/stock/position/${sku}/count`)).body.count as number
    const cart = async () => {
      const { body } = await customer.ask('GET', '/api/v1/cart')
      return body as { items: { sku: string; quantity: number; price: string }[]; total: string }
    }
    const lines = async () => (await cart()).items.map(({ sku, quantity }) => [Number(sku), quantity])
    const checkout = (more: object = {}, key?: string) =>
      customer.ask(
        'POST',
        '/api/v1/cart/checkout',
        { delivery: { method: 'pickup' }, payment_method: 'wallet', ...more },
        key === undefined ? {} : { 'idempotency-key': key },
      )

    test('filled, changed, refused for money, for its total and for stock, and bought once', async () => {
      const { body: products } = await customer.ask('GET', '/api/v1/products?limit=100')
      const product = (products.data as { id: string; sku: string }[]).find(({ sku }) => sku === String(tea))
      const added = await customer.ask('POST', '/api/v1/cart/items', { product_id: product?.id, quantity: 5 })
      expect({ status: added.status, sku: added.body.sku }).toEqual({ status: 200, sku: String(tea) })
      await customer.ask('POST', '/api/v1/cart/items', { sku: coffee, quantity: 1 })
      expect((await customer.ask('PATCH', `/api/v1/cart/items/${tea}`, { quantity: 2 })).status).toBe(200)
      const none = await customer.ask('POST', '/api/v1/cart/items', { sku: soldOut, quantity: 1 })
      expect({ status: none.status, code: none.body.code }).toEqual({
        status: 409,
        code: 'insufficient_stock',
      })
      const whole = [
        [tea, 2],
        [coffee, 1],
      ]
      expect(await lines()).toEqual(whole)
      const { total } = await cart()
      const before = [await stock(tea), await stock(coffee)] as const

      const poor = await checkout({ expected_total: total }, 'poor')
      expect(poor).toMatchObject({ status: 402, body: { code: 'insufficient_funds' } })
      expect((await customer.ask('GET', `/api/v1/orders/${poor.body.order_id}`)).body.status).toBe('failed')
      expect(await lines()).toEqual(whole)
      await topUp(kopecks(total) + 100)

      const dearer = await checkout({ expected_total: ((kopecks(total) - 1) / 100).toFixed(2) })
      expect(dearer).toMatchObject({ status: 409, body: { code: 'total_changed', total } })
      expect(await lines()).toEqual(whole)

      const told = await Promise.all([1, 2, 3].map(() => checkout({ expected_total: total }, 'rich')))
      const bought = told[0]
      for (const each of told) expect(each).toMatchObject({ status: 201, body: { id: bought?.body.id } })
      expect(bought?.headers.get('location')).toBe(`/api/v1/orders/${bought?.body.id}`)
      expect(bought?.body).toMatchObject({ status: 'confirmed', total, payment_method: 'wallet' })
      expect((await customer.ask('GET', bought?.headers.get('location') ?? '')).body.id).toBe(bought?.body.id)
      expect(await lines()).toEqual([])
      expect(await checkout({}, 'empty')).toMatchObject({ status: 409, body: { code: 'cart_empty' } })
      await until('the charge', async () => ((await account()).held === '0.00' ? true : undefined))
      expect((await account()).balance).toBe('1.00')
      expect([await stock(tea), await stock(coffee)]).toEqual([before[0] - 2, before[1] - 1])
      const delivery = await customer.ask('GET', `/api/v1/order/${bought?.body.id}/delivery`)
      expect(delivery.body).toMatchObject({ status: 'queued', carrier: 'pickup' })
    }, 60_000)

    test('while billing is away is 202 with an order that is paid when billing is back', async () => {
      await topUp(1_000_000)
      await customer.ask('POST', '/api/v1/cart/items', { sku: coffee, quantity: 2 })
      await system.kill('billing', 'SIGTERM')
      const open = await checkout({}, 'open')
      const path = `/api/v1/orders/${open.body.id}`
      expect([open.status, open.headers.get('location'), open.body.status]).toEqual([202, path, 'pending'])
      expect(await lines()).toEqual([])
      await system.start('billing')
      const status = async () => (await customer.ask('GET', path)).body.status
      await until('the order paid', async () => ((await status()) === 'confirmed' ? true : undefined))
      expect((await checkout({}, 'open')).body.id).toBe(open.body.id)
      await until('the charge', async () => ((await account()).held === '0.00' ? true : undefined))
    }, 60_000)

    test('and everything adds up', async () => {
      let last: Awaited<ReturnType<typeof runVerify>> | undefined
      const report = await until('a clean verify', async () => {
        last = await runVerify({ dataDir: system.dataDir })
        return last.ok ? last : undefined
      }).catch(() => last)
      expect(report?.ok ? '' : report?.output).toBe('')
    }, 60_000)
  })
}
