//! For whom an anonymous caller is taken, behind the gateway and in front of it: nobody passes for another address by saying so.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'

setDefaultTimeout(60_000)

const cheapHashes = { ACCOUNTS_ARGON2_MEMORY_KIB: '1024', ACCOUNTS_ARGON2_PASSES: '1' }
/** Everything by which somebody could try to be somebody else. */
const forged = (address: string) => ({
  'x-forwarded-for': address,
  forwarded: `for=${address}`,
  'x-real-ip': address,
  'x-client-ip': address,
  'true-client-ip': address,
  'cf-connecting-ip': address,
})
const [anna, boris] = ['203.0.113.1', '203.0.113.2']

let system: TestSystem
beforeAll(async () => {
  system = await startSystem({
    services: ['accounts', 'loms', 'gateway'],
    env: { ...cheapHashes, LOG_LEVEL: 'debug' },
  })
})
afterAll(() => system.stop())

let registered = 0
/** What anybody may ask, and is answered the same way again under the same key. */
async function register(service: string, key: string, headers: Record<string, string> = {}) {
  registered += 1
  const response = await fetch(`${system.url(service)}/api/v1/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
    body: JSON.stringify({ login: `visitor${registered}`, password: 'correct horse battery staple' }),
  })
  return { status: response.status, id: response.headers.get('x-request-id') ?? '' }
}

/** Whom the log of a service names as the one who sent a request. */
async function callerIn(service: string, requestId: string): Promise<string> {
  const endsAt = performance.now() + 5_000
  for (;;) {
    const line = system
      .logs(service)
      .find((line) => line.includes(`"request_id":"${requestId}"`) && line.includes('"caller"'))
    if (line !== undefined) return String(JSON.parse(line).caller)
    if (performance.now() > endsAt) throw new Error(`${service} has logged nothing of ${requestId}`)
    await Bun.sleep(10)
  }
}

describe('behind the gateway', () => {
  beforeAll(async () => {
    // A proxy on this machine, which ends TLS, is what the test speaks as.
    await system.restart('gateway', { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' })
  })

  test('two visitors are two callers: the key of one is nothing to the other', async () => {
    expect((await register('gateway', 'k-1', { 'x-forwarded-for': anna })).status).toBe(201)
    expect((await register('gateway', 'k-1', { 'x-forwarded-for': boris })).status).toBe(201)
    const again = await register('gateway', 'k-1', { 'x-forwarded-for': anna })
    expect(again.status).toBe(422)
    expect(await callerIn('accounts', again.id)).toBe(`address:${anna}`)
  })

  test('what a visitor writes before our proxy’s own entry is noise', async () => {
    const headers = { 'x-forwarded-for': `${boris}, 127.0.0.1, ${anna}` }
    expect((await register('gateway', 'k-1', headers)).status).toBe(422)
  })
})

describe('through the gateway, and nobody before it', () => {
  beforeAll(async () => {
    await system.restart('gateway', { GATEWAY_TRUSTED_PROXIES: '' })
  })

  test('no header makes a visitor somebody else', async () => {
    expect((await register('gateway', 'k-2')).status).toBe(201)
    for (const address of [anna, boris, '127.0.0.1', '::1']) {
      const told = await register('gateway', 'k-2', forged(address))
      expect({ address, status: told.status }).toEqual({ address, status: 422 })
      expect(await callerIn('accounts', told.id)).toBe('address:127.0.0.1')
    }
  })

  test('nor one that the connection is said to be about', async () => {
    const headers = { ...forged(anna), connection: 'x-forwarded-for, x-real-ip' }
    expect((await register('gateway', 'k-2', headers)).status).toBe(422)
  })
})

describe('at a service itself', () => {
  const order = (key: string, headers: Record<string, string>) =>
    fetch(`${system.url('loms')}/order/pay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
      body: JSON.stringify({ orderID: 999 + registered++ }),
    })

  test('an address that is not trusted is who it is, whatever it writes', async () => {
    for (const service of ['loms', 'accounts'])
      await system.restart(service, { TRUSTED_PROXIES: '192.0.2.1' })
    expect((await register('accounts', 'k-3')).status).toBe(201)
    expect((await order('k-3', {})).status).toBe(404)
    for (const address of [anna, boris, '192.0.2.1']) {
      expect((await register('accounts', 'k-3', forged(address))).status).toBe(422)
      const told = await order('k-3', forged(address))
      expect(told.status).toBe(422)
      const id = told.headers.get('x-request-id') ?? ''
      expect(await callerIn('loms', id)).toBe('address:127.0.0.1')
    }
  })

  test('and where nobody is trusted, neither is this machine', async () => {
    await system.restart('loms', { TRUSTED_PROXIES: 'none' })
    expect((await order('k-4', {})).status).toBe(404)
    expect((await order('k-4', forged(anna))).status).toBe(422)
  })

  test('one that is trusted is believed its last entry, and no other header', async () => {
    await system.restart('loms', { TRUSTED_PROXIES: '127.0.0.1' })
    expect((await order('k-5', { 'x-forwarded-for': anna })).status).toBe(404)
    expect((await order('k-5', { 'x-forwarded-for': boris })).status).toBe(404)
    expect((await order('k-5', { 'x-forwarded-for': `${boris}, ${anna}` })).status).toBe(422)
    const { 'x-forwarded-for': _, ...others } = forged(anna)
    expect((await order('k-5', others)).status).toBe(404)
    expect((await order('k-5', {})).status).toBe(422)
  })
})

describe('guessing passwords', () => {
  test('through the gateway is counted to whoever guesses: forged headers are no way around, and others are not slowed down', async () => {
    await system.restart('accounts', { ...cheapHashes, ACCOUNTS_FAILURES_PER_ADDRESS: '3' })
    await system.restart('gateway', { GATEWAY_TRUSTED_PROXIES: '127.0.0.1' })
    const guess = async (headers: Record<string, string>) => {
      const response = await fetch(`${system.url('gateway')}/api/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ login: 'nobody', password: 'a guess' }),
      })
      await response.body?.cancel()
      return response.status
    }
    const statuses: number[] = []
    for (const at of [1, 2, 3, 4])
      statuses.push(await guess({ 'x-forwarded-for': `198.51.100.${at}, ${anna}` }))
    expect(statuses).toEqual([401, 401, 401, 429])
    expect(await guess({ 'x-forwarded-for': boris })).toBe(401)
  })
})
