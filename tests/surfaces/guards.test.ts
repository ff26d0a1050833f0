//! Who may call what where tokens are asked for: every route and every gRPC method, with each kind of token.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { status } from '@grpc/grpc-js'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { ForeignClient, type Json, methodsOf } from './foreign-client.ts'

setDefaultTimeout(60_000)
const serviceToken = 'the-service-token-of-this-test'

/** `guarded`: a token of ours. Until there are user tokens, what is for users takes the service's own only. */
type Access = 'open' | 'guarded'
type Row = { readonly access: Access; readonly body?: Json }
const order = { orderID: 1 }
const line = { user: 1, sku: 2001, count: 1 }

/** Every HTTP route, in an order in which each works: a route without a row here fails. */
const routes: Readonly<Record<string, Row>> = {
  'loms POST /order/create': { access: 'guarded', body: { user: 1, items: [{ sku: 2001, count: 1 }] } },
  'loms POST /order/info': { access: 'guarded', body: order },
  'loms POST /order/cancel': { access: 'guarded', body: order },
  'loms POST /order/pay': { access: 'guarded', body: { orderID: 2 } },
  'loms POST /stock/info': { access: 'open', body: { sku: 2001 } },
  'cart POST /cart/item/add': { access: 'guarded', body: line },
  'cart POST /cart/list': { access: 'guarded', body: { user: 1 } },
  'cart POST /cart/item/delete': { access: 'guarded', body: { user: 1, sku: 2002 } },
  'cart POST /cart/checkout': { access: 'guarded', body: { user: 1 } },
  'cart POST /cart/clear': { access: 'guarded', body: { user: 1 } },
  // These two check the token in their own body.
  'catalog POST /get_product': { access: 'open', body: { token: 'testtoken', sku: 2001 } },
  'catalog POST /list_skus': {
    access: 'open',
    body: { token: 'testtoken', startAfterSku: 0, count: 1 },
  },
  'notifier POST /history': { access: 'guarded', body: { user: 1 } },
  ...Object.fromEntries(
    ['loms', 'cart', 'catalog', 'notifier'].flatMap((service) =>
      ['/health/live', '/health/ready', '/metrics'].map((path) => [
        `${service} GET ${path}`,
        { access: 'open' } as const,
      ]),
    ),
  ),
}

/** The same of gRPC; the order of the calls does not matter here, since what is asked about need not be there. */
const methods: Readonly<Record<string, Row>> = {
  'loms.v1.LOMS/CreateOrder': {
    access: 'guarded',
    body: { user: 1, items: [{ sku: 2001, count: 1 }] },
  },
  'loms.v1.LOMS/ListOrder': { access: 'guarded', body: { order_id: 1 } },
  'loms.v1.LOMS/OrderPayed': { access: 'guarded', body: { order_id: 2 } },
  'loms.v1.LOMS/CancelOrder': { access: 'guarded', body: { order_id: 1 } },
  'loms.v1.LOMS/Stocks': { access: 'open', body: { sku: 2001 } },
  'checkout.v1.Checkout/AddToCart': { access: 'guarded', body: line },
  'checkout.v1.Checkout/DeleteFromCart': { access: 'guarded', body: line },
  'checkout.v1.Checkout/ListCart': { access: 'guarded', body: { user: 1 } },
  'checkout.v1.Checkout/ClearCart': { access: 'guarded', body: { user: 1 } },
  'checkout.v1.Checkout/Purchase': { access: 'guarded', body: { user: 1 } },
  'route256.product.ProductService/GetProduct': {
    access: 'open',
    body: { token: 'testtoken', sku: 2001 },
  },
  'route256.product.ProductService/ListSkus': { access: 'open', body: { token: 'testtoken', count: 1 } },
}
const servers = {
  'loms.v1.LOMS': 'loms',
  'checkout.v1.Checkout': 'cart',
  'route256.product.ProductService': 'catalog',
} as const

/** What a caller may bring along that is not the token. */
const refusedTokens: Readonly<Record<string, string | undefined>> = {
  'no token': undefined,
  'a wrong token': 'Bearer wrong',
  'the token cut short': `Bearer ${serviceToken.slice(0, -1)}`,
  'the token and more': `Bearer ${serviceToken}x`,
  'an empty bearer': 'Bearer ',
  'the development token': 'Bearer development-service-token',
  'another scheme': `Basic ${serviceToken}`,
  'no scheme': serviceToken,
}
const goodTokens: Readonly<Record<string, string>> = {
  'the token': `Bearer ${serviceToken}`,
  'the token, its scheme in small letters': `bearer ${serviceToken}`,
}

let system: TestSystem

beforeAll(async () => {
  const env = { REQUIRE_AUTH: 'true', SERVICE_TOKEN: serviceToken }
  system = await startSystem({ seed: true, env })
  // Two orders for the rows to be about: one to cancel and one to pay.
  for (const _ of [1, 2]) await send('loms POST /order/create', goodTokens['the token'])
})
afterAll(() => system.stop())

async function send(name: string, authorization?: string, body = routes[name]?.body): Promise<Response> {
  const [service = '', method = '', path = ''] = name.split(' ')
  return await fetch(`${system.url(service)}${path}`, {
    method,
    headers: { ...(authorization && { authorization }), 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
}

async function call(name: string, authorization?: string): Promise<number> {
  const [service = '', method = ''] = name.split('/')
  const client = new ForeignClient(system.grpc(servers[service as keyof typeof servers]))
  const metadata = authorization === undefined ? {} : { metadata: { authorization } }
  const { code } = await client.call(service, method, methods[name]?.body ?? {}, metadata)
  client.close()
  return code
}

describe('over HTTP', () => {
  test('every route of every service has a row here, and no row is of a route that is gone', async () => {
    const found: string[] = []
    for (const service of ['loms', 'cart', 'catalog', 'notifier']) {
      const { paths } = (await (await fetch(`${system.url(service)}/swagger/json`)).json()) as {
        paths: Record<string, Record<string, unknown>>
      }
      for (const [path, operations] of Object.entries(paths)) {
        // The resources have their own test: authorisation.test.ts.
        if (path.startsWith('/api/')) continue
        for (const method of Object.keys(operations)) found.push(`${service} ${method.toUpperCase()} ${path}`)
      }
    }
    expect(found.toSorted()).toEqual(Object.keys(routes).toSorted())
  })

  test.each(Object.entries(refusedTokens))('with %s only what is open answers', async (_, authorization) => {
    for (const [name, { access }] of Object.entries(routes)) {
      const response = await send(name, authorization)
      expect([name, response.status]).toEqual([name, access === 'open' ? 200 : 401])
      if (access === 'open') continue
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(await response.json()).toMatchObject({ code: 'unauthenticated', status: 401 })
    }
  })

  test('who is refused changes nothing', async () => {
    const stock = await (await send('loms POST /stock/info')).json()
    for (const name of Object.keys(routes)) await send(name, 'Bearer wrong')
    expect(await (await send('loms POST /stock/info')).json()).toEqual(stock)
    const token = goodTokens['the token']
    expect(await (await send('cart POST /cart/list', token)).json()).toMatchObject({ items: [] })
    // Neither cancelled nor paid.
    for (const orderID of [1, 2]) {
      const info = await send('loms POST /order/info', token, { orderID })
      expect(await info.json()).toMatchObject({ status: 'awaiting payment' })
    }
  })

  test.each(Object.entries(goodTokens))('with %s every route answers', async (_, authorization) => {
    for (const name of Object.keys(routes)) {
      // Every one needs something in the cart, and the one before may have taken it.
      if (name.endsWith('/checkout')) await send('cart POST /cart/item/add', authorization)
      expect([name, (await send(name, authorization)).status]).toEqual([name, 200])
    }
  })

  test('the pages that people look at are open', async () => {
    for (const service of ['loms', 'cart', 'catalog', 'notifier']) {
      for (const path of ['/swagger', '/swagger/json', '/swagger/swagger-ui.css']) {
        const response = await fetch(`${system.url(service)}${path}`)
        await response.body?.cancel()
        expect([service, path, response.status]).toEqual([service, path, 200])
      }
    }
  })
})

describe('over gRPC', () => {
  test('every method of every service has a row here, and no row is of a method that is gone', () => {
    const found = Object.keys(servers).flatMap((service) =>
      methodsOf(service).map((method) => `${service}/${method}`),
    )
    expect(found.toSorted()).toEqual(Object.keys(methods).toSorted())
  })

  test.each(Object.entries(refusedTokens))('with %s only what is open answers', async (_, authorization) => {
    for (const [name, { access }] of Object.entries(methods)) {
      const code = await call(name, authorization)
      expect([name, code]).toEqual([name, access === 'open' ? status.OK : status.UNAUTHENTICATED])
    }
  })

  test('with the token every method is let in', async () => {
    for (const name of Object.keys(methods)) {
      const code = await call(name, goodTokens['the token'])
      expect([name, [status.UNAUTHENTICATED, status.PERMISSION_DENIED].includes(code)]).toEqual([name, false])
    }
  })

  test('what every port has is open, and it has nothing else', async () => {
    for (const [service, server] of Object.entries(servers)) {
      const client = new ForeignClient(system.grpc(server))
      const own = (await client.services()).filter((name) => !name.startsWith('grpc.'))
      expect(own).toEqual([service])
      expect(await client.done('grpc.health.v1.Health', 'Check', { service })).toEqual({ status: 'SERVING' })
      client.close()
    }
  })
})
