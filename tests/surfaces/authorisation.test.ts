//! Who may what of the resources: every route of every service, asked by everybody there is. A route without a row fails.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { catalogueRead } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { accountsIssuer, type Bearer } from '../harness/tokens.ts'

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
  /** A proxy of ours, which shows the service token in a header of its own beside what it was shown. */
  proxy: [],
} as const satisfies Record<string, readonly CallerName[]>

type Row = keyof typeof access

/** Every route under `/api` and `/internal`. */
const routes: Readonly<Record<string, Row>> = {
  'accounts POST /api/v1/register': 'open',
  'accounts POST /api/v1/login': 'open',
  'accounts POST /api/v1/token/refresh': 'open',
  'accounts POST /api/v1/logout': 'open',
  'accounts GET /api/v1/oauth/{provider}/start': 'open',
  'accounts GET /api/v1/oauth/{provider}/callback': 'open',
  'accounts GET /api/v1/user/profile': 'account',
  'accounts POST /api/v1/user/profile': 'account',
  'accounts POST /api/v1/user/password': 'account',
  'accounts GET /api/v1/sessions': 'account',
  'accounts DELETE /api/v1/sessions': 'account',
  'accounts DELETE /api/v1/sessions/{id}': 'account',
  'accounts PUT /api/v1/users/{id}/role': 'admin',
  'accounts POST /internal/api/v1/register': 'service',
  'accounts GET /internal/api/v1/user/{id}/profile': 'service',
  'accounts GET /internal/api/v1/auth': 'proxy',
  'accounts POST /internal/api/v1/auth': 'proxy',
  'billing GET /api/v1/account': 'account',
  'billing POST /api/v1/account': 'account',
  'billing GET /api/v1/account/transactions': 'account',
  'billing GET /api/v1/users/{id}/account': 'admin',
  'billing POST /internal/api/v1/payment': 'service',
  'cart GET /api/v1/cart': 'account',
  'cart DELETE /api/v1/cart': 'account',
  'cart POST /api/v1/cart/items': 'account',
  'cart PATCH /api/v1/cart/items/{sku}': 'account',
  'cart DELETE /api/v1/cart/items/{sku}': 'account',
  'cart POST /api/v1/cart/checkout': 'account',
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
  'notifier GET /api/v1/notifications/stream': 'account',
}

let system: TestSystem
let bearer: Bearer
let tokens: Record<CallerName, string | undefined>

beforeAll(async () => {
  const env = {
    REQUIRE_AUTH: 'true',
    SERVICE_TOKEN: serviceToken,
    BILLING_FREE_TOP_UP: 'true',
    ACCOUNTS_ARGON2_MEMORY_KIB: '1024',
    ACCOUNTS_ARGON2_PASSES: '1',
    LOG_LEVEL: 'warn',
  }
  system = await startSystem({ services, seed: true, hasNatsUsers: true, env })
  bearer = await accountsIssuer(system)
  tokens = {
    anonymous: undefined,
    customer: await bearer({ user: 7 }),
    courier: await bearer({ user: 8, role: 'courier' }),
    admin: await bearer({ user: 9, role: 'admin' }),
    service: `Bearer ${serviceToken}`,
  }
})
afterAll(() => system.stop())

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
  // Whoever is let in hears for hours; that is all there is to see.
  if (response.headers.get('content-type') === 'text/event-stream') {
    await response.body?.cancel()
    return { status: response.status, body: {} }
  }
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

const placed = (path: string) =>
  path
    .replace('{sku}', '2001')
    .replace(/\{\w+\}/, path.includes('product') ? 'prod_x' : path.includes('shipments') ? 'shp_x' : '1')

test('every route has a row here, and no row is of a route that is gone', async () => {
  const found: string[] = []
  for (const service of services) {
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
    test(`${name} lets ${access[row].join(', ') || 'nobody'} through`, async () => {
      for (const caller of callers) {
        const { status } = await ask(service, method, placed(path), tokens[caller])
        const passes = (access[row] as readonly CallerName[]).includes(caller)
        const told = status === 401 || status === 403 ? status : status < 500 ? 'let through' : status
        const refused = caller === 'anonymous' || row === 'proxy' ? 401 : 403
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
      'another customer': await bearer({ user: 70 }),
      'a courier': tokens.courier,
      'the same number in another shop': await bearer({ user: 7, tenant: 'other' }),
      'an admin of another shop': await bearer({ user: 9, role: 'admin', tenant: 'other' }),
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
    const stranger = await bearer({ user: 70 })
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

  test('is carried to nobody else, and nobody else says that it has come', async () => {
    const address = { city: 'Київ', address: 'Хрещатик, 1', phone: '+380441234567' }
    await ask('billing', 'POST', '/api/v1/account', tokens.customer, { amount: '10000.00' })
    await catalogueRead(system)
    const bought = await ask('loms', 'POST', '/api/v1/order', tokens.customer, {
      items: [{ sku: 2001, quantity: 1 }],
      delivery: { method: 'courier', address },
    })
    expect(bought.status).toBe(200)
    const order = { order_id: bought.body.id }
    const delivery = `/api/v1/order/${bought.body.id}/delivery`
    const mine = await ask('delivery', 'GET', delivery, tokens.customer)
    expect(mine).toMatchObject({ status: 200, body: { status: 'queued', address } })
    const track = `/api/v1/shipments/${mine.body.id}/track`
    const strangers = {
      'another customer': await bearer({ user: 70 }),
      'the same number in another shop': await bearer({ user: 7, tenant: 'other' }),
      'a courier of another shop': await bearer({ user: 8, role: 'courier', tenant: 'other' }),
      'an admin of another shop': await bearer({ user: 9, role: 'admin', tenant: 'other' }),
    }
    for (const [who, token] of Object.entries(strangers)) {
      for (const path of [delivery, track])
        expect({ who, path, status: (await ask('delivery', 'GET', path, token)).status }).toEqual({
          who,
          path,
          status: 404,
        })
      for (const step of ['sent', 'received', 'recieved']) {
        const { status } = await ask('delivery', 'POST', `/api/v1/order/${step}`, token, order)
        expect({ who, step, done: status < 400 }).toEqual({ who, step, done: false })
      }
      const queue = await ask('delivery', 'GET', '/api/v1/shipments', token)
      expect({ who, sees: JSON.stringify(queue.body).includes(String(mine.body.id)) }).toEqual({
        who,
        sees: false,
      })
    }
    expect((await ask('delivery', 'GET', delivery, tokens.customer)).body).toEqual(mine.body)
    expect((await ask('delivery', 'POST', '/api/v1/order/sent', tokens.courier, order)).status).toBe(200)
  })

  test('an admin of the shop sees it, and another shop’s admin does not change its stock', async () => {
    const orders = await ask('loms', 'GET', '/api/v1/orders', tokens.admin)
    expect((orders.body.data as unknown[]).length).toBeGreaterThan(0)
    const stranger = await bearer({ user: 9, role: 'admin', tenant: 'other' })
    const adjust = { warehouse_id: 1, delta: -5, reason: 'mischief' }
    expect(await ask('loms', 'POST', '/api/v1/stock/position/2001', stranger, adjust)).toMatchObject({
      status: 404,
      body: { code: 'warehouse_not_found' },
    })
  })
})

describe('accounts', () => {
  const password = 'correct horse battery staple'
  type SignedUp = { readonly id: number; readonly authorization: string; readonly cookie: string }

  async function signedUp(login: string): Promise<SignedUp> {
    const made = await ask('accounts', 'POST', '/api/v1/register', undefined, { login, password })
    const response = await fetch(`${system.url('accounts')}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password }),
    })
    const { access_token } = (await response.json()) as { access_token: string }
    const [cookie = ''] = response.headers.getSetCookie()[0]?.split(';') ?? []
    return { id: Number(made.body.id), authorization: `Bearer ${access_token}`, cookie }
  }

  test('of one customer are not there for another, nor for the same number in another shop', async () => {
    const mine = await signedUp('olena')
    const other = await signedUp('petro')
    const sessions = await ask('accounts', 'GET', '/api/v1/sessions', mine.authorization)
    const [session] = sessions.body.data as { id: string }[]
    const strangers = {
      'another customer': other.authorization,
      'a courier': tokens.courier,
      'an admin': tokens.admin,
      'the same number in another shop': await bearer({ user: mine.id, tenant: 'other' }),
    }
    for (const [who, token] of Object.entries(strangers)) {
      const profile = await ask('accounts', 'GET', '/api/v1/user/profile', token)
      expect({ who, isMine: profile.body.login === 'olena' }).toEqual({ who, isMine: false })
      const seen = await ask('accounts', 'GET', '/api/v1/sessions', token)
      expect({ who, found: JSON.stringify(seen.body).includes(session?.id ?? '') }).toEqual({
        who,
        found: false,
      })
      const ended = await ask('accounts', 'DELETE', `/api/v1/sessions/${session?.id}`, token)
      expect({ who, status: ended.status }).toEqual({ who, status: 404 })
    }
    await ask('accounts', 'DELETE', '/api/v1/sessions', strangers['the same number in another shop'])
    expect((await ask('accounts', 'GET', '/api/v1/sessions', mine.authorization)).body).toEqual(sessions.body)
    const promoted = await ask(
      'accounts',
      'PUT',
      `/api/v1/users/${mine.id}/role`,
      await bearer({ user: 9, role: 'admin', tenant: 'other' }),
      { role: 'admin' },
    )
    expect(promoted.status).toBe(404)
    expect((await ask('accounts', 'GET', '/api/v1/user/profile', mine.authorization)).body.role).toBe(
      'customer',
    )
  })

  test('nobody makes themselves an admin by asking for it', async () => {
    const { authorization, id } = await signedUp('ivan')
    for (const [path, body] of [
      ['/api/v1/register', { login: 'ivan2', password, role: 'admin' }],
      ['/api/v1/user/profile', { role: 'admin' }],
    ] as const)
      expect((await ask('accounts', 'POST', path, authorization, body)).status).toBe(400)
    const asked = await ask('accounts', 'PUT', `/api/v1/users/${id}/role`, authorization, { role: 'admin' })
    expect(asked.status).toBe(403)
  })

  test('tell who somebody is to a proxy that shows the service token, and to nobody else', async () => {
    const { id, authorization, cookie } = await signedUp('maria')
    const judged = async (headers: Record<string, string>) => {
      const told: unknown[] = []
      for (const method of ['GET', 'POST']) {
        const response = await fetch(`${system.url('accounts')}/internal/api/v1/auth`, { method, headers })
        await response.body?.cancel()
        told.push([response.status, response.headers.get('x-user-id'), response.headers.get('x-user-role')])
        expect(response.headers.has('x-auth-token')).toBe(response.status === 200)
      }
      expect(told[1]).toEqual(told[0])
      return told[0]
    }
    const proxy = { 'x-service-token': serviceToken }
    const maria = [200, String(id), 'customer']
    const nobody = [401, null, null]
    expect(await judged({ ...proxy, authorization })).toEqual(maria)
    expect(await judged({ ...proxy, cookie })).toEqual(maria)
    // Where there is only a cookie, the proxy may speak for itself.
    expect(await judged({ authorization: `Bearer ${serviceToken}`, cookie })).toEqual(maria)
    for (const headers of [
      proxy,
      { authorization, cookie },
      { cookie },
      { ...proxy, cookie: 'session_id=x' },
      { ...proxy, authorization: 'Bearer x', cookie },
      { ...proxy, authorization: await bearer({ user: id, tenant: 'other' }) },
      { authorization, 'x-service-token': authorization.slice('Bearer '.length) },
      { authorization, 'x-service-token': `${serviceToken}x` },
      { authorization, 'x-service-token': '' },
      { authorization, 'x-auth-token': serviceToken, 'x-user-id': '9', 'x-user-role': 'admin' },
    ] as Record<string, string>[])
      expect([headers, await judged(headers)]).toEqual([headers, nobody])
  })
})
