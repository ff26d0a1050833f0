//! Password hashes: how they are made, how long they take, and how many at once.
import { afterAll, expect, spyOn, test } from 'bun:test'
import { generateKeyPair, SignJWT } from 'jose'
import { tokenAlgorithm } from '../contracts/tokens.ts'
import { Refusal } from '../runtime/refusal.ts'
import { ask } from '../tests/harness/ask.ts'
import { loadConfig } from './config.ts'
import { goodPassword, newcomer, startAccounts } from './fixture.ts'
import { createPasswords, hashesAtOnce } from './passwords.ts'

const cheap = { memoryKib: 1024, passes: 1, atOnce: 2, waiting: 64 }

test('a hash is argon2id with our parameters and a salt of its own', async () => {
  const passwords = await createPasswords({ ...cheap, memoryKib: 2048, passes: 3 })
  const [one, two] = await Promise.all([passwords.hash('a password'), passwords.hash('a password')])
  expect(one).toStartWith('$argon2id$v=19$m=2048,t=3,p=1$')
  expect(two).not.toBe(one)
  expect(await passwords.verify('a password', one)).toBe(true)
  expect(await passwords.verify('another', one)).toBe(false)
  expect(await passwords.verify('a password', undefined)).toBe(false)
})

test('a hash that was made with other parameters still counts, and is made anew at the next login', async () => {
  const accounts = await startAccounts()
  afterAll(() => accounts.end())
  const { login } = await newcomer(accounts)
  const hashes = async () =>
    (await accounts.deps.store.read(({ db, tables }) => db.select().from(tables.users))).map(
      ({ passwordHash }) => passwordHash?.split('$')[3],
    )
  expect(await hashes()).toEqual(['m=1024,t=1,p=1'])
  const stronger = await createPasswords({ ...cheap, memoryKib: 2048, passes: 2 })
  Object.assign(accounts.deps, { passwords: stronger })
  const body = { login, password: goodPassword }
  for (const _ of [1, 2]) {
    expect((await ask(accounts.app, 'POST', '/api/v1/login', { body })).status).toBe(200)
    expect(await hashes()).toEqual(['m=2048,t=2,p=1'])
  }
})

test('more than may wait are refused at once, and those who wait are served', async () => {
  const passwords = await createPasswords({ ...cheap, memoryKib: 4096, atOnce: 2, waiting: 3 })
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => passwords.hash('a password')))
  expect(asked.filter(({ status }) => status === 'fulfilled').length).toBe(5)
  for (const outcome of asked) {
    if (outcome.status === 'fulfilled') continue
    expect(outcome.reason).toBeInstanceOf(Refusal)
    expect((outcome.reason as Refusal).error.code).toBe('overloaded')
  }
})

test('a crowd that signs in is answered 503 past the bound, with a time to come back', async () => {
  const accounts = await startAccounts({
    env: { ACCOUNTS_HASHES_AT_ONCE: '1', ACCOUNTS_HASHES_WAITING: '2', ACCOUNTS_ARGON2_MEMORY_KIB: '8192' },
  })
  const body = { login: 'nobody', password: 'not the password' }
  const told = await Promise.all(
    Array.from({ length: 9 }, () => ask(accounts.app, 'POST', '/api/v1/login', { body })),
  )
  const refused = told.filter(({ status }) => status === 503)
  expect(told.filter(({ status }) => status === 401).length).toBe(3)
  expect(refused.length).toBe(6)
  expect(refused[0]?.body.code).toBe('overloaded')
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  await accounts.end()
})

test('a token is signed before a hash is done, however many passwords are hashed', async () => {
  const { atOnce } = loadConfig({}).passwords
  // Longer than ours usually are, so that it is no race.
  const passwords = await createPasswords({ memoryKib: 65_536, passes: 1, atOnce, waiting: 64 })
  const { privateKey } = await generateKeyPair(tokenAlgorithm)
  const done: string[] = []
  const hashing = Array.from({ length: 3 }, async () => {
    await passwords.hash('a password')
    done.push('hash')
  })
  await new SignJWT({}).setProtectedHeader({ alg: tokenAlgorithm }).sign(privateKey)
  done.push('token')
  await Promise.all(hashing)
  expect(done).toEqual(['token', 'hash', 'hash', 'hash'])
})

test('as many hashes are at work at once as leave a thread to others, and two at most', () => {
  expect([1, 2, 3, 4, 64].map(hashesAtOnce)).toEqual([1, 1, 2, 2, 2])
})

test('an unknown login costs the same hash as a wrong password', async () => {
  const accounts = await startAccounts()
  afterAll(() => accounts.end())
  const { login: known } = await newcomer(accounts)
  using verify = spyOn(Bun.password, 'verify')
  for (const login of [known, 'nobody'])
    await ask(accounts.app, 'POST', '/api/v1/login', { body: { login, password: 'not the password' } })
  const costs = verify.mock.calls.map(([, hash]) => String(hash).split('$').slice(0, 4).join('$'))
  expect(costs).toEqual(['$argon2id$v=19$m=1024,t=1,p=1', '$argon2id$v=19$m=1024,t=1,p=1'])
})
