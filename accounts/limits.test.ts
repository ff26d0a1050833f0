//! Who is slowed down, and who is not: guessing over HTTP, with addresses as a proxy names them.
import { describe, expect, test } from 'bun:test'
import { ask } from '../tests/harness/ask.ts'
import { goodPassword, newcomer, signedIn, startAccounts } from './fixture.ts'

const env = {
  ACCOUNTS_FAILURES_PER_ADDRESS: '20',
  ACCOUNTS_FAILURES_PER_ACCOUNT: '5',
  ACCOUNTS_FAILURES_OF_STRANGERS: '12',
  ACCOUNTS_REGISTRATIONS_PER_ADDRESS: '3',
  ACCOUNTS_SIGN_INS_PER_ADDRESS: '2',
}

/** Served by a socket: only there a peer has an address. */
async function started(trustedProxies = '127.0.0.1', own: Record<string, string> = {}) {
  const accounts = await startAccounts({ env: { ...env, TRUSTED_PROXIES: trustedProxies, ...own } })
  const door = accounts.app.listen({ host: '127.0.0.1', port: 0 })
  const login = async (
    login: string,
    password: string,
    from: string,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`${door.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': from, ...headers },
      body: JSON.stringify({ login, password }),
    })
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as { code?: string },
    }
  }
  const guess = async (times: number, name: string, from: (index: number) => string) => {
    const statuses: number[] = []
    for (let index = 0; index < times; index += 1)
      statuses.push((await login(name, `guess ${index}`, from(index))).status)
    return statuses
  }
  const end = async () => {
    await door.close(0)
    await accounts.end()
  }
  return { accounts, door, login, guess, end }
}

const times = (count: number, status: number) => Array<number>(count).fill(status)

describe('guessing', () => {
  test('is slowed down no longer where the wall clock is set back meanwhile', async () => {
    const { accounts, login, guess, end } = await started()
    const person = await newcomer(accounts)
    await guess(5, person.login, () => '203.0.113.7')
    const wallClock = Date.now
    try {
      Date.now = () => wallClock() - 24 * 60 * 60 * 1000
      const told = await login(person.login, goodPassword, '203.0.113.7')
      expect([told.status, told.headers.get('retry-after')]).toEqual([429, '900'])
    } finally {
      Date.now = wallClock
    }
    await end()
  })

  test('one account from one neighbourhood is slowed down, with a time to come back, before anything is hashed', async () => {
    const { accounts, login, guess, end } = await started()
    const person = await newcomer(accounts)
    // Other addresses of the same /24 are no way around.
    expect(await guess(6, person.login, (index) => `203.0.113.${index}`)).toEqual([...times(5, 401), 429])
    const told = await login(person.login, goodPassword, '203.0.113.77')
    expect(told).toMatchObject({ status: 429, body: { code: 'too_many_requests' } })
    const seconds = Number(told.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(850)
    expect(seconds).toBeLessThanOrEqual(900)
    await end()
  })

  test('does not lock the owner out elsewhere', async () => {
    const { accounts, login, guess, end } = await started()
    const person = await newcomer(accounts)
    await guess(8, person.login, () => '203.0.113.1')
    expect((await login(person.login, goodPassword, '198.51.100.1')).status).toBe(200)
    await end()
  })

  test('does not lock out a browser that was signed in before, wherever it is', async () => {
    const { accounts, login, guess, end } = await started()
    const person = await newcomer(accounts)
    await ask(accounts.app, 'POST', '/api/v1/logout', { headers: { cookie: person.cookie } })
    await guess(8, person.login, () => '203.0.113.1')
    expect((await login(person.login, goodPassword, '203.0.113.1')).status).toBe(429)
    const known = await login(person.login, goodPassword, '203.0.113.1', { cookie: person.cookie })
    expect(known.status).toBe(200)
    // The cookie of somebody else's session opens nothing.
    const other = await newcomer(accounts)
    const strange = await login(person.login, goodPassword, '203.0.113.1', { cookie: other.cookie })
    expect(strange.status).toBe(429)
    await end()
  })

  test('from many places at once is slowed down for all but those that the account knows', async () => {
    const { accounts, login, guess, end } = await started()
    const person = await newcomer(accounts)
    expect((await login(person.login, goodPassword, '198.51.100.1')).status).toBe(200)
    expect(await guess(14, person.login, (index) => `203.0.${index}.1`)).toEqual([
      ...times(12, 401),
      429,
      429,
    ])
    expect((await login(person.login, goodPassword, '192.0.2.1')).status).toBe(429)
    expect((await login(person.login, goodPassword, '198.51.100.200')).status).toBe(200)
    await end()
  })

  test('many accounts from one address is slowed down, of an IPv6 line whatever its last half', async () => {
    const { login, guess, end } = await started()
    const statuses: number[] = []
    for (let index = 0; index < 22; index += 1)
      statuses.push(...(await guess(1, `nobody${index}`, () => `2001:db8:1:2::${index + 1}`)))
    expect(statuses).toEqual([...times(20, 401), 429, 429])
    expect((await login('nobody', 'guess', '2001:db8:1:3::1')).status).toBe(401)
    await end()
  })

  test('on and on after a refusal shuts nobody else out behind the same address', async () => {
    const { accounts, login, guess, end } = await started()
    const neighbour = await newcomer(accounts)
    await guess(40, 'nobody.has.this', () => '203.0.113.1')
    expect((await login(neighbour.login, goodPassword, '203.0.113.1')).status).toBe(200)
    await end()
  })

  test('all at once is no way around', async () => {
    const { accounts, login, end } = await started()
    const person = await newcomer(accounts)
    const told = await Promise.all(
      Array.from({ length: 20 }, (_, index) => login(person.login, `guess ${index}`, '203.0.113.1')),
    )
    expect(told.filter(({ status }) => status === 401).length).toBe(5)
    await end()
  })

  test('an account that nobody has is slowed down in the same way', async () => {
    const { guess, end } = await started()
    expect(await guess(6, 'nobody.has.this', () => '203.0.113.1')).toEqual([...times(5, 401), 429])
    await end()
  })

  test('whoever signs in well is not counted', async () => {
    const { accounts, login, end } = await started()
    const person = await newcomer(accounts)
    for (let index = 0; index < 30; index += 1)
      expect((await login(person.login, goodPassword, '203.0.113.1')).status).toBe(200)
    await end()
  })

  test('is not what somebody does who is turned away because too many wait, however often', async () => {
    const { accounts, login, end } = await started('127.0.0.1', {
      ACCOUNTS_HASHES_AT_ONCE: '1',
      ACCOUNTS_HASHES_WAITING: '1',
      ACCOUNTS_ARGON2_MEMORY_KIB: '8192',
    })
    const person = await newcomer(accounts)
    const statuses: number[] = []
    for (const _ of [1, 2, 3, 4]) {
      const told = await Promise.all(
        Array.from({ length: 5 }, () => login(person.login, goodPassword, '203.0.113.1')),
      )
      statuses.push(...told.map(({ status }) => status))
    }
    expect([...new Set(statuses)].sort()).toEqual([200, 503])
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(5)
    await end()
  })

  test('with a stolen token is as slow as without', async () => {
    const { accounts, end } = await started()
    const person = await newcomer(accounts)
    const statuses: number[] = []
    for (let index = 0; index < 6; index += 1) {
      const told = await ask(accounts.app, 'POST', '/api/v1/user/password', {
        body: { current_password: `guess ${index}`, new_password: 'a password of my own' },
        headers: { authorization: `Bearer ${person.access}` },
      })
      statuses.push(told.status)
    }
    expect(statuses).toEqual([...times(5, 401), 429])
    await end()
  })

  test('with a stolen token is no quicker from many places, and keeps the owner from nothing', async () => {
    const { accounts, door, end } = await started()
    const person = await newcomer(accounts)
    const change = async (access: string, current: string, from: string) => {
      const response = await fetch(`${door.url}/api/v1/user/password`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${access}`,
          'x-forwarded-for': from,
        },
        body: JSON.stringify({ current_password: current, new_password: 'a password of my own' }),
      })
      await response.body?.cancel()
      return response.status
    }
    const statuses: number[] = []
    for (let index = 0; index < 7; index += 1)
      statuses.push(await change(person.access, `guess ${index}`, `203.0.${index}.1`))
    expect(statuses).toEqual([...times(5, 401), 429, 429])
    const owner = await signedIn(accounts.app, person.login)
    expect(await change(owner.access, goodPassword, '203.0.0.1')).toBe(204)
    await end()
  })
})

test('the header of whoever is no proxy of ours is noise', async () => {
  const { guess, end } = await started('none')
  expect(await guess(6, 'somebody', (index) => `203.0.${index}.1`)).toEqual([...times(5, 401), 429])
  await end()
})

test('registering from one address is bounded, and not for our own services', async () => {
  const { accounts, end } = await started()
  const { app } = accounts
  const register = (index: number, path: string, headers: Record<string, string> = {}) =>
    ask(app, 'POST', path, { body: { login: `newcomer${index}`, password: goodPassword }, headers })
  const statuses: number[] = []
  for (let index = 0; index < 4; index += 1) statuses.push((await register(index, '/api/v1/register')).status)
  expect(statuses).toEqual([201, 201, 201, 429])
  const inside = { authorization: 'Bearer a-service' }
  for (let index = 10; index < 16; index += 1)
    expect((await register(index, '/internal/api/v1/register', inside)).status).toBe(201)
  await end()
})

test('a limit that was reached is none after its time', async () => {
  const { createLimits } = await import('./limits.ts')
  const brief = { points: 2, seconds: 1 }
  const limits = createLimits({
    address: brief,
    accountFromRange: brief,
    accountFromStrangers: brief,
    registrations: brief,
    signIns: brief,
  })
  const ok = async () => (await limits.register('203.0.113.1')).ok
  expect([await ok(), await ok(), await ok()]).toEqual([true, true, false])
  const refused = await limits.register('203.0.113.1')
  expect(refused).toMatchObject({ ok: false, error: { details: { retry_after_seconds: 1 } } })
  await Bun.sleep(1_050)
  expect(await ok()).toBe(true)
})
