//! Signing in, staying so and signing out, over HTTP.
import { afterAll, describe, expect, test } from 'bun:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { ask } from '../tests/harness/ask.ts'
import { bearer, cookieSet, goodPassword, newcomer, signedIn, startAccounts } from './fixture.ts'

const accounts = await startAccounts()
const { app } = accounts
afterAll(() => accounts.end())

const login = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  ask(app, 'POST', '/api/v1/login', { body, headers })
const refresh = (token: string) =>
  ask(app, 'POST', '/api/v1/token/refresh', { body: { refresh_token: token } })
const isLive = async (refreshToken: string) => (await refresh(refreshToken)).status === 200
const dayMs = 86_400_000

describe('login', () => {
  test('answers a pair of tokens as the contract has them', async () => {
    const person = await newcomer(accounts)
    const { told } = person
    expect(told.body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 900,
    })
    expect(decodeProtectedHeader(person.access)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[\w-]{43}$/),
    })
    const seconds = Math.floor(accounts.now() / 1000)
    expect(decodeJwt(person.access)).toEqual({
      iss: 'urn:kiosk:accounts',
      aud: 'urn:kiosk',
      iat: seconds,
      exp: seconds + 900,
      jti: expect.any(String),
      sub: person.id,
      role: 'customer',
      tenant_id: 'default',
      sid: expect.stringMatching(/^ses_/),
    })
    expect(told.headers.get('cache-control')).toBe('no-store')
  })

  test('sets a cookie that scripts, other sites and plain connections do not get', async () => {
    const { told } = await newcomer(accounts)
    expect(told.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^session_id=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
      ),
    ])
  })

  test('answers the same for a login that nobody has and for a wrong password', async () => {
    const { login: known } = await newcomer(accounts)
    const answers = await Promise.all([
      login({ login: known, password: 'not the password' }),
      login({ login: 'nobody.has.this', password: 'not the password' }),
      login({ login: 'no login at all \u200b', password: 'not the password' }),
    ])
    const said = answers.map(({ status, body: { request_id: _, ...body }, headers }) => {
      const { 'x-request-id': __, ...shown } = Object.fromEntries(headers)
      return { status, body, shown }
    })
    expect(said[0]).toMatchObject({ status: 401, body: { code: 'wrong_credentials' } })
    expect(said[1]).toEqual(said[0])
    expect(said[2]).toEqual(said[0])
  })

  test('takes every spelling of the login, and of the password the one with the same letters', async () => {
    await newcomer(accounts, { login: 'Straße.7', password: goodPassword })
    expect((await login({ login: 'STRASSE.7', password: goodPassword })).status).toBe(200)
    expect((await login({ login: 'straße.7', password: goodPassword.toUpperCase() })).status).toBe(401)
    const composed = 'пароль-\u0439-\u00e9-12'
    await ask(app, 'POST', '/api/v1/register', { body: { login: 'composed', password: composed } })
    expect((await login({ login: 'composed', password: composed.normalize('NFD') })).status).toBe(200)
  })

  test('ends the session that the browser had, and no other', async () => {
    const person = await newcomer(accounts)
    const elsewhere = await signedIn(app, person.login)
    await signedIn(app, person.login, { cookie: person.cookie })
    expect(await isLive(person.refresh)).toBe(false)
    expect(await isLive(elsewhere.refresh)).toBe(true)
  })

  test('keeps no secret in the tables', async () => {
    const person = await newcomer(accounts)
    const rows = await accounts.deps.store.read(async ({ db, tables }) => [
      await db.select().from(tables.users),
      await db.select().from(tables.sessions),
      await db.select().from(tables.refreshTokens),
    ])
    const text = JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    for (const secret of [goodPassword, person.refresh, person.cookie.split('=')[1] ?? '?', person.access])
      expect(text).not.toContain(secret)
  })
})

describe('a refresh token', () => {
  test('makes the next pair, again and again', async () => {
    let token = (await newcomer(accounts)).refresh
    for (let step = 0; step < 5; step += 1) {
      const told = await refresh(token)
      expect(told.status).toBe(200)
      expect(told.body.refresh_token).not.toBe(token)
      token = String(told.body.refresh_token)
      accounts.pass(60_000)
    }
  })

  test('is taken once more within ten seconds, with the same successor, and then no more', async () => {
    const { refresh: first } = await newcomer(accounts)
    const next = String((await refresh(first)).body.refresh_token)
    accounts.pass(9_999)
    const again = await refresh(first)
    expect(again.body.refresh_token).toBe(next)
    expect((await refresh(first)).body.code).toBe('refresh_token_invalid')
    expect(await isLive(next)).toBe(false)
  })

  test('asked with twice at once, both get the one successor', async () => {
    const { refresh: first } = await newcomer(accounts)
    const told = await Promise.all([refresh(first), refresh(first)])
    expect(told.map(({ status }) => status)).toEqual([200, 200])
    expect(new Set(told.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect(await isLive(String(told[0]?.body.refresh_token))).toBe(true)
  })

  test.each([
    ['after ten seconds', async () => accounts.pass(10_000)],
    ['once its successor was used', async (next: string) => void (await refresh(next))],
  ])('that comes back %s ends the session, its newest token too', async (_, meanwhile) => {
    const person = await newcomer(accounts)
    const next = String((await refresh(person.refresh)).body.refresh_token)
    await meanwhile(next)
    const newest = (await refresh(next)).body.refresh_token
    expect((await refresh(person.refresh)).body.code).toBe('refresh_token_invalid')
    expect(await isLive(String(newest))).toBe(false)
    const cookie = { cookie: person.cookie, 'x-service-token': 'a-service' }
    expect((await ask(app, 'GET', '/internal/api/v1/auth', { headers: cookie })).status).toBe(401)
  })

  test('of another session goes on when one ends', async () => {
    const person = await newcomer(accounts)
    const elsewhere = await signedIn(app, person.login)
    await refresh(person.refresh)
    accounts.pass(20_000)
    await refresh(person.refresh)
    expect(await isLive(elsewhere.refresh)).toBe(true)
  })

  test('ends with its session, however often it was refreshed', async () => {
    const person = await newcomer(accounts)
    accounts.pass(29 * dayMs)
    const told = await refresh(person.refresh)
    expect(told.status).toBe(200)
    accounts.pass(dayMs - 300_000)
    const last = await refresh(String(told.body.refresh_token))
    // An access token does not outlive the session either.
    expect(last.body.expires_in).toBe(300)
    accounts.pass(300_000)
    expect(await isLive(String(last.body.refresh_token))).toBe(false)
  })

  test('is no access token, and an access token is no refresh token', async () => {
    const person = await newcomer(accounts)
    const profile = await ask(app, 'GET', '/api/v1/user/profile', { headers: bearer(person.refresh) })
    expect(profile.status).toBe(401)
    for (const text of [person.access, 'A'.repeat(43), 'A'.repeat(42), 'cut off', '\u{1f511}'])
      expect(await refresh(text)).toMatchObject({ status: 401, body: { code: 'refresh_token_invalid' } })
  })
})

describe('logout', () => {
  test.each([
    ['the bearer', ({ access }: { access: string }) => ({ headers: bearer(access) })],
    ['the cookie', ({ cookie }: { cookie: string }) => ({ headers: { cookie } })],
    ['the refresh token', ({ refresh }: { refresh: string }) => ({ body: { refresh_token: refresh } })],
  ])('ends the session of %s and takes the cookie away', async (_, sent) => {
    const person = await newcomer(accounts)
    const elsewhere = await signedIn(app, person.login)
    const told = await ask(app, 'POST', '/api/v1/logout', sent(person))
    expect(told.status).toBe(204)
    expect(told.headers.getSetCookie()).toEqual([
      'session_id=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    ])
    expect(await isLive(person.refresh)).toBe(false)
    expect((await ask(app, 'POST', '/api/v1/logout', sent(person))).status).toBe(204)
    expect(await isLive(elsewhere.refresh)).toBe(true)
  })

  test('without a session is done already', async () => {
    expect((await ask(app, 'POST', '/api/v1/logout')).status).toBe(204)
    const strange = { headers: { cookie: `session_id=${'x'.repeat(43)}` } }
    expect((await ask(app, 'POST', '/api/v1/logout', strange)).status).toBe(204)
    expect((await ask(app, 'POST', '/api/v1/logout', { headers: bearer('x.y.z') })).status).toBe(204)
  })
})

describe('one’s sessions', () => {
  const list = (token: string, query = '') =>
    ask(app, 'GET', `/api/v1/sessions${query}`, { headers: bearer(token) })
  const idsIn = (told: { body: Record<string, unknown> }) =>
    (told.body.data as { id: string; is_current: boolean }[]).map(({ id }) => id)

  test('are listed newest first, with the one that asks', async () => {
    const first = await newcomer(accounts)
    accounts.pass(1_000)
    const second = await signedIn(app, first.login)
    const told = await list(second.access)
    expect(told.body.meta).toEqual({ page: 1, limit: 20, total: 2, pages: 1 })
    expect(told.body.data).toMatchObject([{ is_current: true }, { is_current: false }])
    expect(idsIn(await list(first.access, '?page=2&limit=1'))).toEqual([String(idsIn(told)[1])])
    // What is told of a session cannot be signed in with.
    expect(JSON.stringify(told.body)).not.toMatch(/hash|cookie|token/)
  })

  test('are ended by their owner, once and again, and by nobody else', async () => {
    const [person, stranger] = [await newcomer(accounts), await newcomer(accounts)]
    const [id] = idsIn(await list(person.access))
    const end = (token: string) => ask(app, 'DELETE', `/api/v1/sessions/${id}`, { headers: bearer(token) })
    expect(await end(stranger.access)).toMatchObject({ status: 404, body: { code: 'session_not_found' } })
    expect((await end(person.access)).status).toBe(204)
    expect((await end(person.access)).status).toBe(204)
    expect(await isLive(person.refresh)).toBe(false)
    expect((await list(person.access)).body.data).toEqual([])
  })
})

test('whoever signs out everywhere ends all of their sessions, and nobody else’s', async () => {
  const [person, stranger] = [await newcomer(accounts), await newcomer(accounts)]
  const elsewhere = await signedIn(app, person.login)
  const told = await ask(app, 'DELETE', '/api/v1/sessions', { headers: bearer(person.access) })
  expect(told.status).toBe(204)
  expect(cookieSet(told)).toBe('session_id=')
  expect([await isLive(person.refresh), await isLive(elsewhere.refresh)]).toEqual([false, false])
  expect(await isLive(stranger.refresh)).toBe(true)
})

describe('forward-auth', () => {
  const proxy = { 'x-service-token': 'a-service' }
  const auth = (headers: Record<string, string>, method = 'GET') =>
    ask(app, method, '/internal/api/v1/auth', { headers })

  test.each(['GET', 'POST'])('turns cookie and bearer into headers, asked with %s', async (method) => {
    const person = await newcomer(accounts)
    for (const sent of [{ cookie: person.cookie }, bearer(person.access)]) {
      const told = await auth({ ...proxy, ...sent }, method)
      expect(told.status).toBe(200)
      expect(told.headers.get('x-user-id')).toBe(person.id)
      expect(told.headers.get('x-user-role')).toBe('customer')
      const token = told.headers.get('x-auth-token') ?? ''
      const { iat = 0, exp = 0 } = decodeJwt(token)
      expect(exp - iat).toBe(60)
      expect((await ask(app, 'GET', '/api/v1/user/profile', { headers: bearer(token) })).status).toBe(200)
      expect(Object.fromEntries(told.headers)).not.toHaveProperty('x-session-id')
      expect(JSON.stringify([...told.headers, told.body])).not.toContain('ses_')
    }
  })

  test('refuses whoever is nobody, or nobody any more', async () => {
    const person = await newcomer(accounts)
    expect((await auth(proxy)).status).toBe(401)
    expect((await auth({ ...proxy, cookie: 'session_id=nonsense' })).status).toBe(401)
    expect((await auth({ ...proxy, cookie: `session_id=${'x'.repeat(43)}` })).status).toBe(401)
    await ask(app, 'POST', '/api/v1/logout', { headers: { cookie: person.cookie } })
    // At once, although the bearer is good until it expires.
    for (const sent of [{ cookie: person.cookie }, bearer(person.access)])
      expect((await auth({ ...proxy, ...sent })).status).toBe(401)
  })

  test('a bearer that is wrong is not made good by a cookie', async () => {
    const person = await newcomer(accounts)
    const told = await auth({ ...proxy, cookie: person.cookie, ...bearer('x.y.z') })
    expect(told.status).toBe(401)
  })

  test('answers our own proxies only, who show it in a header of their own', async () => {
    const person = await newcomer(accounts)
    expect((await auth({ cookie: person.cookie })).status).toBe(401)
    expect((await auth({ cookie: person.cookie, 'x-service-token': 'wrong' })).status).toBe(401)
    expect((await auth({ cookie: person.cookie, 'x-service-token': person.access })).status).toBe(401)
    expect((await auth({ cookie: person.cookie, ...bearer('a-service') })).status).toBe(200)
  })
})

test('a cookie of another name, or a second of the same, changes nothing', async () => {
  const person = await newcomer(accounts)
  const headers = (cookie: string) => ({ headers: { cookie, 'x-service-token': 'a-service' } })
  const auth = (cookie: string) => ask(app, 'GET', '/internal/api/v1/auth', headers(cookie))
  expect((await auth(`a=b; ${cookieSet(person.told)}; c=d`)).status).toBe(200)
  expect((await auth(`x${person.cookie}`)).status).toBe(401)
  expect((await auth(`session_id=; ${person.cookie}`)).status).toBe(401)
})
