//! What the door adds for everybody: limits, the headers of safe answers, pages of other origins.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callerOf, originOf } from './addresses.ts'
import { bearer, type Echo, openDoor, startEcho, type TestDoor } from './fixture.ts'

let echo: Echo
let door: TestDoor

beforeAll(() => {
  echo = startEcho('any', (request) => {
    if (!request.url.includes('dressed')) return undefined
    return new Response('{}', {
      status: 201,
      headers: {
        'content-type': 'application/json',
        location: '/api/v1/orders/7',
        'idempotent-replayed': 'true',
        'keep-alive': 'timeout=5',
        server: 'secret/1.0',
        'content-security-policy': 'sandbox',
      },
    })
  })
  door = openDoor({ upstreams: { catalog: echo, loms: echo, accounts: echo } })
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await echo[Symbol.asyncDispose]()
})

const limitsOf = ({ headers }: Response) =>
  ['limit', 'remaining', 'reset'].map((name) => Number(headers.get(`ratelimit-${name}`)))

describe('how often one may ask', () => {
  test('stands on every answer, and then the answer is 429 with the time to come back', async () => {
    await using strict = openDoor({
      upstreams: { catalog: echo },
      env: { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '3' },
    })
    for (const remaining of [2, 1, 0]) {
      const response = await strict.ask('GET', '/api/v1/products')
      expect([response.status, ...limitsOf(response).slice(0, 2)]).toEqual([200, 3, remaining])
    }
    const before = echo.arrived.length
    const response = await strict.ask('GET', '/api/v1/products')
    const [limit, remaining, reset = 0] = limitsOf(response)
    expect([response.status, limit, remaining]).toEqual([429, 3, 0])
    expect(reset).toBeWithin(50, 61)
    expect(response.headers.get('retry-after')).toBe(String(reset))
    expect(await response.json()).toMatchObject({ code: 'too_many_requests', retry_after_seconds: reset })
    expect(echo.arrived.length).toBe(before)
    expect((await strict.ask('GET', '/health/live')).status).toBe(200)
  })

  test('is told as it is where the wall clock is set back meanwhile', async () => {
    await using strict = openDoor({
      upstreams: { catalog: echo },
      env: { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1' },
    })
    await strict.ask('GET', '/api/v1/products')
    const wallClock = Date.now
    try {
      Date.now = () => wallClock() - 24 * 60 * 60 * 1000
      const response = await strict.ask('GET', '/api/v1/products')
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60'])
    } finally {
      Date.now = wallClock
    }
  })

  test('counts addresses apart', async () => {
    const env = { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1', GATEWAY_TRUSTED_PROXIES: '127.0.0.1' }
    await using strict = openDoor({ upstreams: { catalog: echo }, env })
    const from = async (address: string) =>
      (await strict.ask('GET', '/api/v1/products', { headers: { 'x-forwarded-for': address } })).status
    expect(await from('203.0.113.1')).toBe(200)
    expect(await from('203.0.113.1')).toBe(429)
    expect(await from('203.0.113.2')).toBe(200)
    expect(await from('2001:db8::1')).toBe(200)
    expect(await from('2001:db8::2')).toBe(429)
  })

  test('counts accounts apart, wherever they ask from', async () => {
    await using strict = openDoor({
      upstreams: { loms: echo },
      env: { GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE: '2' },
    })
    const ask = async (userId: number) =>
      (await strict.ask('GET', '/api/v1/orders', { headers: await bearer(userId) })).status
    expect([await ask(7), await ask(7), await ask(7), await ask(8)]).toEqual([200, 200, 429, 200])
  })

  test('a token that nobody signed uses up nobody’s share', async () => {
    await using strict = openDoor({
      upstreams: { loms: echo },
      env: { GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE: '1' },
    })
    const { authorization } = await bearer(7)
    const forged = `${authorization.slice(0, -5)}AAAAA`
    for (let index = 0; index < 3; index++) {
      const response = await strict.ask('GET', '/api/v1/orders', { headers: { authorization: forged } })
      expect(response.status).toBe(401)
    }
    expect((await strict.ask('GET', '/api/v1/orders', { headers: { authorization } })).status).toBe(200)
  })

  test('is less for whoever tries to sign in', async () => {
    await using strict = openDoor({
      upstreams: { accounts: echo },
      env: { GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '2' },
    })
    const statuses: number[] = []
    for (const path of ['login', 'register', 'login', 'password/forgot', 'token/refresh']) {
      statuses.push((await strict.ask('POST', `/api/v1/${path}`, { body: '{}' })).status)
    }
    expect(statuses).toEqual([200, 200, 429, 429, 200])
  })

  test('is as often as one likes where the setting is 0', async () => {
    await using open = openDoor({
      upstreams: { catalog: echo },
      env: { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '0' },
    })
    const response = await open.ask('GET', '/api/v1/products')
    expect(response.headers.get('ratelimit-limit')).toBeNull()
  })
})

describe('an answer', () => {
  test('keeps what is the service’s to say, and nothing of its connection', async () => {
    const response = await door.ask('POST', '/api/v1/orders?dressed', { headers: await bearer(7) })
    expect(response.status).toBe(201)
    const { headers } = response
    expect(headers.get('location')).toBe('/api/v1/orders/7')
    expect(headers.get('idempotent-replayed')).toBe('true')
    expect(headers.get('content-security-policy')).toBe('sandbox')
    for (const name of ['keep-alive', 'server', 'x-powered-by'])
      expect([name, headers.get(name)]).toEqual([name, null])
  })

  test('cannot be framed, sniffed or run, whoever gives it', async () => {
    for (const path of ['/api/v1/products', '/api/v1/orders', '/nowhere', '/swagger', '/health/live']) {
      const { headers } = await door.ask('GET', path)
      const names = ['x-content-type-options', 'x-frame-options', 'referrer-policy']
      expect([path, ...names.map((name) => headers.get(name))]).toEqual([
        path,
        'nosniff',
        'DENY',
        'no-referrer',
      ])
    }
    const { headers } = await door.ask('GET', '/api/v1/products')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('strict-transport-security')).toBeNull()
  })
})

describe('a page of another origin', () => {
  const origin = 'https://shop.example'
  const asked = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }

  test('is told nothing unless the settings name it', async () => {
    const preflight = await door.ask('OPTIONS', '/api/v1/orders', { headers: asked })
    expect([preflight.status, preflight.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS'])
    const response = await door.ask('GET', '/api/v1/products', { headers: { origin } })
    for (const { headers } of [preflight, response]) {
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('vary')).toBeNull()
    }
  })

  test('may call where they do, and no other may', async () => {
    await using friendly = openDoor({
      upstreams: { catalog: echo, loms: echo },
      env: { GATEWAY_CORS_ORIGINS: origin },
    })
    const preflight = await friendly.ask('OPTIONS', '/api/v1/orders', { headers: asked })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, OPTIONS')
    const allowed = preflight.headers.get('access-control-allow-headers')?.split(', ')
    expect(allowed).toEqual(expect.arrayContaining(['X-CSRF-Token', 'traceparent', 'tracestate']))
    const headers = { ...(await bearer(7)), origin, 'sec-fetch-site': 'cross-site' }
    const response = await friendly.ask('POST', '/api/v1/orders', { headers })
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
    const refused = await friendly.ask('GET', '/api/v1/orders', { headers: { origin } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, origin])
    for (const other of [
      'https://shop.example.evil',
      'http://shop.example',
      'null',
      'https://shop.example:444',
    ]) {
      const answer = await friendly.ask('OPTIONS', '/api/v1/orders', { headers: { ...asked, origin: other } })
      expect([answer.headers.get('access-control-allow-origin'), answer.headers.get('vary')]).toEqual([
        null,
        'Origin',
      ])
    }
  })
})

describe('a page that may call is shown why it was not served', () => {
  const origin = 'https://shop.example'
  test.each([
    ['GET', '/nowhere', 404, null],
    ['GET', '/api/v1/nowhere', 404, null],
    ['OPTIONS', '/api/v1/nowhere', 404, null],
    ['DELETE', '/api/v1/orders', 405, 'GET, HEAD, POST, OPTIONS'],
    ['POST', '/health/live', 405, 'GET, HEAD, OPTIONS'],
  ])('%s %s', async (method, path, status, allow) => {
    await using friendly = openDoor({ env: { GATEWAY_CORS_ORIGINS: origin } })
    const told = async (one: TestDoor, from: string) => {
      const { status, headers } = await one.ask(method, path, { headers: { origin: from } })
      const names = ['allow', 'access-control-allow-origin', 'access-control-allow-credentials', 'vary']
      return [status, ...names.map((name) => headers.get(name))]
    }
    expect(await told(friendly, origin)).toEqual([status, allow, origin, 'true', 'Origin'])
    expect(await told(friendly, 'https://evil.example')).toEqual([status, allow, null, null, 'Origin'])
    expect(await told(door, origin)).toEqual([status, allow, null, null, null])
  })
})

test('what an answer differs by is what its service says, and the origin beside it', async () => {
  await using varied = startEcho(
    'catalog',
    () => new Response('{}', { headers: { vary: 'Accept-Language' } }),
  )
  const varyOf = async (env: Record<string, string>, headers: Record<string, string>) => {
    await using own = openDoor({ upstreams: { catalog: varied }, env })
    return (await own.ask('GET', '/api/v1/products', { headers })).headers.get('vary')
  }
  const origin = 'https://shop.example'
  const env = { GATEWAY_CORS_ORIGINS: origin }
  expect(await varyOf(env, { origin })).toBe('Accept-Language, Origin')
  expect(await varyOf(env, {})).toBe('Accept-Language, Origin')
  expect(await varyOf({}, { origin })).toBe('Accept-Language')
})

describe('where a request comes from', () => {
  const trusted = new Set(['10.0.0.1', '10.0.0.2'])
  const from = (peer: string, forwardedFor: string, proto = 'https') =>
    originOf(peer, new Headers({ 'x-forwarded-for': forwardedFor, 'x-forwarded-proto': proto }), trusted)

  test.each([
    ['203.0.113.9', '1.1.1.1', { address: '203.0.113.9', proto: 'http' }],
    ['10.0.0.1', '203.0.113.9', { address: '203.0.113.9', proto: 'https' }],
    ['10.0.0.1', '1.1.1.1, 203.0.113.9', { address: '203.0.113.9', proto: 'https' }],
    ['10.0.0.1', '203.0.113.9, 10.0.0.2', { address: '203.0.113.9', proto: 'https' }],
    ['10.0.0.1', '::ffff:203.0.113.9', { address: '203.0.113.9', proto: 'https' }],
    ['10.0.0.1', 'nonsense', { address: '10.0.0.1', proto: 'https' }],
    ['10.0.0.1', '', { address: '10.0.0.1', proto: 'https' }],
    ['10.0.0.1', '10.0.0.2', { address: '10.0.0.1', proto: 'https' }],
  ] as const)('by %s for %p', (peer, forwardedFor, origin) => {
    expect(from(peer, forwardedFor)).toEqual(origin)
  })

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['2001:0DB8:0000:0001:ffff::2', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::1:0:0:1', '2001:db8:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s is counted as %s', (address, caller) => {
    expect(callerOf(address)).toBe(caller)
  })
})
