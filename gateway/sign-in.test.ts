//! Signed in by a cookie: accounts is asked what it is worth, over a real NATS, and nobody else ever sees it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { decodeJwt } from 'jose'
import { startNatsServer, type TestNats } from '../tests/harness/nats.ts'
import { csrfToken } from './csrf.ts'
import {
  type Arrived,
  bearer,
  type Echo,
  openDoor,
  type StandIn,
  startAccounts,
  startEcho,
  type TestDoor,
  until,
} from './fixture.ts'

const secret = 'a-csrf-secret'
const env = { GATEWAY_CSRF_SECRET: secret }

let nats: TestNats
let accounts: StandIn
let loms: Echo
let accountsHttp: Echo
let door: TestDoor
let cookiesOfLogin: string[] = []

beforeAll(async () => {
  nats = await startNatsServer()
  accounts = await startAccounts(nats.url)
  loms = startEcho('loms')
  accountsHttp = startEcho('accounts', (request) => {
    if (!/\/(login|logout|callback)/.test(request.url)) return undefined
    const headers = new Headers()
    for (const cookie of cookiesOfLogin) headers.append('set-cookie', cookie)
    return Response.json({}, { headers })
  })
  door = openDoor({ upstreams: { loms, accounts: accountsHttp }, natsUrl: nats.url, env })
  await until(() => door.lines.some(({ msg }) => msg === 'connected to NATS'))
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await loms[Symbol.asyncDispose]()
  await accountsHttp[Symbol.asyncDispose]()
  await accounts[Symbol.asyncDispose]()
  await nats.stop()
})
let count = 0
let session = ''
beforeEach(() => {
  session = `session-${++count}`
  accounts.asked.length = 0
  accounts.answers = () => ({ userId: 7 })
  accounts.gate = Promise.resolve()
  loms.arrived.length = 0
  accountsHttp.arrived.length = 0
})

const get = (path = '/api/v1/orders', headers: Record<string, string> = {}) =>
  door.ask('GET', path, { headers: { cookie: `session_id=${session}`, ...headers } })
const post = (headers: Record<string, string> = {}, path = '/api/v1/orders') =>
  door.ask('POST', path, {
    headers: { cookie: `session_id=${session}`, 'content-type': 'application/json', ...headers },
    body: '{}',
  })
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

describe('a session cookie', () => {
  test('becomes a bearer of its account for the service, which does not see the cookie', async () => {
    const response = await get()
    expect(response.status).toBe(200)
    const { headers } = (await response.json()) as Arrived
    expect(headers).not.toHaveProperty('cookie')
    expect(decodeJwt((headers.authorization ?? '').slice('Bearer '.length))).toMatchObject({
      sub: '7',
      role: 'customer',
    })
    expect(accounts.asked).toEqual([session])
  })

  test('is asked about once in a while, however often it comes and however many come at once', async () => {
    const gate = Promise.withResolvers<void>()
    accounts.gate = gate.promise
    const first = Array.from({ length: 50 }, () => get())
    await until(() => accounts.asked.length > 0)
    gate.resolve()
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(Array(50).fill(200))
    for (let index = 0; index < 20; index++) expect((await get()).status).toBe(200)
    expect(accounts.asked).toEqual([session])
  })

  test('that is over is refused where a sign-in is needed, and asked about again the next time', async () => {
    accounts.answers = () => 'unauthenticated'
    const response = await get()
    expect([response.status, await codeOf(response)]).toEqual([401, 'unauthenticated'])
    expect((await get('/api/v1/products')).status).toBe(503) // open, and its service is away in this test
    accounts.answers = () => ({ userId: 7 })
    expect((await get()).status).toBe(200)
    expect(accounts.asked.length).toBe(2)
  })

  test('is not forgotten early nor kept longer than its token is good', async () => {
    accounts.answers = () => ({ userId: 7, seconds: 5 })
    await get()
    await get()
    // Five seconds are the margin that a token needs to reach a service.
    expect(accounts.asked.length).toBe(2)
  })

  test('that cannot be asked about is nobody’s fault but ours', async () => {
    accounts.answers = () => 'internal'
    const response = await get()
    expect([response.status, await codeOf(response)]).toEqual([503, 'unavailable'])
  })

  test('is nobody’s fault but ours where accounts goes by another clock, and what it gave is not kept', async () => {
    accounts.answers = () => ({ userId: 7, behindSeconds: 86_400 })
    const response = await get()
    expect([response.status, await codeOf(response)]).toEqual([503, 'unavailable'])
    accounts.answers = () => ({ userId: 7 })
    expect((await get()).status).toBe(200)
    expect(loms.arrived.length).toBe(1)
  })

  test('loses against a bearer that comes along', async () => {
    const { headers } = (await (await get('/api/v1/orders', await bearer(9))).json()) as Arrived
    expect(decodeJwt((headers.authorization ?? '').slice('Bearer '.length)).sub).toBe('9')
    const wrong = await get('/api/v1/orders', { authorization: 'Basic abc' })
    expect(wrong.status).toBe(401)
    expect(accounts.asked).toEqual([])
  })

  test('has the role of its account', async () => {
    expect([(await get('/api/v1/warehouses')).status]).toEqual([403])
    session = `${session}-admin`
    accounts.answers = () => ({ userId: 1, role: 'admin' })
    expect((await get('/api/v1/warehouses')).status).toBe(200)
  })

  test.each(['', 'a b', 'x'.repeat(257), 'a"b', 'a%00'])('%p is none', async (value) => {
    const response = await door.ask('GET', '/api/v1/orders', { headers: { cookie: `session_id=${value}` } })
    expect(response.status).toBe(401)
    expect(accounts.asked).toEqual([])
  })
})

describe('after a logout', () => {
  test('by a bearer with somebody else’s cookie beside it, nothing is known of either', async () => {
    accounts.answers = () => ({ userId: 8 })
    await get()
    expect(accounts.asked).toEqual([session])
    accounts.answers = () => 'unauthenticated'
    // accounts is shown both and ends both.
    await post(await bearer(7), '/api/v1/logout')
    expect(accountsHttp.arrived[0]?.headers).toMatchObject({ cookie: `session_id=${session}` })
    expect((await get()).status).toBe(401)
  })

  const token = () => ({ 'x-csrf-token': csrfToken(secret, session) })

  test('nothing of the session is left here', async () => {
    await get()
    expect((await post(token(), '/api/v1/logout')).status).toBe(200)
    expect(accountsHttp.arrived[0]?.headers.cookie).toBe(`session_id=${session}`)
    accounts.answers = () => 'unauthenticated'
    expect((await get()).status).toBe(401)
  })

  test('by bearer, every session of the account is asked about anew', async () => {
    await get()
    await door.ask('POST', '/api/v1/logout', { headers: await bearer(7) })
    accounts.answers = () => 'unauthenticated'
    expect((await get()).status).toBe(401)
  })

  test('an answer that was on its way is not kept', async () => {
    const gate = Promise.withResolvers<void>()
    accounts.gate = gate.promise
    const asking = get()
    await until(() => accounts.asked.length === 1)
    await post(token(), '/api/v1/logout')
    gate.resolve()
    await asking
    accounts.answers = () => 'unauthenticated'
    expect((await get()).status).toBe(401)
  })
})

describe('a change by cookie', () => {
  const token = () => csrfToken(secret, session)

  test('needs the token of its session', async () => {
    const refused = await post()
    expect([refused.status, await codeOf(refused)]).toEqual([403, 'csrf'])
    expect((await post({ 'x-csrf-token': token() })).status).toBe(200)
    expect(loms.arrived[0]?.headers).not.toHaveProperty('x-csrf-token')
  })

  test('is refused before anybody is asked', async () => {
    await post()
    expect([accounts.asked, loms.arrived]).toEqual([[], []])
  })

  test.each([
    ['of another session', () => csrfToken(secret, 'another')],
    ['of another secret', () => csrfToken('another', session)],
    ['cut short', () => token().slice(0, -1)],
    ['with another nonce', () => `${token().split('.')[0]}.${'A'.repeat(22)}`],
    ['that is empty', () => ''],
    ['that is the session', () => session],
  ])('is refused with a token %s', async (_, wrong) => {
    expect((await post({ 'x-csrf-token': wrong() })).status).toBe(403)
  })

  test.each([
    ['cross-site', 403],
    ['same-site', 403],
    ['same-origin', 200],
    ['none', 200],
  ])('from a page that the browser calls %s is answered %d', async (site, status) => {
    const headers = { 'x-csrf-token': token(), 'sec-fetch-site': site }
    expect((await post(headers)).status).toBe(status)
  })

  test('from a page of another origin is refused where the browser says no more', async () => {
    const headers = { 'x-csrf-token': token() }
    expect((await post({ ...headers, origin: 'https://evil.example' })).status).toBe(403)
    expect((await post({ ...headers, origin: 'null' })).status).toBe(403)
    expect((await post({ ...headers, origin: door.url })).status).toBe(200)
  })

  test('is refused to forged pages also where nobody is signed in yet', async () => {
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' }
    const login = await door.ask('POST', '/api/v1/login', { headers, body: '{}' })
    expect([login.status, await codeOf(login)]).toEqual([403, 'csrf'])
    expect(accountsHttp.arrived).toEqual([])
  })

  test('that was refused brings the token that would have done', async () => {
    const refused = await post()
    const [, given = ''] = /csrf_token=([^;]+)/.exec(refused.headers.get('set-cookie') ?? '') ?? []
    expect((await post({ 'x-csrf-token': given })).status).toBe(200)
    expect(refused.headers.get('x-csrf-token')).toBe(given)
  })

  test('needs none with a bearer, for which no browser can be made to act', async () => {
    const headers = {
      ...(await bearer(7)),
      'sec-fetch-site': 'cross-site',
      'content-type': 'application/json',
    }
    expect((await door.ask('POST', '/api/v1/orders', { headers, body: '{}' })).status).toBe(200)
  })

  test('looking needs none', async () => {
    expect((await get('/api/v1/orders', { 'sec-fetch-site': 'cross-site' })).status).toBe(200)
  })
})

describe('a sign-in', () => {
  const login = (headers: Record<string, string> = {}) =>
    door.ask('POST', '/api/v1/login', {
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    })

  test('sets the cookie of accounts, and beside it a token that its page can read', async () => {
    cookiesOfLogin = ['session_id=fresh; Path=/; Max-Age=600; HttpOnly; SameSite=Lax', 'sign_in=; Max-Age=0']
    const [own, other, csrf = ''] = (await login()).headers.getSetCookie()
    expect([own, other]).toEqual(cookiesOfLogin)
    expect(csrf).toMatch(/^csrf_token=[\w.-]+; Path=\/; Max-Age=600; SameSite=Lax$/)
    session = 'fresh'
    const [, token = ''] = /csrf_token=([^;]+)/.exec(csrf) ?? []
    expect((await post({ 'x-csrf-token': token })).status).toBe(200)
  })

  test('tells a page of another host, which cannot read the cookie, and only one that may call', async () => {
    cookiesOfLogin = ['session_id=fresh; Path=/; HttpOnly']
    const origin = 'https://shop.example'
    await using friendly = openDoor({
      upstreams: { loms, accounts: accountsHttp },
      natsUrl: nats.url,
      env: { ...env, GATEWAY_CORS_ORIGINS: origin },
    })
    await until(() => friendly.lines.some(({ msg }) => msg === 'connected to NATS'))
    const ask = (path: string, from: string, more: Record<string, string> = {}) =>
      friendly.ask('POST', path, {
        headers: {
          'content-type': 'application/json',
          origin: from,
          'sec-fetch-site': 'cross-site',
          ...more,
        },
        body: '{}',
      })
    const change = (from: string, token: string) =>
      ask('/api/v1/orders', from, { cookie: 'session_id=fresh', 'x-csrf-token': token })

    const signedIn = await ask('/api/v1/login', origin)
    expect(signedIn.headers.get('access-control-expose-headers')).toContain('X-CSRF-Token')
    expect((await change(origin, signedIn.headers.get('x-csrf-token') ?? '')).status).toBe(200)
    // One that was loaded anew has lost it, and learns it from the refusal.
    const refused = await change(origin, '')
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, origin])
    expect((await change(origin, refused.headers.get('x-csrf-token') ?? '')).status).toBe(200)
    // No browser shows the headers of this to the page, and the page would not be let through with them.
    const forged = await change('https://evil.example', '')
    expect([forged.status, forged.headers.get('access-control-allow-origin')]).toEqual([403, null])
    expect((await change('https://evil.example', forged.headers.get('x-csrf-token') ?? '')).status).toBe(403)
  })

  test('works with the cookie of a session that is long over', async () => {
    expect((await login({ cookie: `session_id=${session}` })).status).toBe(200)
  })

  test('over TLS sets no cookie that goes without it', async () => {
    cookiesOfLogin = ['session_id=fresh; Path=/; HttpOnly']
    await using behind = openDoor({
      upstreams: { accounts: accountsHttp },
      natsUrl: nats.url,
      env: { ...env, GATEWAY_TRUSTED_PROXIES: '127.0.0.1' },
    })
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
    const response = await behind.ask('POST', '/api/v1/login', { headers, body: '{}' })
    expect(response.headers.getSetCookie().map((cookie) => /; Secure/.test(cookie))).toEqual([true, true])
  })

  test('of a logout takes both away', async () => {
    cookiesOfLogin = ['session_id=; Path=/; Max-Age=0; HttpOnly']
    const response = await door.ask('POST', '/api/v1/logout', { headers: await bearer(7) })
    expect(response.headers.getSetCookie()[1]).toBe('csrf_token=; Path=/; Max-Age=0')
    expect(response.headers.get('x-csrf-token')).toBeNull()
  })

  test('of no other service sets a cookie', async () => {
    await using cheeky = startEcho(
      'loms',
      () => new Response('{}', { headers: { 'set-cookie': 'session_id=theirs' } }),
    )
    await using other = openDoor({ upstreams: { loms: cheeky }, natsUrl: nats.url, env })
    const response = await other.ask('GET', '/api/v1/orders', { headers: await bearer(7) })
    expect(response.headers.getSetCookie()).toEqual([])
  })
})

test('without NATS a bearer is as good as ever, and a cookie is answered that it cannot be looked at', async () => {
  await using lonely = openDoor({ upstreams: { loms }, env })
  expect((await lonely.ask('GET', '/api/v1/orders', { headers: await bearer(7) })).status).toBe(200)
  const response = await lonely.ask('GET', '/api/v1/orders', { headers: { cookie: 'session_id=abc' } })
  expect([response.status, await codeOf(response)]).toEqual([503, 'unavailable'])
})
