//! Signing keys: made, shown, rotated, closed with a secret, and outlived by no token.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import type { Instant } from '../contracts/time.ts'
import { tokenVerifier } from '../runtime/tokens.ts'
import { ask } from '../tests/harness/ask.ts'
import { type Accounts, newcomer, signedIn, startAccounts } from './fixture.ts'
import { createKeyBox } from './key-ring.ts'
import { rotateKeys } from './operations/rotate-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-accounts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const quarterMs = 900_000

async function shown({ app }: Accounts): Promise<JSONWebKeySet> {
  return (await ask(app, 'GET', '/.well-known/jwks.json')).body as unknown as JSONWebKeySet
}
const kidsIn = async (accounts: Accounts) => (await shown(accounts)).keys.map(({ kid }) => kid)
const kidOf = (token: string) => decodeProtectedHeader(token).kid

describe('the first key', () => {
  test('is made at the first start, shown without its private half, and known again at the next start', async () => {
    const url = `sqlite:${join(folder, 'first.sqlite')}`
    const before = await startAccounts({ url })
    const { keys } = await shown(before)
    expect(keys).toEqual([
      {
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        kid: expect.any(String),
        x: expect.any(String),
      },
    ])
    const person = await newcomer(before)
    await before.end()
    const after = await startAccounts({ url })
    expect((await shown(after)).keys).toEqual(keys)
    expect(await after.deps.verifyToken(person.access)).toBeDefined()
    await after.end()
  })
})

describe('rotation', () => {
  test('shows the next key before it signs, and the last one until its last token has expired', async () => {
    const accounts = await startAccounts()
    const { login, access } = await newcomer(accounts)
    const first = kidOf(access)
    const at = async (ms: number) => {
      accounts.pass(ms)
      const next = await rotateKeys(accounts.deps)
      expect(next).toBeGreaterThan(accounts.now())
      const token = (await signedIn(accounts.app, login)).access
      return { token, kid: kidOf(token), shown: await kidsIn(accounts) }
    }
    expect(await at(29 * dayMs - 1)).toMatchObject({ kid: first, shown: [first] })
    const early = await at(1)
    expect(early).toMatchObject({ kid: first, shown: [first, expect.any(String)] })
    const second = early.shown[1]
    const last = await at(dayMs - 1)
    expect(last.kid).toBe(first)
    expect(await at(1)).toMatchObject({ kid: second, shown: [first, second] })
    // A token of the first key's last moment is good for all of its time.
    accounts.pass(quarterMs - 1_001)
    await rotateKeys(accounts.deps)
    const elsewhere = tokenVerifier({ keys: createLocalJWKSet(await shown(accounts)), now: accounts.now })
    expect(await elsewhere(last.token)).toBeDefined()
    expect((await at(61_001)).shown).toEqual([second])
    await accounts.end()
  })

  test('after a long rest makes a key that signs at once', async () => {
    const accounts = await startAccounts()
    const { login, access } = await newcomer(accounts)
    accounts.pass(365 * dayMs)
    await rotateKeys(accounts.deps)
    const { access: later } = await signedIn(accounts.app, login)
    expect(kidOf(later)).not.toBe(kidOf(access))
    expect(await accounts.deps.verifyToken(later)).toBeDefined()
    await accounts.end()
  })

  test('in several processes at once comes to the same keys', async () => {
    const url = `sqlite:${join(folder, 'several.sqlite')}`
    const first = await startAccounts({ url })
    const second = await startAccounts({ url, startsAt: first.now() as Instant })
    for (const process of [first, second]) process.pass(29 * dayMs + hourMs)
    for (const process of [first, second, first, second]) await rotateKeys(process.deps)
    expect(await kidsIn(second)).toEqual(await kidsIn(first))
    expect((await kidsIn(first)).length).toBe(2)
    await Promise.all([first.end(), second.end()])
  })
})

describe('the secret of the private keys', () => {
  const secret = 'a secret of 32 characters or more'
  const withSecret = (url: string, keySecret: string | undefined) =>
    startAccounts({ url, config: { keySecret } })
  const rowsOf = (accounts: Accounts) =>
    accounts.deps.store.read(({ db, tables }) => db.select().from(tables.signingKeys))

  test('closes them in the table, and opens them at the next start', async () => {
    const url = `sqlite:${join(folder, 'closed.sqlite')}`
    const before = await withSecret(url, secret)
    const [row] = await rowsOf(before)
    // A JWE in its compact form, with nothing of a JWK in it.
    expect(row?.privateKey.split('.').length).toBe(5)
    const person = await newcomer(before)
    await before.end()
    const after = await withSecret(url, secret)
    expect((await rowsOf(after)).length).toBe(1)
    expect(kidOf((await signedIn(after.app, person.login)).access)).toBe(kidOf(person.access))
    await after.end()
  })

  test.each([
    ['is changed', secret, 'another secret of 32 characters or more'],
    ['is given for the first time', undefined, secret],
    ['is forgotten', secret, undefined],
  ])('where it %s, a new key signs and what was signed stays good', async (name, former, next) => {
    const url = `sqlite:${join(folder, `${name.replaceAll(' ', '-')}.sqlite`)}`
    const before = await withSecret(url, former)
    const person = await newcomer(before)
    await before.end()
    const after = await withSecret(url, next)
    const { access } = await signedIn(after.app, person.login)
    expect(kidOf(access)).not.toBe(kidOf(person.access))
    for (const token of [access, person.access]) expect(await after.deps.verifyToken(token)).toBeDefined()
    await after.end()
  })

  test('a closed key that was changed is not taken for one', async () => {
    const box = createKeyBox(secret)
    const closed = await box.close({ kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'd' })
    expect(await box.open(closed)).toMatchObject({ d: 'd' })
    const [head, , iv, text = '', tag] = closed.split('.')
    const changed = [head, '', iv, `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`, tag].join('.')
    expect(await box.open(changed)).toBeUndefined()
    expect(await box.open('{"kty":"OKP","d":"planted"}')).toBeUndefined()
  })
})
