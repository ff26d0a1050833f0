//! Who may what of the resources: every route of every service, asked by everybody there is. A route without a row fails.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'

setDefaultTimeout(60_000)

const services = ['accounts', 'billing', 'cart', 'catalog', 'delivery', 'loms', 'notifier'] as const
const serviceToken = 'the-service-token-of-this-test'

const callers = ['anonymous', 'customer', 'courier', 'admin', 'service'] as const
type CallerName = (typeof callers)[number]

/** Who gets past the guard; what is asked for need not be there. */
const access = {
  open: ['anonymous', 'customer', 'courier', 'admin', 'service'],
  /** An account is needed: a service has none. */
  account: ['customer', 'courier', 'admin'],
  courier: ['courier', 'admin', 'service'],
  admin: ['admin', 'service'],
  service: ['service'],
  /** Any of ours: an account, or a service for one. */
  known: ['customer', 'courier', 'admin', 'service'],
} as const satisfies Record<string, readonly CallerName[]>

type Row = keyof typeof access

/** Every route under `/api` and `/internal`. accounts has the tokens of its own keys only, so its rows that need one are in accounts/. */
const routes: Readonly<Record<string, Row>> = {
  'billing GET /api/v1/account': 'account',
  'billing POST /api/v1/account': 'account',
  'billing GET /api/v1/account/transactions': 'account',
  'billing GET /api/v1/users/{id}/account': 'admin',
  'billing POST /internal/api/v1/payment': 'service',
  'catalog GET /api/v1/products': 'open',
  'catalog GET /api/v1/products/{id}': 'open',
  'catalog GET /api/v1/categories': 'open',
  'catalog POST /api/v1/products': 'admin',
  'catalog PATCH /api/v1/products/{id}': 'admin',
  'catalog DELETE /api/v1/products/{id}': 'admin',
  'delivery GET /api/v1/order/{id}/delivery': 'account',
  'delivery GET /api/v1/shipments': 'courier',
  'delivery GET /api/v1/shipments/carriers': 'open',
  'delivery GET /api/v1/shipments/{id}/track': 'account',
  'delivery GET /api/v1/pickup-points': 'open',
  'delivery POST /api/v1/order/sent': 'courier',
  'delivery POST /api/v1/order/received': 'known',
  'delivery POST /api/v1/order/recieved': 'known',
  'loms GET /api/v1/orders': 'account',
  'loms GET /api/v1/orders/{id}': 'account',
  'loms GET /api/v1/order/{id}': 'account',
  'loms POST /api/v1/orders': 'account',
  'loms POST /api/v1/order': 'account',
  'loms PUT /api/v1/orders/{id}/status': 'admin',
  'loms POST /api/v1/orders/{id}/cancel': 'account',
  'loms GET /api/v1/stock/position/{sku}/count': 'open',
  'loms POST /api/v1/stock/position/{sku}/reserve': 'admin',
  'loms POST /api/v1/stock/position/{sku}/release': 'admin',
  'loms POST /api/v1/stock/position/{sku}': 'admin',
  'loms GET /api/v1/warehouses': 'admin',
  'loms POST /api/v1/warehouses': 'admin',
  'notifier GET /api/v1/notifications': 'account',
}

let system: TestSystem
let issuer: TokenIssuer
let tokens: Record<CallerName, string | undefined>

beforeAll(async () => {
  issuer = await startTokenIssuer()
  const names = services.filter((name) => name !== 'accounts')
  const env = {
    ...issuer.env,
    REQUIRE_AUTH: 'true',
    SERVICE_TOKEN: serviceToken,
    BILLING_FREE_TOP_UP: 'true',
    LOG_LEVEL: 'warn',
  }
  system = await startSystem({ services: names, seed: true, env })
  tokens = {
    anonymous: undefined,
    customer: await issuer.bearer({ user: 7 }),
    courier: await issuer.bearer({ user: 8, role: 'courier' }),
    admin: await issuer.bearer({ user: 9, role: 'admin' }),
    service: `Bearer ${serviceToken}`,
  }
})
afterAll(async () => {
  await system.stop()
  await issuer[Symbol.asyncDispose]()
})

type Answer = { readonly status: number; readonly body: Record<string, unknown> }

async function ask(
  service: string,
  method: string,
  path: string,
  authorization: string | undefined,
  body: object = {},
): Promise<Answer> {
  const response = await fetch(`${system.url(service)}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
    body: method === 'GET' ? null : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

const placed = (path: string) =>
  path
    .replace('{sku}', '2001')
    .replace(/\{\w+\}/, path.includes('product') ? 'prod_x' : path.includes('shipments') ? 'shp_x' : '1')

test('every route has a row here, and no row is of a route that is gone', async () => {
  const found: string[] = []
  for (const service of services.filter((name) => name !== 'accounts')) {
    const { paths } = (await (await fetch(`${system.url(service)}/swagger/json`)).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    for (const [path, operations] of Object.entries(paths)) {
      if (!/^\/(api|internal)\//.test(path)) continue
      for (const method of Object.keys(operations)) found.push(`${service} ${method.toUpperCase()} ${path}`)
    }
  }
  expect(found.toSorted()).toEqual(Object.keys(routes).toSorted())
})

describe('the guard of', () => {
  for (const [name, row] of Object.entries(routes)) {
    const [service = '', method = '', path = ''] = name.split(' ')
    test(`${name} lets ${access[row].join(', ')} through`, async () => {
      for (const caller of callers) {
        const { status } = await ask(service, method, placed(path), tokens[caller])
        const passes = (access[row] as readonly CallerName[]).includes(caller)
        const told = status === 401 || status === 403 ? status : status < 500 ? 'let through' : status
        const refused = caller === 'anonymous' ? 401 : 403
        expect({ caller, told }).toEqual({ caller, told: passes ? 'let through' : refused })
      }
    })
  }
})

describe('what belongs to one customer', () => {
  test('is not there for another, nor for the same number in another shop', async () => {
    const order = { items: [{ sku: 2001, quantity: 1 }], payment_method: 'liqpay' }
    const mine = await ask('loms', 'POST', '/api/v1/orders', tokens.customer, order)
    expect(mine.status).toBe(201)
    await ask('billing', 'POST', '/api/v1/account', tokens.customer, { amount: '1000.00' })
    const bought = await ask('loms', 'POST', '/api/v1/orders', tokens.customer, order)
    const strangers = {
      'another customer': await issuer.bearer({ user: 70 }),
      'a courier': tokens.courier,
      'the same number in another shop': await issuer.bearer({ user: 7, tenant: 'other' }),
      'an admin of another shop': await issuer.bearer({ user: 9, role: 'admin', tenant: 'other' }),
    }
    for (const [who, token] of Object.entries(strangers)) {
      for (const id of [mine.body.id, bought.body.id]) {
        for (const path of [`/api/v1/orders/${id}`, `/api/v1/order/${id}`])
          expect({ who, path, status: (await ask('loms', 'GET', path, token)).status }).toEqual({
            who,
            path,
            status: 404,
          })
        const cancel = await ask('loms', 'POST', `/api/v1/orders/${id}/cancel`, token)
        expect({ who, status: cancel.status }).toEqual({ who, status: 404 })
      }
      const orders = await ask('loms', 'GET', '/api/v1/orders', token)
      expect({ who, orders: orders.body.data }).toEqual({ who, orders: [] })
      const notices = await ask('notifier', 'GET', '/api/v1/notifications', token)
      expect({ who, notices: notices.body.data }).toEqual({ who, notices: [] })
      const account = await ask('billing', 'GET', '/api/v1/account', token)
      expect({ who, balance: account.body.balance }).toEqual({ who, balance: '0.00' })
    }
    const again = await ask('loms', 'GET', `/api/v1/orders/${mine.body.id}`, tokens.customer)
    expect(again.body).toEqual(mine.body)
  })

  test('is not another’s on the RPC surfaces either', async () => {
    const theirs = { user: 7, sku: 2001, count: 1 }
    const stranger = await issuer.bearer({ user: 70 })
    expect((await ask('cart', 'POST', '/cart/item/add', tokens.customer, theirs)).status).toBe(200)
    const calls = [
      ['/cart/item/add', theirs],
      ['/cart/item/delete', { user: 7, sku: 2001 }],
      ['/cart/list', { user: 7 }],
      ['/cart/clear', { user: 7 }],
      ['/cart/checkout', { user: 7 }],
    ] as const
    for (const [path, body] of calls)
      expect({ path, status: (await ask('cart', 'POST', path, stranger, body)).status }).toEqual({
        path,
        status: 403,
      })
    const { body } = await ask('cart', 'POST', '/cart/checkout', tokens.customer, { user: 7 })
    for (const path of ['/order/info', '/order/cancel'])
      expect((await ask('loms', 'POST', path, stranger, { orderID: body.orderID })).status).toBe(404)
    const mine = await ask('loms', 'POST', '/order/info', tokens.customer, { orderID: body.orderID })
    expect(mine.body.status).toBe('awaiting payment')
  })

  test('an admin of the shop sees it, and another shop’s admin does not change its stock', async () => {
    const orders = await ask('loms', 'GET', '/api/v1/orders', tokens.admin)
    expect((orders.body.data as unknown[]).length).toBeGreaterThan(0)
    const stranger = await issuer.bearer({ user: 9, role: 'admin', tenant: 'other' })
    const adjust = { warehouse_id: 1, delta: -5, reason: 'mischief' }
    expect(await ask('loms', 'POST', '/api/v1/stock/position/2001', stranger, adjust)).toMatchObject({
      status: 404,
      body: { code: 'warehouse_not_found' },
    })
  })
})
