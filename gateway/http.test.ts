//! What goes through the door, and what of it arrives.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Arrived, bearer, type Echo, openDoor, sha256, startEcho, type TestDoor } from './fixture.ts'
import { routes, type UpstreamName, upstreamNames } from './routes.ts'

let echoes: Record<UpstreamName, Echo>
let door: TestDoor

beforeAll(() => {
  echoes = Object.fromEntries(upstreamNames.map((name) => [name, startEcho(name)])) as typeof echoes
  door = openDoor({ upstreams: echoes, env: { HTTP_BODY_LIMIT_BYTES: '20000000' } })
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await Promise.all(upstreamNames.map((name) => echoes[name][Symbol.asyncDispose]()))
})
beforeEach(() => {
  for (const name of upstreamNames) echoes[name].arrived.length = 0
})

const echoed = async (response: Response) => (await response.json()) as Arrived

describe('every route of the table', () => {
  test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s reaches its service, and no other',
    async (_, { method, path, upstream }) => {
      const target = `${path.replaceAll(/:\w+/g, '7')}?page=2&q=%D1%87%D0%B0%D0%B9`
      const body = method === 'GET' ? {} : { body: '{"a":1}' }
      const headers = { ...(await bearer(7, 'admin')), 'content-type': 'application/json' }
      const response = await door.ask(method, target, { headers, ...body })
      expect(response.status).toBe(200)
      if (path.endsWith('/stream')) return await response.body?.cancel()
      expect(await echoed(response)).toMatchObject({ service: upstream, method, target })
      const others = upstreamNames.filter((name) => name !== upstream)
      expect(others.flatMap((name) => echoes[name].arrived)).toEqual([])
    },
  )

  test('HEAD is asked as HEAD, and told what GET would be', async () => {
    const response = await door.ask('HEAD', '/api/v1/products')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect(echoes.catalog.arrived[0]?.method).toBe('HEAD')
    // How long the answer to GET would be, and not how long this one is (RFC 9110, section 8.6).
    const own = await fetch(`${echoes.catalog.url}/api/v1/products`, { method: 'HEAD' })
    expect(Number(own.headers.get('content-length'))).toBeGreaterThan(0)
    expect(response.headers.get('content-length')).toMatch(/^[1-9]\d*$/)
  })
})

describe('who is asked', () => {
  test('a path of delivery is not an order’s, however alike they look', async () => {
    const headers = await bearer(7, 'courier')
    await door.ask('POST', '/api/v1/order/sent', { headers })
    await door.ask('GET', '/api/v1/order/12', { headers })
    await door.ask('GET', '/api/v1/order/12/delivery', { headers })
    expect(echoes.delivery.arrived.map(({ target }) => target)).toEqual([
      '/api/v1/order/sent',
      '/api/v1/order/12/delivery',
    ])
    expect(echoes.loms.arrived.map(({ target }) => target)).toEqual(['/api/v1/order/12'])
  })

  test('an order cannot be called by the name of a route', async () => {
    const response = await door.ask('GET', '/api/v1/order/sent', { headers: await bearer(7) })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    expect(await response.json()).toMatchObject({ code: 'method_not_allowed' })
  })

  test('without a sign-in only what is open is asked', async () => {
    for (const { method, path, access } of routes) {
      const response = await door.ask(method, path.replaceAll(/:\w+/g, '7'))
      const isOpen = access === 'open' || access === 'optional'
      expect([method, path, response.status]).toEqual([method, path, isOpen ? 200 : 401])
      if (!isOpen) expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
    }
  })

  test('a route of a few is refused to everybody else', async () => {
    const others = { admin: ['customer', 'courier'], courier: ['customer'] } as const
    for (const { method, path, access } of routes) {
      if (access !== 'admin' && access !== 'courier') continue
      for (const role of others[access]) {
        const response = await door.ask(method, path.replaceAll(/:\w+/g, '7'), {
          headers: await bearer(7, role),
        })
        expect([method, path, role, response.status]).toEqual([method, path, role, 403])
      }
    }
    expect(upstreamNames.flatMap((name) => echoes[name].arrived)).toEqual([])
  })
})

describe('what never goes through', () => {
  test.each([
    '/order/create',
    '/order/info',
    '/order/pay',
    '/order/cancel',
    '/stock/info',
    '/cart/item/add',
    '/cart/item/delete',
    '/cart/list',
    '/cart/clear',
    '/cart/checkout',
    '/get_product',
    '/list_skus',
    '/history',
    '/internal/api/v1/auth',
    '/internal/api/v1/register',
    '/internal/api/v1/payment',
    '/internal/api/v1/user/7/profile',
    '/api/v1/internal/api/v1/auth',
    '/loms/metrics',
    '/api/v1/metrics',
    '/api/v1/swagger',
    '/loms/swagger/json',
    '/api/v1',
    '/api/v2/products',
    '/',
  ])('%s is a problem document, whoever asks', async (path) => {
    for (const method of ['GET', 'POST']) {
      const response = await door.ask(method, path, { headers: await bearer(1, 'admin') })
      expect(response.status).toBe(404)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ code: 'route_not_found', instance: path })
    }
    expect(upstreamNames.flatMap((name) => echoes[name].arrived)).toEqual([])
  })

  test('the token of our services is no sign-in at this door', async () => {
    for (const token of ['development-service-token', 'a.b', 'a.b.c.d', 'ey.!.x', '']) {
      const response = await door.ask('GET', '/api/v1/orders', {
        headers: { authorization: `Bearer ${token}` },
      })
      expect([token, response.status]).toEqual([token, 401])
    }
    await door.ask('GET', '/api/v1/products', {
      headers: { authorization: 'Bearer development-service-token' },
    })
    expect(echoes.catalog.arrived[0]?.headers).not.toHaveProperty('authorization')
    expect(echoes.loms.arrived).toEqual([])
  })

  test('a signed token that is no good is refused where one is needed', async () => {
    const headers = { authorization: `${(await bearer(7)).authorization}x` }
    expect((await door.ask('GET', '/api/v1/orders', { headers })).status).toBe(401)
    expect((await door.ask('GET', '/api/v1/products', { headers })).status).toBe(200)
  })
})

describe('what a service is told', () => {
  const spoofed = {
    'x-user-id': '1',
    'x-user-role': 'admin',
    'x-auth-token': 'x',
    'x-tenant-id': 'other',
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'for=6.6.6.6',
    'x-real-ip': '6.6.6.6',
    'x-http-method-override': 'DELETE',
    'x-original-url': '/internal/api/v1/auth',
    'kiosk-caller': 'service',
    te: 'trailers',
    'proxy-authorization': 'Basic x',
    'x-named': 'by connection',
  }

  test('nothing that a visitor made up about who they are', async () => {
    const headers = {
      ...spoofed,
      ...(await bearer(7)),
      connection: 'keep-alive, X-Named',
      'accept-language': 'uk',
    }
    const arrived = await echoed(await door.ask('GET', '/api/v1/orders', { headers }))
    for (const name of Object.keys(spoofed)) {
      if (!name.startsWith('x-forwarded-')) expect(arrived.headers).not.toHaveProperty(name)
    }
    expect(arrived.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'accept-language': 'uk',
      authorization: headers.authorization,
      host: new URL(echoes.loms.url).host,
    })
    expect(arrived.headers).not.toHaveProperty('x-forwarded-host')
  })

  test('what a proxy that we trust says of the visitor', async () => {
    const env = { GATEWAY_TRUSTED_PROXIES: '127.0.0.1,10.0.0.1' }
    await using behind = openDoor({ upstreams: echoes, env })
    const headers = { 'x-forwarded-for': '1.1.1.1, 203.0.113.9, 10.0.0.1', 'x-forwarded-proto': 'https' }
    const response = await behind.ask('GET', '/api/v1/products', { headers })
    expect((await echoed(response)).headers).toMatchObject({
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
    })
    expect(response.headers.get('strict-transport-security')).toStartWith('max-age=')
  })

  test('over TLS, that they come by it from now on: whatever they asked for', async () => {
    await using behind = openDoor({ upstreams: echoes, env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' } })
    const told = async (method: string, path: string, proto: string) => {
      const response = await behind.ask(method, path, { headers: { 'x-forwarded-proto': proto } })
      await response.body?.cancel()
      return response.headers.get('strict-transport-security')
    }
    for (const [method, path] of [
      ['GET', '/api/v1/products'],
      ['GET', '/api/v1/orders'],
      ['GET', '/nowhere'],
      ['PUT', '/api/v1/products'],
      ['OPTIONS', '/api/v1/products'],
      ['GET', '/swagger'],
      ['GET', '/swagger/json'],
      ['GET', '/swagger/swagger-ui.css'],
      ['GET', '/health/live'],
    ] as const) {
      expect([path, await told(method, path, 'https')]).toEqual([path, 'max-age=31536000'])
      expect([path, await told(method, path, 'http')]).toEqual([path, null])
    }
  })

  test('the name of the request, and the trace it belongs to', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = { 'x-request-id': 'mine', traceparent }
    const response = await door.ask('GET', '/api/v1/products', { headers })
    const arrived = await echoed(response)
    expect(response.headers.get('x-request-id')).toBe('mine')
    expect(arrived.headers['x-request-id']).toBe('mine')
    expect(arrived.headers.traceparent).toStartWith('00-0af7651916cd43dd8448eb211c80319c-')
    expect(arrived.headers.traceparent).not.toBe(traceparent)
    const named = await echoed(await door.ask('GET', '/api/v1/products'))
    expect(named.headers['x-request-id']).toStartWith('req_')
  })

  test('the cookie only where it is accounts', async () => {
    const headers = { ...(await bearer(7)), cookie: 'session_id=s1; other=2' }
    await door.ask('GET', '/api/v1/orders', { headers })
    await door.ask('GET', '/api/v1/products', { headers: { cookie: 'session_id=s1' } })
    await door.ask('GET', '/api/v1/user/profile', { headers })
    expect(echoes.loms.arrived[0]?.headers).not.toHaveProperty('cookie')
    expect(echoes.catalog.arrived[0]?.headers).not.toHaveProperty('cookie')
    expect(echoes.accounts.arrived[0]?.headers.cookie).toBe('session_id=s1; other=2')
  })

  test('a body byte for byte, large ones too', async () => {
    const body = new Uint8Array(10_000_000).map((_, index) => index * 31)
    const headers = { ...(await bearer(7)), 'content-type': 'application/json' }
    const arrived = await echoed(await door.ask('POST', '/api/v1/orders', { headers, body }))
    expect([arrived.bytes, arrived.sha256]).toEqual([body.length, sha256(body)])
    expect(arrived.headers['content-length']).toBe(String(body.length))
  })

  test('and none that is larger than the limit', async () => {
    await using small = openDoor({ upstreams: echoes, env: { HTTP_BODY_LIMIT_BYTES: '1000' } })
    const headers = { ...(await bearer(7)), 'content-type': 'application/json' }
    const response = await small.ask('POST', '/api/v1/orders', { headers, body: 'x'.repeat(1001) })
    expect([response.status, await response.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'body_too_large' }),
    ])
    const stream = new ReadableStream({
      start(controller) {
        for (let index = 0; index < 20; index++) controller.enqueue(new TextEncoder().encode('x'.repeat(100)))
        controller.close()
      },
    })
    expect((await small.ask('POST', '/api/v1/orders', { headers, body: stream })).status).toBe(413)
    expect(echoes.loms.arrived).toEqual([])
  })
})
