//! Wallets through the real router: what a user sees and does, what our services charge, and who may not.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { defaultTenant, type TenantId } from '../contracts/ids.ts'
import type { Http } from '../runtime/http.ts'
import { serviceToken } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { httpDoor, type Sent, send } from './doors.fixture.ts'
import { type Billing, billingInMemory, callOf, order, uah, user, violations } from './fixture.ts'
import { holdFunds } from './operations/hold-funds.ts'
import { returnMoney } from './operations/return-money.ts'

let billing: Billing
let app: Http
beforeEach(async () => {
  billing = await billingInMemory()
  app = httpDoor(billing)
})
afterEach(async () => {
  expect(await violations(billing)).toEqual([])
  await billing.store.close()
})

const account = '/api/v1/account'
const history = '/api/v1/account/transactions'
const payment = '/internal/api/v1/payment'
const as = (token: string, own: Omit<Sent, 'token'> = {}): Sent => ({ token, ...own })
const look = async (token = 'customer-1') => (await send(app, 'GET', account, as(token))).body
const topUp = (amount: unknown, token = 'customer-1', headers: Record<string, string> = {}) =>
  send(app, 'POST', account, as(token, { body: { amount }, headers }))
/** An order that waits for this money, and not for the wallet’s saga. */
const owes = (id: number, amount: number, { userId = 1, tenantId = defaultTenant } = {}) =>
  billing.loms.owes({ tenantId, orderId: order(id), userId: user(userId), amount: uah(amount) })
const pay = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  send(app, 'POST', payment, as(serviceToken, { body: { order_id: 1, user_id: 1, ...body }, headers }))
const refusal = async (told: Promise<{ status: number; body: Record<string, unknown> }>) => {
  const { status, body } = await told
  const paths = (body.errors as { path: string }[] | undefined)?.map(({ path }) => path)
  return [status, body.code, ...(paths ?? [])]
}
const hold = (id: number, amount: number) =>
  holdFunds(billing.deps, callOf(billing), { orderId: order(id), userId: user(1), amount: uah(amount) })
/** loms told that the order is cancelled. */
const returned = (id: number) => {
  const cancelled = { ...callOf(billing), orderId: order(id), userId: user(1) }
  return billing.store.write((tx) => returnMoney(tx, billing.deps, cancelled, cancelled))
}
const empty = { balance: '0.00', held: '0.00', currency: 'UAH' }

describe('the account', () => {
  test('is opened by the first look and is empty, whoever was faster', async () => {
    expect(await look()).toEqual(empty)
    expect((await billing.rows()).wallets).toHaveLength(1)
    expect(await changingNothing(billing, () => look())).toEqual(empty)
  })

  test('is opened by the first top-up, which answers with what is in it', async () => {
    const { status, body } = await topUp('250.5')
    expect([status, body]).toEqual([200, { balance: '250.50', held: '0.00', currency: 'UAH' }])
    expect(await look()).toEqual(body)
    const [fact] = await billing.facts()
    expect(fact).toMatchObject({
      type: 'wallet.topped_up',
      key: '1',
      data: { user_id: 1, tenant_id: 'default', amount: 25_050, currency: 'UAH' },
    })
  })

  test('shows apart what is set aside', async () => {
    await topUp(100)
    await hold(9, 30_00)
    expect(await look()).toEqual({ balance: '70.00', held: '30.00', currency: 'UAH' })
  })

  test('is one for each user and each tenant', async () => {
    await topUp(1, 'customer-1')
    await topUp(2, 'customer-2')
    await topUp(3, 'customer-1-other')
    const all = await Promise.all(
      ['customer-1', 'customer-2', 'customer-1-other', 'customer-3'].map((token) => look(token)),
    )
    expect(all.map(({ balance }) => balance)).toEqual(['1.00', '2.00', '3.00', '0.00'])
    // What a user says of tenants is noise.
    const sent = as('customer-2', { headers: { 'x-tenant-id': 'other' } })
    expect((await send(app, 'GET', account, sent)).body).toMatchObject({ balance: '2.00' })
  })

  test('of a courier or an admin is theirs like anybody else’s', async () => {
    for (const token of ['courier-4', 'admin-5']) expect((await topUp(1, token)).status).toBe(200)
  })

  test('is shown to nobody without an account, also on loopback', async () => {
    for (const [method, path] of [
      ['GET', account],
      ['POST', account],
      ['GET', history],
    ] as const) {
      const body = method === 'POST' ? { body: { amount: 1 } } : {}
      const told = (sent: Sent) => refusal(send(app, method, path, { ...sent, ...body }))
      expect(await told({})).toEqual([401, 'unauthenticated'])
      expect(await told({ token: 'nobody' })).toEqual([401, 'unauthenticated'])
      expect(await told({ token: serviceToken })).toEqual([403, 'permission_denied'])
    }
    expect((await billing.rows()).wallets).toEqual([])
  })
})

describe('a top-up', () => {
  test('takes decimal text and numbers, to the last kopeck', async () => {
    for (const amount of ['0.01', 0.01, '10', 10.5, '99999.99', 100_000, '100000.00'])
      expect([amount, (await topUp(amount)).status]).toEqual([amount, 200])
    expect((await look()).balance).toBe('300020.51')
  })

  test('refuses what is no amount, or not one that may be', async () => {
    const wrong = [
      0,
      '0',
      '0.00',
      -1,
      '-1',
      '1.001',
      1.001,
      1e-7,
      '1e3',
      '',
      ' 1',
      '1,5',
      null,
      true,
      [1],
      {},
    ]
    for (const amount of [...wrong, '100000.01', 100_000.01, '9999999999999'])
      expect([amount, await refusal(topUp(amount))]).toEqual([amount, [400, 'invalid_argument', '/amount']])
    expect(
      await refusal(send(app, 'POST', account, as('customer-1', { body: { amount: 1, user: 2 } }))),
    ).toEqual([400, 'invalid_argument', '/user'])
    expect((await billing.rows()).transactions).toEqual([])
  })

  test('stops where the wallet is full', async () => {
    for (const _ of Array.from({ length: 10 })) expect((await topUp('100000')).status).toBe(200)
    expect(await changingNothing(billing, () => refusal(topUp('0.01')))).toEqual([409, 'wallet_full'])
  })

  test('under a key is one, however often it is asked, and another amount under it is refused', async () => {
    const key = { 'idempotency-key': 'a' }
    const first = await topUp('5', 'customer-1', key)
    await topUp('1', 'customer-1')
    const again = await topUp('5', 'customer-1', key)
    expect([first.replayed, again.replayed, again.body]).toEqual([false, true, first.body])
    expect(await refusal(topUp('6', 'customer-1', key))).toEqual([422, 'idempotency_key_reused'])
    // The same key of somebody else is another key.
    expect((await topUp('5', 'customer-2', key)).replayed).toBe(false)
    expect([(await look()).balance, (await look('customer-2')).balance]).toEqual(['6.00', '5.00'])
  })

  test('is no gift where it was not said to be one', async () => {
    const strict = await billingInMemory('sqlite::memory:', { freeTopUp: false })
    const door = httpDoor(strict)
    const told = send(door, 'POST', account, as('customer-1', { body: { amount: 5 } }))
    expect(await refusal(told)).toEqual([409, 'top_up_needs_provider'])
    expect((await strict.rows()).wallets).toEqual([])
    await strict.store.close()
  })
})

describe('the history', () => {
  test('adds up to what there is, page by page, the newest first', async () => {
    await topUp(500)
    owes(1, 120_50)
    owes(2, 100_00)
    await pay({ order_id: 1, amount: '120.50' })
    await pay({ order_id: 2, amount: 100 })
    await hold(3, 50_00)
    await returned(2)
    const pages = await Promise.all(
      [1, 2, 3].map(
        async (page) => (await send(app, 'GET', `${history}?limit=2&page=${page}`, as('customer-1'))).body,
      ),
    )
    const changes = pages.flatMap(({ data }) => data as Record<string, string>[])
    expect(changes).toMatchObject([
      { kind: 'refund', amount: '100.00', order_id: '2', moment: '2023-11-14T22:13:20.000Z' },
      { kind: 'charge', amount: '-100.00', order_id: '2' },
      { kind: 'charge', amount: '-120.50', order_id: '1' },
      { kind: 'top_up', amount: '500.00' },
    ])
    expect(changes.at(-1)).not.toHaveProperty('order_id')
    expect(pages[0]?.meta).toEqual({ page: 1, limit: 2, total: 4, pages: 2 })
    const { balance, held } = await look()
    const sum = changes.reduce((sum, { amount }) => sum + Number(amount) * 100, 0)
    expect(sum).toBe(Number(balance) * 100 + Number(held) * 100)
  })

  test('is one’s own', async () => {
    await topUp(500)
    for (const token of ['customer-2', 'customer-1-other', 'admin-3'])
      expect((await send(app, 'GET', history, as(token))).body).toEqual({
        data: [],
        meta: { page: 1, limit: 20, total: 0, pages: 0 },
      })
  })
})

describe('a payment', () => {
  const paid = {
    payment_id: expect.stringMatching(/^pay_/),
    order_id: '1',
    status: 'succeeded',
    amount: '30.00',
    currency: 'UAH',
  }

  test('charges the wallet once per order, with a key and without', async () => {
    await topUp(100)
    owes(1, 30_00)
    const first = await pay({ amount: 30 })
    expect([first.status, first.body]).toEqual([200, paid])
    for (const headers of [{}, { 'idempotency-key': 'a' }, { 'idempotency-key': 'a' }])
      expect((await pay({ amount: '30.00' }, headers)).body).toEqual(first.body)
    expect(await look()).toMatchObject({ balance: '70.00', held: '0.00' })
    const facts = (await billing.facts()).map(({ type, key }) => [type, key])
    expect(facts.slice(1)).toEqual([
      ['wallet.held', '1'],
      ['wallet.charged', '1'],
      ['payment.completed', '1'],
    ])
    const paidFor = { payment_id: first.body.payment_id, amount: 30_00, currency: 'UAH', provider: 'wallet' }
    expect((await billing.facts()).at(-1)?.data).toMatchObject(paidFor)
  })

  test('with too little money is refused with 402, for this order for ever', async () => {
    await topUp(29.99)
    for (const id of [1, 2]) owes(id, 30_00)
    expect(await refusal(pay({ amount: 30 }))).toEqual([402, 'insufficient_funds'])
    await topUp(100)
    expect(await changingNothing(billing, () => refusal(pay({ amount: 30 })))).toEqual([
      402,
      'insufficient_funds',
    ])
    expect((await pay({ order_id: 2, amount: 30 })).status).toBe(200)
    const refused = (await billing.facts()).find(({ type }) => type === 'wallet.refused')
    expect(refused).toMatchObject({
      key: '1',
      data: { order_id: 1, amount: 3000, reason: 'insufficient_funds' },
    })
  })

  test('of an order whose money is held charges what is held, once its saga has confirmed it', async () => {
    await topUp(100)
    await hold(1, 30_00)
    const known = { total: 30_00, method: 'wallet' }
    billing.loms.says(order(1), 'pending', known)
    const early = await changingNothing(billing, () => pay({ amount: 30 }))
    expect([early.status, early.body]).toMatchObject([409, { code: 'order_not_payable', reason: 'wallet' }])
    billing.loms.says(order(1), 'confirmed', known)
    expect((await pay({ amount: 30 })).body).toEqual(paid)
    expect(await look()).toMatchObject({ balance: '70.00', held: '0.00' })
    // It is confirmed already: nobody has to hear of more.
    expect((await billing.facts()).at(-1)?.type).toBe('wallet.charged')
  })

  test('of an order that waits, and whose money is held, charges what is held and tells it', async () => {
    await topUp(100)
    await hold(1, 30_00)
    owes(1, 30_00)
    expect((await pay({ amount: 30 })).body).toEqual(paid)
    expect((await billing.facts()).at(-1)).toMatchObject({ type: 'payment.completed', key: '1' })
  })

  test('for another amount or user than the first is refused', async () => {
    await topUp(100)
    await topUp(100, 'customer-2')
    owes(1, 30_00)
    await pay({ amount: 30 })
    for (const other of [{ amount: 31 }, { amount: 30, user_id: 2 }])
      expect(await changingNothing(billing, () => refusal(pay(other)))).toEqual([409, 'hold_differs'])
  })

  test('of nobody’s order, by another than its user, or of another amount than it costs is refused', async () => {
    await topUp(100)
    await topUp(100, 'customer-2')
    const refused = (own: Record<string, unknown>) =>
      changingNothing(billing, () => refusal(pay({ amount: 30, ...own })))
    expect(await refused({})).toEqual([404, 'order_not_found'])
    owes(1, 30_00)
    expect(await refused({ user_id: 2 })).toEqual([404, 'order_not_found'])
    for (const amount of ['29.99', '30.01']) expect(await refused({ amount })).toEqual([409, 'total_changed'])
    billing.loms.says(order(2), 'pending', { method: 'rpc' })
    expect(await refused({ order_id: 2 })).toEqual([409, 'total_changed'])
    expect((await pay({ amount: 30 })).status).toBe(200)
  })

  test.each(['confirmed', 'processing', 'shipped', 'delivered', 'failed', 'cancelled', 'refunded'] as const)(
    'of an order that is %s, and for which nothing is held, is refused, and says why',
    async (status) => {
      await topUp(100)
      billing.loms.says(order(1), status, { total: 30_00, method: 'rpc' })
      const { status: code, body } = await changingNothing(billing, () => pay({ amount: 30 }))
      expect([code, body]).toMatchObject([409, { code: 'order_not_payable', reason: status }])
    },
  )

  test('while loms is away is put off, and under its key done when loms is back', async () => {
    await topUp(100)
    const key = { 'idempotency-key': 'a' }
    billing.loms.says(order(1), 'away')
    expect(await changingNothing(billing, () => refusal(pay({ amount: 30 }, key)))).toEqual([
      503,
      'unavailable',
    ])
    owes(1, 30_00)
    expect(await pay({ amount: 30 }, key)).toMatchObject({ status: 200, replayed: false })
  })

  test('is answered as it was first, whatever has become of the order, also while loms is away', async () => {
    await topUp(100)
    for (const [id, amount] of [
      [1, 30_00],
      [2, 200_00],
    ] as const)
      owes(id, amount)
    const asked = () => Promise.all([pay({ amount: 30 }), pay({ order_id: 2, amount: 200 })])
    const [first, short] = await asked()
    expect([first.body, short.status]).toEqual([paid, 402])
    for (const known of ['confirmed', 'cancelled', 'away'] as const) {
      for (const id of [1, 2]) billing.loms.says(order(id), known, { total: 30_00, method: 'rpc' })
      const [again, still] = await changingNothing(billing, asked)
      expect([again.body, still.status]).toEqual([first.body, 402])
    }
    await returned(1)
    expect((await pay({ amount: 30 })).body).toEqual(first.body)
    expect(await look()).toMatchObject({ balance: '100.00', held: '0.00' })
  })

  test('of an order that is cancelled between the question and the charge is refused, or given back', async () => {
    await topUp(100)
    // loms has said that it waits, and has told since that it does not.
    for (const id of [1, 2]) owes(id, 30_00)
    await returned(1)
    expect(await changingNothing(billing, () => refusal(pay({ amount: 30 })))).toEqual([409, 'hold_closed'])
    expect((await pay({ order_id: 2, amount: 30 })).status).toBe(200)
    await returned(2)
    expect(await look()).toMatchObject({ balance: '100.00', held: '0.00' })
  })

  test('refuses what is no payment', async () => {
    for (const amount of [0, '0.00', -1, 1.001, null])
      expect([amount, await refusal(pay({ amount }))]).toEqual([amount, [400, 'invalid_argument', '/amount']])
    expect(await refusal(pay({ amount: 1, order_id: 0 }))).toEqual([400, 'invalid_argument', '/order_id'])
    expect(await refusal(pay({ amount: 1, user_id: 'x' }))).toEqual([400, 'invalid_argument', '/user_id'])
  })

  test('is for services only, each in the name of one tenant', async () => {
    const strict = httpDoor(billing, { requireAuth: true })
    const body = { order_id: 1, user_id: 1, amount: 1 }
    for (const token of ['customer-1', 'courier-1', 'admin-1'])
      expect(await refusal(send(strict, 'POST', payment, as(token, { body })))).toEqual([
        403,
        'permission_denied',
      ])
    expect(await refusal(send(strict, 'POST', payment, { body }))).toEqual([401, 'unauthenticated'])
    await topUp(1, 'customer-1-other')
    for (const tenantId of [defaultTenant, 'other' as TenantId]) owes(1, 1_00, { tenantId })
    expect(await refusal(pay({ amount: 1 }))).toEqual([402, 'insufficient_funds'])
    expect((await pay({ amount: 1 }, { 'x-tenant-id': 'other' })).status).toBe(200)
    const [ours] = (await billing.rows()).holds.filter(({ tenantId }) => tenantId === ('other' as TenantId))
    expect(ours?.state).toBe('captured')
  })
})

describe('a look of an admin', () => {
  const at = (id: string) => `/api/v1/users/${id}/account`

  test('shows a wallet of the own tenant and opens none', async () => {
    await topUp(5)
    expect((await send(app, 'GET', at('1'), as('admin-9'))).body).toMatchObject({ balance: '5.00' })
    for (const [id, token] of [
      ['2', 'admin-9'],
      ['1', 'admin-9-other'],
    ] as const)
      expect(await changingNothing(billing, () => refusal(send(app, 'GET', at(id), as(token))))).toEqual([
        404,
        'user_not_found',
      ])
    expect(await refusal(send(app, 'GET', at('x'), as('admin-9')))).toEqual([400, 'invalid_argument', '/id'])
  })

  test('is nobody else’s', async () => {
    expect(await refusal(send(app, 'GET', at('1')))).toEqual([401, 'unauthenticated'])
    for (const token of ['customer-1', 'courier-1'])
      expect(await refusal(send(app, 'GET', at('1'), as(token)))).toEqual([403, 'permission_denied'])
  })
})
