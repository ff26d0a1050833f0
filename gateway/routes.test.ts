//! The table and how a route is found in it.
import { describe, expect, test } from 'bun:test'
import { routeFinder } from './find-route.ts'
import { type GatewayRoute, routes, upstreamNames } from './routes.ts'

const find = routeFinder(routes)
const nameOf = (method: string, path: string) => {
  const found = find(method, path)
  return found.kind === 'found' ? `${found.route.upstream} ${found.route.path}` : found.kind
}

describe('the table', () => {
  test('has every service behind the door', () => {
    expect(new Set(routes.map(({ upstream }) => upstream))).toEqual(new Set(upstreamNames))
  })

  test('names the API, the keys of tokens and the webhooks, and nothing else', () => {
    const others = routes.filter(({ path }) => !path.startsWith('/api/v1/')).map(({ path }) => path)
    expect(others).toEqual(['/.well-known/jwks.json', '/payments/liqpay/callback', '/payments/mono/callback'])
  })

  test('opens nothing that changes what is somebody’s', () => {
    const open = routes.filter(({ access, method }) => access === 'open' && method !== 'GET')
    expect(open.filter(({ kind }) => kind === undefined)).toEqual([])
    expect(routes.filter(({ access }) => access === 'optional').map(({ path }) => path)).toEqual([
      '/api/v1/promo/validate',
    ])
  })

  test('each of its routes is found by an address of its own', () => {
    for (const { method, path, upstream } of routes) {
      expect(nameOf(method, path.replaceAll(/:\w+/g, 'x1'))).toBe(`${upstream} ${path}`)
    }
  })
})

describe('a route is found', () => {
  test.each([
    ['GET', '/api/v1/order/12', 'loms /api/v1/order/:id'],
    ['POST', '/api/v1/order/sent', 'delivery /api/v1/order/sent'],
    ['POST', '/api/v1/order/recieved', 'delivery /api/v1/order/recieved'],
    ['GET', '/api/v1/order/sent', 'other_methods'],
    ['GET', '/api/v1/order/12/delivery', 'delivery /api/v1/order/:id/delivery'],
    ['GET', '/api/v1/shipments/carriers', 'delivery /api/v1/shipments/carriers'],
    ['GET', '/api/v1/shipments/shp_1/track', 'delivery /api/v1/shipments/:id/track'],
    ['POST', '/api/v1/payments/callback/stripe', 'billing /api/v1/payments/callback/:provider'],
    ['GET', '/api/v1/payments/pay_1/status', 'billing /api/v1/payments/:id/status'],
    ['POST', '/api/v1/stock/position/7', 'loms /api/v1/stock/position/:sku'],
    ['HEAD', '/api/v1/products', 'catalog /api/v1/products'],
    ['DELETE', '/api/v1/products', 'other_methods'],
    ['TRACE', '/api/v1/products', 'other_methods'],
    ['OPTIONS', '/api/v1/products', 'other_methods'],
    ['GET', '/api/v1/order/12/delivery/x', 'unknown'],
    ['GET', '/api/v1/orders/', 'unknown'],
    ['GET', '/api/v1', 'unknown'],
    ['GET', '', 'unknown'],
    ['GET', '/', 'unknown'],
    ['GET', 'api/v1/orders', 'unknown'],
    ['GET', '/api/v1/orders/../orders', 'unknown'],
    ['GET', '/api/v1/./orders', 'unknown'],
    ['GET', '/api/v1/orders/__proto__', 'loms /api/v1/orders/:id'],
    ['GET', '/constructor', 'unknown'],
  ] as const)('%s %s: %s', (method, path, expected) => {
    expect(nameOf(method, path)).toBe(expected)
  })

  test('or the methods that its path takes', () => {
    expect(find('PUT', '/api/v1/promo')).toMatchObject({
      kind: 'other_methods',
      methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    })
    // Nothing can be said of an answer that does not end.
    for (const method of ['HEAD', 'POST', 'OPTIONS']) {
      const methods = ['GET', 'OPTIONS']
      expect(find(method, '/api/v1/notifications/stream')).toMatchObject({ kind: 'other_methods', methods })
    }
  })

  test('never twice: two routes of one address are a mistake', () => {
    const route: GatewayRoute = { method: 'GET', path: '/a/:id', upstream: 'cart', access: 'open' }
    expect(() => routeFinder([route, { ...route, path: '/a/:name' }])).toThrow('two routes')
  })
})
