//! Signing in with a provider: against a real one, and against what somebody may make of it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { decodeJwt } from 'jose'
import { ask } from '../tests/harness/ask.ts'
import { type Accounts, bearer, cookieSet, newcomer, startAccounts } from './fixture.ts'
import { type Person, startProvider, walk } from './oidc.fixture.ts'

const publicUrl = 'http://127.0.0.1:8080'
const callbackUrl = `${publicUrl}/api/v1/oauth/keycloak/callback`
const people = new Map<string, Person>()

let provider: Awaited<ReturnType<typeof startProvider>>
let accounts: Accounts

beforeAll(async () => {
  provider = await startProvider(callbackUrl, people)
  accounts = await startAccounts({ env: settings() })
})
afterAll(async () => {
  await accounts.end()
  await provider.stop()
})

const settings = () => ({
  ACCOUNTS_OIDC_KEYCLOAK_ISSUER: provider.issuer,
  ACCOUNTS_OIDC_KEYCLOAK_CLIENT_ID: provider.clientId,
  ACCOUNTS_OIDC_KEYCLOAK_CLIENT_SECRET: provider.clientSecret,
  ACCOUNTS_SIGN_INS_PER_ADDRESS: '1000',
})

async function start(of = accounts) {
  const told = await ask(of.app, 'GET', '/api/v1/oauth/keycloak/start')
  if (told.status !== 302) throw new Error(`not started: ${JSON.stringify(told.body)}`)
  return { told, location: new URL(told.headers.get('location') ?? ''), cookie: cookieSet(told, 'sign_in') }
}

const back = (url: URL, cookie: string, of = accounts) =>
  ask(of.app, 'GET', `${url.pathname}${url.search}`, { headers: { cookie } })

/** All the way, as somebody of the provider's. */
async function signIn(subject: string, of = accounts) {
  const { location, cookie } = await start(of)
  return await back(await walk(location.href, subject, callbackUrl), cookie, of)
}

const profileOf = async (told: { body: Record<string, unknown> }) =>
  (await ask(accounts.app, 'GET', '/api/v1/user/profile', { headers: bearer(told.body.access_token) })).body

describe('the way there', () => {
  test('leads to the provider with PKCE, state and nonce, and leaves a cookie for the way back', async () => {
    const { told, location } = await start()
    expect(location.origin).toBe(provider.issuer)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: 'shop',
      redirect_uri: callbackUrl,
      response_type: 'code',
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(told.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^sign_in=[\w-]{43}; Path=\/api\/v1\/oauth; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
      ),
    ])
  })

  test('is told to a page that leads there itself', async () => {
    const headers = { accept: 'application/json' }
    const told = await ask(accounts.app, 'GET', '/api/v1/oauth/keycloak/start', { headers })
    expect(told.status).toBe(200)
    expect(String(told.body.location)).toStartWith(`${provider.issuer}/auth?`)
    expect(cookieSet(told, 'sign_in')).toBeString()
    expect(told.headers.has('location')).toBe(false)
  })

  test('keeps nothing that would prove a sign-in', async () => {
    const { location, cookie } = await start()
    const rows = await accounts.deps.store.read(({ db, tables }) => db.select().from(tables.signIns))
    const text = JSON.stringify(rows)
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(text).not.toContain(location.searchParams.get(name) ?? '?')
    expect(text).not.toContain(cookie.split('=')[1] ?? '?')
  })

  test('to a provider that there is not is not found', async () => {
    for (const path of ['/api/v1/oauth/github/start', '/api/v1/oauth/github/callback?state=x']) {
      expect(await ask(accounts.app, 'GET', path)).toMatchObject({
        status: 404,
        body: { code: 'provider_not_found' },
      })
    }
    expect((await ask(accounts.app, 'GET', '/api/v1/oauth/..%2fx/start')).status).toBe(400)
  })

  test('is not for one address alone', async () => {
    const few = await startAccounts({ env: { ...settings(), ACCOUNTS_SIGN_INS_PER_ADDRESS: '2' } })
    const statuses: number[] = []
    for (let index = 0; index < 3; index += 1)
      statuses.push((await ask(few.app, 'GET', '/api/v1/oauth/keycloak/start')).status)
    expect(statuses).toEqual([302, 302, 429])
    await few.end()
  })
})

describe('the way back', () => {
  test('makes an account at the first time, and finds it again at every other', async () => {
    people.set('anna', { name: 'Анна', email: 'anna@example.org', email_verified: true })
    const before = (await accounts.facts()).length
    const first = await signIn('anna')
    expect(first.status).toBe(200)
    expect(cookieSet(first)).toMatch(/^session_id=[\w-]{43}$/)
    const profile = await profileOf(first)
    expect(profile).toMatchObject({
      role: 'customer',
      name: 'Анна',
      email: 'anna@example.org',
      email_verified: true,
      login: expect.stringMatching(/^keycloak-\w+$/),
    })
    // Another address at the provider is the same person all the same.
    people.set('anna', { name: 'Анна', email: 'elsewhere@example.org', email_verified: true })
    expect(await profileOf(await signIn('anna'))).toEqual(profile)
    expect((await accounts.facts()).slice(before).map(({ type }) => type)).toEqual(['user.registered'])
  })

  test('links by an address only where both sides have verified it', async () => {
    people.set('first', { email: 'shared@example.org', email_verified: true })
    people.set('second', { email: 'Shared@Example.org', email_verified: true })
    people.set('third', { email: 'shared@example.org', email_verified: false })
    people.set('fourth', { email: 'shared@example.org' })
    const owner = await profileOf(await signIn('first'))
    expect((await profileOf(await signIn('second'))).id).toBe(owner.id)
    for (const stranger of ['third', 'fourth']) {
      const profile = await profileOf(await signIn(stranger))
      expect(profile.id).not.toBe(owner.id)
      expect(profile.email_verified).toBe(false)
    }
  })

  test('links nobody whose address only looks or folds like the other', async () => {
    people.set('mike', { email: 'mike@example.org', email_verified: true })
    const owner = await profileOf(await signIn('mike'))
    for (const email of ['mıke@example.org', 'mi\u212Ae@example.org', 'ｍike@example.org']) {
      people.set(`as ${email}`, { email, email_verified: true })
      expect((await profileOf(await signIn(`as ${email}`))).id).not.toBe(owner.id)
    }
  })

  test('is no way into an account whose owner only said that the address is theirs', async () => {
    const squatter = await newcomer(accounts, { email: 'victim@example.org' })
    people.set('victim', { email: 'victim@example.org', email_verified: true })
    const victim = await profileOf(await signIn('victim'))
    expect(victim.id).not.toBe(squatter.id)
    // And what somebody writes into their profile later is not verified by that.
    const edited = await ask(accounts.app, 'POST', '/api/v1/user/profile', {
      body: { email: 'other@example.org' },
      headers: bearer((await signIn('victim')).body.access_token),
    })
    expect(edited.body).toMatchObject({ id: victim.id, email_verified: false })
    people.set('other', { email: 'other@example.org', email_verified: true })
    expect((await profileOf(await signIn('other'))).id).not.toBe(victim.id)
  })

  test('leads on where a return address is set, and tells the tokens to nobody', async () => {
    const returnUrl = 'https://shop.example.org/welcome'
    const leading = await startAccounts({ env: settings(), doors: { returnUrl } })
    people.set('led', {})
    const told = await signIn('led', leading)
    expect(told.status).toBe(302)
    expect(told.headers.get('location')).toBe(returnUrl)
    expect(told.headers.get('referrer-policy')).toBe('no-referrer')
    expect(told.body).toEqual({})
    const headers = { cookie: cookieSet(told), 'x-service-token': 'a-service' }
    expect((await ask(leading.app, 'GET', '/internal/api/v1/auth', { headers })).status).toBe(200)
    await leading.end()
  })

  test('gives no password: nobody signs in with one to an account that has none', async () => {
    people.set('nopassword', {})
    const { login } = await profileOf(await signIn('nopassword'))
    for (const password of ['', 'undefined', 'null', 'a password']) {
      const told = await ask(accounts.app, 'POST', '/api/v1/login', { body: { login, password } })
      expect(told.status).toBe(password === '' ? 400 : 401)
    }
  })
})

describe('what somebody may make of it', () => {
  const refused = { status: 401, body: { code: 'sign_in_failed' } }
  const someone = async () => {
    people.set('someone', {})
    const { location, cookie } = await start()
    return { url: await walk(location.href, 'someone', callbackUrl), cookie, location }
  }
  const changed = (url: URL, name: string, value: string) => {
    const next = new URL(url)
    next.searchParams.set(name, value)
    return next
  }

  test('the same answer a second time', async () => {
    const { url, cookie } = await someone()
    expect((await back(url, cookie)).status).toBe(200)
    expect(await back(url, cookie)).toMatchObject(refused)
  })

  test('an answer that another browser began', async () => {
    const { url, cookie } = await someone()
    const other = await start()
    expect(await back(url, other.cookie)).toMatchObject(refused)
    expect(await back(url, '')).toMatchObject(refused)
    // And whose it is can still finish.
    expect((await back(url, cookie)).status).toBe(200)
  })

  test('a code of one sign-in with the state of another', async () => {
    const victim = await start()
    const attacker = await someone()
    const mixed = changed(attacker.url, 'state', victim.location.searchParams.get('state') ?? '')
    expect(await back(mixed, victim.cookie)).toMatchObject(refused)
  })

  test.each([
    ['no state', 'state', ''],
    ['a state of nobody', 'state', 'x'.repeat(43)],
    ['a code of nobody', 'code', 'nonsense'],
    ['no code', 'code', ''],
    ['the answer of another issuer', 'iss', 'https://evil.example.org'],
  ])('%s', async (_, name, value) => {
    const { url, cookie } = await someone()
    expect(await back(changed(url, name, value), cookie)).toMatchObject(refused)
  })

  test('an answer after ten minutes', async () => {
    const { url, cookie } = await someone()
    accounts.pass(600_000)
    expect(await back(url, cookie)).toMatchObject(refused)
  })

  test('a refusal by its owner', async () => {
    const { location, cookie } = await start()
    const state = location.searchParams.get('state') ?? ''
    const url = new URL(`${callbackUrl}?error=access_denied&state=${state}&iss=${provider.issuer}`)
    expect(await back(url, cookie)).toMatchObject(refused)
  })

  test('parameters that are none', async () => {
    const { url, cookie } = await someone()
    url.searchParams.append('state', 'again')
    expect((await back(url, cookie)).status).toBe(400)
  })
})

describe('a provider', () => {
  test('that is away is told as such', async () => {
    const gone = await startProvider(callbackUrl, people)
    await gone.stop()
    const waiting = await startAccounts({
      env: { ...settings(), ACCOUNTS_OIDC_KEYCLOAK_ISSUER: gone.issuer },
    })
    const told = await ask(waiting.app, 'GET', '/api/v1/oauth/keycloak/start')
    expect(told).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    await waiting.end()
  })

  test('tokens of a sign-in are tokens like any other', async () => {
    people.set('tokens', {})
    const told = await signIn('tokens')
    expect(told.body).toMatchObject({ token_type: 'Bearer', expires_in: 900 })
    expect(decodeJwt(String(told.body.access_token))).toMatchObject({
      role: 'customer',
      tenant_id: 'default',
    })
    const body = { refresh_token: told.body.refresh_token }
    expect((await ask(accounts.app, 'POST', '/api/v1/token/refresh', { body })).status).toBe(200)
  })
})

describe('Yandex, which has no discovery document and no ID token', () => {
  const backTo = `${publicUrl}/api/v1/oauth/yandex/callback`

  test('is asked who it is, and found again by the number that it gives', async () => {
    let challenge = ''
    const asked: string[] = []
    // No server of theirs can be run here: this one answers what theirs is documented to.
    const stand = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const { pathname } = new URL(request.url)
        asked.push(`${request.method} ${pathname}`)
        if (pathname === '/info') {
          if (request.headers.get('authorization') !== 'Bearer theirs')
            return new Response('', { status: 401 })
          return Response.json({ id: '1000034426', real_name: 'Иван', default_email: 'ivan@yandex.ru' })
        }
        const form = await request.formData()
        const hash = new Bun.CryptoHasher('sha256')
          .update(String(form.get('code_verifier')))
          .digest('base64url')
        const isRight =
          form.get('code') === 'a-code' && hash === challenge && form.get('redirect_uri') === backTo
        return isRight
          ? Response.json({ access_token: 'theirs', token_type: 'bearer', expires_in: 3600 })
          : Response.json({ error: 'invalid_grant' }, { status: 400 })
      },
    })
    const env = {
      ACCOUNTS_OIDC_YANDEX_ISSUER: `http://127.0.0.1:${stand.port}`,
      ACCOUNTS_OIDC_YANDEX_CLIENT_ID: 'shop',
      ACCOUNTS_OIDC_YANDEX_CLIENT_SECRET: 'a secret of the shop',
    }
    const other = await startAccounts({ env })
    const once = async (code: string) => {
      const told = await ask(other.app, 'GET', '/api/v1/oauth/yandex/start')
      const location = new URL(told.headers.get('location') ?? '')
      expect(location.pathname).toBe('/authorize')
      challenge = location.searchParams.get('code_challenge') ?? ''
      const url = new URL(`${backTo}?code=${code}&state=${location.searchParams.get('state')}`)
      return await back(url, cookieSet(told, 'sign_in'), other)
    }
    const [first, second] = [await once('a-code'), await once('a-code')]
    const profile = async (told: { body: Record<string, unknown> }) =>
      (await ask(other.app, 'GET', '/api/v1/user/profile', { headers: bearer(told.body.access_token) })).body
    expect(await profile(first)).toMatchObject({
      name: 'Иван',
      email: 'ivan@yandex.ru',
      email_verified: false,
    })
    expect((await profile(second)).id).toBe((await profile(first)).id)
    expect(await once('another-code')).toMatchObject({ status: 401, body: { code: 'sign_in_failed' } })
    expect(asked).toEqual(['POST /token', 'GET /info', 'POST /token', 'GET /info', 'POST /token'])
    await other.end()
    await stand.stop(true)
  })
})
