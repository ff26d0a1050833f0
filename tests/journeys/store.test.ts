//! Document D's scenario, black box, through the one public door, in both ways of the saga: whatever is bought, money and stock agree to the kopeck.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { runVerify } from '../../tools/verify/run.ts'
import { catalogueRead } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { Customer, kopecks, password, until } from './customer.ts'

const services = ['accounts', 'billing', 'catalog', 'delivery', 'gateway', 'loms', 'notifier'] as const

for (const mode of ['orchestration', 'choreography'] as const) {
  describe(`a store whose orders are paid by ${mode}`, () => {
    let system: TestSystem
    let customer: Customer
    const sku = 2001
    const soldOut = 2009

    beforeAll(async () => {
      system = await startSystem({ services, seed: true, hasNatsUsers: true, env: { LOMS_SAGA: mode } })
      await catalogueRead(system)
      customer = new Customer(system.url('gateway'))
    }, 60_000)
    afterAll(async () => {
      await system.stop()
    })

    const stock = async () =>
      (await customer.ask('GET', `/api/v1/stock/position/${sku}/count`)).body.count as number
    const account = async () => (await customer.ask('GET', '/api/v1/account')).body
    const buy = (quantity: number, headers: Record<string, string> = {}, of = sku) =>
      customer.ask(
        'POST',
        '/api/v1/order',
        { items: [{ sku: of, quantity }], delivery: { method: 'pickup' } },
        headers,
      )

    test('register, log in, top up, buy, be refused for money and for stock, be told, log out', async () => {
      const login = `olena-${mode}`
      const registered = await customer.ask('POST', '/api/v1/register', { login, password, name: 'Олена' })
      expect(registered.status).toBe(201)
      expect((await customer.ask('GET', '/api/v1/account')).status).toBe(401)

      const session = await customer.ask('POST', '/api/v1/login', { login, password })
      expect(session.status).toBe(200)
      customer.bearer = String(session.body.access_token)
      expect(await account()).toMatchObject({ balance: '0.00', held: '0.00', currency: 'UAH' })

      const price = kopecks((await probePrice(customer, sku)) ?? 0)
      const money = 3 * price + 100
      expect(
        await customer.ask('POST', '/api/v1/account', { amount: (money / 100).toFixed(2) }),
      ).toMatchObject({ status: 200 })
      const before = await stock()

      const bought = await buy(3, { 'idempotency-key': 'first' })
      expect({ status: bought.status, order: bought.body.status }).toEqual({
        status: 200,
        order: 'confirmed',
      })
      const again = await buy(3, { 'idempotency-key': 'first' })
      expect(again.body).toEqual(bought.body)
      expect(await stock()).toBe(before - 3)
      await until('the charge', async () => ((await account()).held === '0.00' ? true : undefined))
      expect(kopecks((await account()).balance)).toBe(100)

      const poor = await buy(1)
      expect({ status: poor.status, code: poor.body.code }).toEqual({
        status: 402,
        code: 'insufficient_funds',
      })
      const greedy = await buy(1, {}, soldOut)
      expect({ status: greedy.status, code: greedy.body.code }).toEqual({
        status: 409,
        code: 'insufficient_stock',
      })
      await until('what was held given back', async () =>
        kopecks((await account()).balance) === 100 && (await stock()) === before - 3 ? true : undefined,
      )

      const told = await until('the notices', async () => {
        const { body } = await customer.ask('GET', '/api/v1/notifications')
        const data = body.data as { kind: string; status?: string; order_id?: string; amount?: string }[]
        const count = (start: string) => data.filter(({ kind }) => kind.startsWith(start)).length
        const isAllThere = count('order.') >= 7 && count('user.') >= 1 && count('wallet.') >= 2
        return isAllThere ? data : undefined
      })
      const byOrder = (id: unknown) =>
        told
          .filter(({ kind, order_id }) => kind.startsWith('order.') && order_id === String(id))
          .map(({ status }) => status)
          .reverse()
      expect(byOrder(bought.body.id)).toEqual(['pending', 'confirmed'])
      expect(byOrder(poor.body.order_id)).toEqual(['pending', 'failed'])
      expect(byOrder(greedy.body.order_id)).toEqual(['failed'])
      const about = (name: string) => told.filter(({ kind }) => kind === name)
      expect(about('user.registered')).toHaveLength(1)
      expect(about('wallet.topped_up').map(({ amount }) => kopecks(amount))).toEqual([money])
      expect(about('wallet.charged').map(({ order_id, amount }) => [order_id, kopecks(amount)])).toEqual([
        [String(bought.body.id), 3 * price],
      ])

      const orders = (await customer.ask('GET', '/api/v1/orders')).body.data as {
        id: string
        status: string
      }[]
      expect(orders.map(({ status }) => status).sort()).toEqual([
        'cancelled',
        'confirmed',
        'failed',
        'failed',
      ])
      expect((await customer.ask('GET', `/api/v1/order/${bought.body.id}/delivery`)).body).toMatchObject({
        status: 'queued',
        carrier: 'pickup',
      })

      expect((await customer.ask('POST', '/api/v1/logout', {})).status).toBeLessThan(300)
      const refresh = await customer.ask('POST', '/api/v1/token/refresh', {
        refresh_token: session.body.refresh_token,
      })
      expect(refresh.status).toBe(401)
    }, 60_000)

    test('called off before it is shipped, money and goods are back', async () => {
      const login = `petro-${mode}`
      await customer.ask('POST', '/api/v1/register', { login, password })
      const { body } = await customer.ask('POST', '/api/v1/login', { login, password })
      customer.bearer = String(body.access_token)
      await customer.ask('POST', '/api/v1/account', { amount: '10000.00' })
      const before = await stock()
      const bought = await buy(2)
      expect(bought.body.status).toBe('confirmed')
      const cancelled = await customer.ask('POST', `/api/v1/orders/${bought.body.id}/cancel`, {})
      expect(cancelled.body.status).toBe('cancelled')
      await until('the money back', async () => ((await account()).balance === '10000.00' ? true : undefined))
      expect(await stock()).toBe(before)
      const delivery = await until('the delivery called off', async () => {
        const said = await customer.ask('GET', `/api/v1/order/${bought.body.id}/delivery`)
        return said.body.status === 'cancelled' ? said.body : undefined
      })
      expect(delivery.order_id).toBe(String(bought.body.id))
    }, 60_000)

    test('charged by another service, an order that waits for its money is confirmed, and costs what it costs', async () => {
      const login = `stepan-${mode}`
      const registered = await customer.ask('POST', '/api/v1/register', { login, password })
      const { body } = await customer.ask('POST', '/api/v1/login', { login, password })
      customer.bearer = String(body.access_token)
      await customer.ask('POST', '/api/v1/account', { amount: '10000.00' })
      const before = await stock()
      const placed = await customer.ask('POST', '/api/v1/orders', {
        items: [{ sku, quantity: 2 }],
        payment_method: 'liqpay',
      })
      const { id, total } = placed.body
      const paid = await new Customer(system.url('billing')).ask('POST', '/internal/api/v1/payment', {
        order_id: id,
        user_id: registered.body.id,
        amount: total,
      })
      expect(paid).toMatchObject({ status: 200, body: { status: 'succeeded', amount: total } })
      await until('the order confirmed', async () => {
        const { status } = (await customer.ask('GET', `/api/v1/orders/${id}`)).body
        return status === 'confirmed' ? true : undefined
      })
      const left = 10_000_00 - kopecks(total)
      expect(await account()).toMatchObject({ balance: (left / 100).toFixed(2), held: '0.00' })
      expect(await stock()).toBe(before - 2)
    }, 60_000)

    test('two at once for the last of the money: one is had', async () => {
      const login = `ivan-${mode}`
      await customer.ask('POST', '/api/v1/register', { login, password })
      const { body } = await customer.ask('POST', '/api/v1/login', { login, password })
      customer.bearer = String(body.access_token)
      const price = kopecks(await probePrice(customer, sku))
      await customer.ask('POST', '/api/v1/account', { amount: (price / 100).toFixed(2) })
      const answers = await Promise.all([buy(1), buy(1)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 402])
      await until('nothing left in the wallet', async () => {
        const { balance, held } = await account()
        return balance === '0.00' && held === '0.00' ? true : undefined
      })
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

/** The price of a SKU as an order is priced: of one that waits for its payment and is called off. */
async function probePrice(customer: Customer, sku: number): Promise<unknown> {
  const placed = await customer.ask('POST', '/api/v1/orders', {
    items: [{ sku, quantity: 1 }],
    payment_method: 'liqpay',
  })
  await customer.ask('POST', `/api/v1/orders/${placed.body.id}/cancel`, {})
  return placed.body.total
}
