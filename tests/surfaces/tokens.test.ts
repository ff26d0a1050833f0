//! Access tokens that somebody else has made or changed: none opens a door, of accounts itself or of a service that fetches its keys.

import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import {
  base64url,
  type CryptoKey,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose'
import { accessTokenType, tokenAudience, tokenIssuer } from '../../contracts/tokens.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'

setDefaultTimeout(60_000)

const password = 'correct horse battery staple'
let system: TestSystem
let good: { access: string; refresh: string; cookie: string; admin: string }
let shown: JWK
let ours: Pair
let theirs: Pair
let bait: Bait

type Pair = { readonly privateKey: CryptoKey; readonly jwk: JWK }
type Bait = { readonly url: string; readonly visits: () => number; stop(): Promise<void> }
type Claims = Record<string, unknown>

beforeAll(async () => {
  system = await startSystem({
    services: ['accounts', 'loms'],
    env: {
      REQUIRE_AUTH: 'true',
      SERVICE_TOKEN: 'the-service-token-of-this-test',
      IDEMPOTENCY_SECRET: 'a secret of this test',
      ACCOUNTS_ADMIN_LOGIN: 'boss',
      ACCOUNTS_ADMIN_PASSWORD: password,
    },
  })
  await post('/api/v1/register', { login: 'olena', password })
  const login = await post('/api/v1/login', { login: 'olena', password })
  const boss = await post('/api/v1/login', { login: 'boss', password })
  good = {
    access: login.body.access_token ?? '',
    refresh: login.body.refresh_token ?? '',
    cookie: login.headers.getSetCookie()[0]?.split(';')[0]?.split('=')[1] ?? '',
    admin: boss.body.access_token ?? '',
  }
  const jwks = await fetch(`${system.url('accounts')}/.well-known/jwks.json`)
  const [key] = ((await jwks.json()) as { keys: JWK[] }).keys
  if (key === undefined) throw new Error('accounts shows no key')
  shown = key
  ours = await newPair('EdDSA')
  theirs = await stolenPair()
  bait = layBait()
})
afterAll(async () => {
  await bait.stop()
  await system.stop()
})

async function post(path: string, body: unknown) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${system.url('accounts')}${path}`, init)
  return { headers: response.headers, body: (await response.json()) as Record<string, string> }
}

/** Every door that takes tokens of users: accounts, and a service that has the keys from it. */
const doors: Record<string, (authorization: string) => Promise<Response>> = {
  accounts: (authorization) =>
    fetch(`${system.url('accounts')}/api/v1/user/profile`, { headers: { authorization } }),
  loms: (authorization) =>
    fetch(`${system.url('loms')}/order/info`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ orderID: 1 }),
    }),
}

async function newPair(algorithm: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return { privateKey, jwk: await exportJWK(publicKey) }
}

/** The signing key itself, which lies open in the database of a developer: what it signs is still no token of any shape. */
async function stolenPair(): Promise<Pair> {
  const database = new Database(join(system.dataDir, 'accounts.sqlite'), { readonly: true })
  const row = database.query('select private_key as text from signing_keys').get() as { text: string }
  database.close()
  return { privateKey: (await importJWK(JSON.parse(row.text), 'EdDSA')) as CryptoKey, jwk: shown }
}

/** A server that shows our own keys to whoever looks where a token points. */
function layBait(): Bait {
  let visits = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch() {
      visits += 1
      return Response.json({ keys: [{ ...ours.jwk, kid: shown.kid, alg: 'EdDSA', use: 'sig' }] })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}/jwks.json`,
    visits: () => visits,
    stop: () => server.stop(true),
  }
}

const now = () => Math.floor(Date.now() / 1000)

/** What a good token says, for an admin who never signed in, but for what a forgery changes; undefined leaves out. */
function claims(own: Claims = {}): Claims {
  const all: Claims = {
    iss: tokenIssuer,
    aud: tokenAudience,
    iat: now(),
    exp: now() + 600,
    jti: crypto.randomUUID(),
    sub: '1',
    role: 'admin',
    tenant_id: 'default',
    sid: 'ses_forged',
    ...own,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

const part = (value: unknown) => base64url.encode(JSON.stringify(value))
const header = (own: Claims = {}) => ({ alg: 'EdDSA', typ: accessTokenType, kid: shown.kid, ...own })

/** Signed well, by a key that is not theirs. */
async function signed(own: Claims = {}, said: Claims = {}, pair = ours): Promise<string> {
  const head = header(own) as { alg: string }
  return await new SignJWT(claims(said)).setProtectedHeader(head).sign(pair.privateKey)
}

/** Not signed by anybody: the signature is as given. */
const unsigned = (head: unknown, said: unknown, signature = '') => `${part(head)}.${part(said)}.${signature}`

function hmac(head: Claims, secret: string | Uint8Array, hash = 'sha256'): string {
  const text = `${part(head)}.${part(claims())}`
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}

const split = (token: string) => token.split('.') as [string, string, string]
const [goodOf, joined] = [() => split(good.access), (...parts: string[]) => parts.join('.')]
const ofGood = (own: Claims) => {
  const [head, , signature] = goodOf()
  return joined(head, part({ ...decodeJwt(good.access), ...own }), signature)
}
const headOfGood = (own: Claims) => {
  const [, payload, signature] = goodOf()
  return joined(part({ ...decodeProtectedHeader(good.access), ...own }), payload, signature)
}
const signatureOfGood = (change: (bytes: Uint8Array) => Uint8Array) => {
  const [head, payload, signature] = goodOf()
  return joined(head, payload, base64url.encode(change(base64url.decode(signature))))
}
const pem = async () => exportSPKI((await importJWK(shown, 'EdDSA', { extractable: true })) as CryptoKey)
const thumbs = { x5c: ['MIIB'], x5t: 'AAAA' }

const forgeries: Record<string, () => string | Promise<string>> = {
  // Nobody has signed.
  'alg none': () => unsigned({ ...header(), alg: 'none' }, claims()),
  'alg none, spelt otherwise': () => unsigned({ ...header(), alg: 'NoNe' }, claims()),
  'alg none with the signature of a good one': () =>
    unsigned({ ...header(), alg: 'none' }, claims(), goodOf()[2]),
  'no alg': () => unsigned({ typ: accessTokenType, kid: shown.kid }, claims()),
  'no signature': () => unsigned(header(), claims()),
  'a good one without its signature': () => joined(...goodOf().slice(0, 2), ''),
  'alg none and a kid': () => unsigned({ alg: 'none', kid: shown.kid }, claims()),
  // Another algorithm than the key's: the public key, which everybody knows, taken for a secret.
  'HS256 with the public key as JWK': () => hmac(header({ alg: 'HS256' }), JSON.stringify(shown)),
  'HS256 with the public key’s bytes': () => hmac(header({ alg: 'HS256' }), base64url.decode(shown.x ?? '')),
  'HS256 with the public key as PEM': async () => hmac(header({ alg: 'HS256' }), await pem()),
  'HS256 with x as it is written': () => hmac(header({ alg: 'HS256' }), shown.x ?? ''),
  'HS512 with the public key’s bytes': () =>
    hmac(header({ alg: 'HS512' }), base64url.decode(shown.x ?? ''), 'sha512'),
  'HS256 with an empty secret': () => hmac(header({ alg: 'HS256' }), ''),
  'HS256 that says EdDSA': () => hmac(header(), base64url.decode(shown.x ?? '')),
  'HS256 with the service token': () => hmac(header({ alg: 'HS256' }), 'the-service-token-of-this-test'),
  'RS256 by a key of ours': async () => signed({ alg: 'RS256' }, {}, await newPair('RS256')),
  'PS256 by a key of ours': async () => signed({ alg: 'PS256' }, {}, await newPair('PS256')),
  'ES256 by a key of ours': async () => signed({ alg: 'ES256' }, {}, await newPair('ES256')),
  // The right algorithm and the wrong key.
  'EdDSA by a key of ours, under their kid': () => signed(),
  'EdDSA by a key of ours, under a kid of ours': () => signed({ kid: 'ours' }),
  'EdDSA by a key of ours, without a kid': () => signed({ kid: undefined }),
  'EdDSA under an empty kid': () => signed({ kid: '' }),
  'EdDSA under a kid that is a path': () => signed({ kid: '../../../../dev/null' }),
  'EdDSA under a kid that is SQL': () => signed({ kid: `' union select '${ours.jwk.x}' --` }),
  'EdDSA under a kid that is a number': () => signed({ kid: 1 }),
  'EdDSA under a kid of an object': () => signed({ kid: '__proto__' }),
  'the key along, as jwk': () => signed({ jwk: ours.jwk }),
  'the key along, as jwk, under no kid': () => signed({ jwk: ours.jwk, kid: undefined }),
  'where the key is, as jku': () => signed({ jku: bait.url }),
  'where the key is, as jku under a kid of ours': () => signed({ jku: bait.url, kid: 'ours' }),
  'where the key is, as x5u': () => signed({ x5u: bait.url }),
  'a certificate along': () => signed(thumbs),
  'another issuer, whose keys would be found': () => signed({}, { iss: bait.url }),
  'an extension that must be understood': () => headOfGood({ crit: ['b64'], b64: false }),
  'an extension of theirs': () => headOfGood({ crit: ['exp'], exp: 1 }),
  // A good one, changed.
  'the role of a good one raised': () => ofGood({ role: 'admin' }),
  'the user of a good one changed': () => ofGood({ sub: '1' }),
  'the tenant of a good one changed': () => ofGood({ tenant_id: 'other' }),
  'the time of a good one stretched': () => ofGood({ exp: now() + 86_400 }),
  'the type of a good one changed': () => headOfGood({ typ: 'JWT' }),
  'the kid of a good one taken away': () => headOfGood({ kid: undefined, typ: accessTokenType, x: 1 }),
  'the payload of one good token with the signature of another': () =>
    joined(...split(good.admin).slice(0, 2), goodOf()[2]),
  'the header of one and the payload of another': () =>
    joined(goodOf()[0], split(good.admin)[1], split(good.admin)[2].split('').reverse().join('')),
  'a signature with a bit turned': () =>
    signatureOfGood((bytes) => bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte))),
  'a signature that is too short': () => signatureOfGood((bytes) => bytes.slice(0, 63)),
  'a signature that is too long': () => signatureOfGood((bytes) => Uint8Array.of(...bytes, 0)),
  'a signature of zeros': () => signatureOfGood((bytes) => new Uint8Array(bytes.length)),
  'a signature of one byte': () => signatureOfGood((bytes) => bytes.slice(0, 1)),
  'a signature whose second half is raised by the order of the group': () => signatureOfGood(malleated),
  // No token, or not one for here.
  'a refresh token': () => good.refresh,
  'a session cookie': () => good.cookie,
  'four parts': () => `${good.access}.x`,
  'two parts': () => goodOf().slice(0, 2).join('.'),
  'a JWE': () => `${part({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`,
  'a JWS as JSON': () =>
    JSON.stringify({ protected: goodOf()[0], payload: goodOf()[1], signature: goodOf()[2] }),
  'a header that is no JSON': () => joined(base64url.encode('{'), goodOf()[1], goodOf()[2]),
  'a payload that is no object': () => joined(goodOf()[0], part([]), goodOf()[2]),
  'a token with eight kilobytes behind it': () => `${good.access}${'A'.repeat(8_000)}`,
  'a good one twice': () => `${good.access},${good.access}`,
}

const byTheirs = (own: Claims, said: Claims) => () => signed(own, said, theirs)

/** Signed by accounts' own key, as for another purpose or another time. */
const misused: Record<string, () => Promise<string>> = {
  'that has expired': byTheirs({}, { iat: now() - 901, exp: now() - 1 }),
  'that never expires': byTheirs({}, { exp: undefined }),
  'that expires at no number': byTheirs({}, { exp: '9999999999' }),
  'that is not valid yet': byTheirs({}, { nbf: now() + 600 }),
  'of another issuer': byTheirs({}, { iss: 'urn:kiosk:gateway' }),
  'of no issuer': byTheirs({}, { iss: undefined }),
  'for another audience': byTheirs({}, { aud: 'urn:other' }),
  'for a list of others': byTheirs({}, { aud: ['urn:other', 'urn:kiosk:other'] }),
  'for nobody': byTheirs({}, { aud: undefined }),
  'of another type': byTheirs({ typ: 'JWT' }, {}),
  'of a type of its own': byTheirs({ typ: 'rt+jwt' }, {}),
  'of no type': byTheirs({ typ: undefined }, {}),
  'under another kid': byTheirs({ kid: 'another' }, {}),
  'without a name of its own': byTheirs({}, { jti: undefined }),
  'that was made at no time': byTheirs({}, { iat: undefined }),
  'of no session': byTheirs({}, { sid: undefined }),
  'of an empty session': byTheirs({}, { sid: '' }),
  'of no tenant': byTheirs({}, { tenant_id: undefined }),
  'of a tenant that is a path': byTheirs({}, { tenant_id: '../other' }),
  'of the role service': byTheirs({}, { role: 'service' }),
  'of a role that there is not': byTheirs({}, { role: 'root' }),
  'of two roles': byTheirs({}, { role: ['customer', 'admin'] }),
  'of no role': byTheirs({}, { role: undefined }),
  'of user 0': byTheirs({}, { sub: '0' }),
  'of a user past int64': byTheirs({}, { sub: '9223372036854775808' }),
  'of a user that is a number': byTheirs({}, { sub: 1 as unknown as string }),
  'of a user with a space': byTheirs({}, { sub: ' 1' }),
  'of no user': byTheirs({}, { sub: undefined }),
}

/** Ed25519 signatures are no other text for the same message: s + L is refused (RFC 8032, section 5.1.7). */
function malleated(bytes: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  let s = order + bytes.slice(32).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
  const changed = bytes.slice()
  for (let index = 32; index < 64; index += 1) {
    changed[index] = Number(s & 255n)
    s >>= 8n
  }
  return changed
}

async function opensNothing(forge: () => string | Promise<string>): Promise<void> {
  const token = await forge()
  expect(token).not.toBe(good.access)
  for (const [door, knock] of Object.entries(doors)) {
    const response = await knock(`Bearer ${token}`)
    const { code } = (await response.json()) as { code?: string }
    expect([door, response.status, code]).toEqual([door, 401, 'unauthenticated'])
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
  }
}

describe('signed by the right key, a token', () => {
  test.each(Object.entries(misused))('%s', (_, forge) => opensNothing(forge))

  test('with nothing wrong about it is let in: it is for what is wrong that the others are refused', async () => {
    const token = await byTheirs({}, {})()
    expect((await doors.accounts?.(`Bearer ${token}`))?.status).toBe(200)
    expect((await doors.loms?.(`Bearer ${token}`))?.status).toBe(404)
  })
})

describe('made by somebody else', () => {
  test('there are enough of them', () => {
    expect(Object.keys(forgeries).length).toBeGreaterThanOrEqual(40)
    expect(Object.keys(misused).length).toBeGreaterThanOrEqual(20)
  })

  test.each(Object.entries(forgeries))('%s', (_, forge) => opensNothing(forge))

  test('nobody looked where a token pointed', () => {
    expect(bait.visits()).toBe(0)
  })

  test('the bait works: whoever looked would have found a key', async () => {
    const { keys } = (await (await fetch(bait.url)).json()) as { keys: JWK[] }
    expect(keys[0]?.kid).toBe(shown.kid)
  })
})

test('the token itself is let in at every door, before and after all that', async () => {
  expect((await doors.accounts?.(`Bearer ${good.access}`))?.status).toBe(200)
  // Who is let in is told that there is no such order.
  expect((await doors.loms?.(`bearer ${good.access}`))?.status).toBe(404)
})
