//! Access tokens: only what accounts signed, for us, for now.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTVerifyGetKey, SignJWT } from 'jose'
import { int64Max, userIdOf } from '../contracts/scalars.ts'
import { type Instant, instantOf, plusMs } from '../contracts/time.ts'
import { accessTokenType, tokenAlgorithm, tokenAudience, tokenIssuer } from '../contracts/tokens.ts'
import { remoteKeys, tokenVerifier } from './tokens.ts'

const start = instantOf(Date.UTC(2026, 0, 2))
let clock: Instant = start
const now = () => clock
const atSeconds = Math.floor(start / 1000)

let ours: CryptoKey
let theirs: CryptoKey
let publicKeys: { keys: object[] }
let otherKey: object
let asked = 0
let keys: JWTVerifyGetKey

beforeAll(async () => {
  const [pair, other] = [await generateKeyPair('EdDSA'), await generateKeyPair('EdDSA')]
  ours = pair.privateKey
  theirs = other.privateKey
  publicKeys = {
    keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: tokenAlgorithm, use: 'sig' }],
  }
  otherKey = { ...(await exportJWK(other.publicKey)), kid: 'two', alg: tokenAlgorithm, use: 'sig' }
  const local = createLocalJWKSet(publicKeys as never)
  keys = (header, token) => {
    asked += 1
    return local(header, token)
  }
})

type Made = { claims?: Record<string, unknown>; header?: Record<string, unknown>; key?: CryptoKey }

function sign({ claims = {}, header = {}, key = ours }: Made = {}): Promise<string> {
  const payload = {
    iss: tokenIssuer,
    aud: tokenAudience,
    sub: '7',
    role: 'customer',
    tenant_id: 'default',
    sid: 'ses_1',
    jti: 'a',
    iat: atSeconds,
    exp: atSeconds + 60,
    ...claims,
  }
  return new SignJWT(payload)
    .setProtectedHeader({ alg: tokenAlgorithm, typ: accessTokenType, kid: 'one', ...header })
    .sign(key)
}

const verifier = () => {
  clock = start
  return tokenVerifier({ keys, now, rememberedMax: 3 })
}

test('a token of ours says whose it is', async () => {
  const owner = await verifier()(await sign({ claims: { sub: String(int64Max), role: 'admin' } }))
  expect(owner).toEqual({
    userId: userIdOf(int64Max),
    role: 'admin',
    tenantId: 'default' as never,
    sessionId: 'ses_1',
  })
})

describe('is nobody’s', () => {
  const forged: Record<string, Made> = {
    'signed by another key': {},
    'for another audience': { claims: { aud: 'urn:else' } },
    'of another issuer': { claims: { iss: 'urn:else' } },
    'of another type': { header: { typ: 'JWT' } },
    'by a key that nobody knows': { header: { kid: 'two' } },
    'over already': { claims: { exp: atSeconds } },
    'not begun yet': { claims: { nbf: atSeconds + 60 } },
    'without an end': { claims: { exp: undefined } },
    'without an id': { claims: { jti: undefined } },
    'of no role that there is': { claims: { role: 'service' } },
    'of a user that cannot be': { claims: { sub: '0' } },
    'of a user beyond int64': { claims: { sub: String(int64Max + 1n) } },
    'of no tenant': { claims: { tenant_id: '' } },
    'of no session': { claims: { sid: undefined } },
  }
  for (const [what, made] of Object.entries(forged)) {
    test(`one ${what}`, async () => {
      const key = what === 'signed by another key' ? theirs : ours
      expect(await verifier()(await sign({ ...made, key }))).toBeUndefined()
    })
  }

  for (const text of ['', 'a', 'a.b', 'a.b.c', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.', '.'.repeat(100)]) {
    test(`the text ${JSON.stringify(text.slice(0, 20))}`, async () => {
      expect(await verifier()(text)).toBeUndefined()
    })
  }
})

test('a signature is checked once, and a remembered token is over when it is over', async () => {
  const verify = verifier()
  const token = await sign()
  asked = 0
  for (let time = 0; time < 5; time += 1) expect(await verify(token)).toBeDefined()
  expect(asked).toBe(1)
  clock = instantOf(start + 60_000)
  expect(await verify(token)).toBeUndefined()
})

test('no more are remembered than may be', async () => {
  const verify = verifier()
  const tokens = await Promise.all([1, 2, 3, 4].map((sub) => sign({ claims: { sub: String(sub) } })))
  for (const token of tokens) await verify(token)
  asked = 0
  for (const token of tokens.slice(1)) await verify(token)
  expect(asked).toBe(0)
  await verify(tokens[0] ?? '')
  expect(asked).toBe(1)
})

describe('keys over HTTP', () => {
  let fetched = 0
  let shown: object
  const showing = () =>
    Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => {
        fetched += 1
        return Response.json(shown)
      },
    })
  beforeEach(() => {
    fetched = 0
    shown = publicKeys
    clock = start
  })
  const wallClock = Date.now
  afterEach(() => {
    Date.now = wallClock
  })

  test('are fetched once for many tokens, and anew after ten minutes', async () => {
    using server = showing()
    const verify = tokenVerifier({ keys: remoteKeys(`${server.url}keys`, now), now })
    for (const sub of ['1', '2', '3']) expect(await verify(await sign({ claims: { sub } }))).toBeDefined()
    expect(fetched).toBe(1)
    clock = plusMs(start, 600_000)
    const later = { sub: '4', exp: atSeconds + 900 }
    expect(await verify(await sign({ claims: later }))).toBeDefined()
    expect(fetched).toBe(2)
  })

  test('are looked for as soon as a new one is used, once a second, however the wall clock is set meanwhile', async () => {
    using server = showing()
    const verify = tokenVerifier({ keys: remoteKeys(`${server.url}keys`, now), now })
    expect(await verify(await sign())).toBeDefined()
    Date.now = () => wallClock() - 24 * 60 * 60 * 1000
    const token = await sign({ header: { kid: 'two' }, key: theirs })
    shown = { keys: [...publicKeys.keys, otherKey] }
    expect(await verify(token)).toBeUndefined()
    expect(fetched).toBe(1)
    clock = plusMs(start, 1_000)
    expect(await verify(token)).toBeDefined()
    expect(fetched).toBe(2)
  })

  test.each([404, 200])('that cannot be had (%p) are no fault of the token', async (status) => {
    using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('no keys here', { status }),
    })
    const verify = tokenVerifier({ keys: remoteKeys(`${server.url}keys`, now), now })
    await expect(verify(await sign())).rejects.toThrow('the keys of access tokens cannot be had')
  })

  test('of nobody who listens are no fault of the token', async () => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
    const url = `${server.url}keys`
    await server.stop(true)
    const verify = tokenVerifier({ keys: remoteKeys(url, now), now })
    await expect(verify(await sign())).rejects.toThrow('the keys of access tokens cannot be had')
  })
})
