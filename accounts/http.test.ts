//! Accounts over HTTP: making one, looking at it, changing it, and who may.
import { afterAll, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { UserRegistered } from '../contracts/events/accounts.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { ask } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { bearer, callWith, goodPassword, newcomer, signedIn, startAccounts } from './fixture.ts'
import { changeRole } from './operations/change-role.ts'

const accounts = await startAccounts()
const { app } = accounts
afterAll(() => accounts.end())

const register = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  ask(app, 'POST', '/api/v1/register', { body: { password: goodPassword, ...body }, headers })
const profile = (token: string) => ask(app, 'GET', '/api/v1/user/profile', { headers: bearer(token) })

async function admin() {
  const person = await newcomer(accounts)
  await changeRole(accounts.deps, callWith(accounts), { userId: userIdOf(person.id), role: 'admin' })
  return signedIn(app, person.login)
}

describe('registering', () => {
  test('makes a customer, answers who they are, and announces it in the same transaction', async () => {
    const before = (await accounts.facts()).length
    const told = await register({
      login: 'Olena',
      name: 'Олена Коваль',
      email: 'olena@example.org',
      phone: '+380 44 123 45 67',
    })
    expect(told.status).toBe(201)
    expect(told.body).toEqual({
      id: expect.stringMatching(/^[1-9]\d*$/),
      login: 'Olena',
      role: 'customer',
      name: 'Олена Коваль',
      email: 'olena@example.org',
      email_verified: false,
      phone: '+380 44 123 45 67',
      created_at: '2026-01-02T03:04:05.000Z',
    })
    const [fact, ...others] = (await accounts.facts()).slice(before)
    expect(others).toEqual([])
    expect(fact).toMatchObject({ type: 'user.registered', key: told.body.id })
    expect(Value.Check(UserRegistered.schema, fact?.data)).toBe(true)
    // Nothing by which its owner could be recognised leaves with it.
    expect(JSON.stringify(fact)).not.toMatch(/olena|380/i)
  })

  test.each(['OLENA', 'olena', 'ｏｌｅｎａ', 'Ｏlena'])('finds the login taken as %s', async (login) => {
    const before = (await accounts.facts()).length
    expect(await register({ login })).toMatchObject({ status: 409, body: { code: 'login_taken' } })
    expect((await accounts.facts()).length).toBe(before)
  })

  test('of twenty who want one login at once one gets it', async () => {
    const told = await Promise.all(Array.from({ length: 20 }, () => register({ login: 'wanted' })))
    const statuses = told.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...Array<number>(19).fill(409)])
  })

  test('asked twice with one key answers the same, and something else under the key is a conflict', async () => {
    const key = { 'idempotency-key': 'register-1' }
    const first = await register({ login: 'twice' }, key)
    const again = await register({ login: 'twice' }, key)
    expect(again.status).toBe(201)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    const other = await register({ login: 'twice', password: 'another good password' }, key)
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
  })

  test.each([
    ['a login that is too short', { login: 'ab' }, '/login'],
    ['a login with a space', { login: 'a b c' }, '/login'],
    ['a login of invisible characters', { login: 'a\u200bbcd' }, '/login'],
    ['a short password', { login: 'fine', password: 'seven77' }, '/password'],
    ['a common password', { login: 'fine', password: 'Password123!' }, '/password'],
    ['a run of digits', { login: 'fine', password: '23456789' }, '/password'],
    ['the login as password', { login: 'the.very.login', password: 'THE.very.login' }, '/password'],
    ['an address that is none', { login: 'fine', email: 'nobody' }, '/email'],
    ['a phone that is none', { login: 'fine', phone: 'call me' }, '/phone'],
    ['a role of its own', { login: 'fine', role: 'admin' }, '/role'],
  ])('refuses %s', async (_, body, path) => {
    const told = await register(body)
    expect(told).toMatchObject({ status: 400, body: { code: 'invalid_argument', errors: [{ path }] } })
  })

  test('says of each field in words what it must be', async () => {
    const told = await register({ login: 'worded', email: 'olena', phone: 'none', name: '' })
    expect(told.status).toBe(400)
    expect(told.body.errors).toEqual([
      {
        path: '/email',
        message:
          'must be an e-mail address of at most 254 characters without blanks, such as olena@example.org',
      },
      {
        path: '/phone',
        message:
          'must be a phone number of 5 to 32 characters, such as +380 44 123 45 67: digits, blanks, brackets and dashes, first a + or a digit',
      },
      { path: '/name', message: 'must be text of 1 to 200 characters, not only blanks' },
    ])
  })

  test('a service may name the role, nobody else may come that way', async () => {
    const body = { login: 'courier1', password: goodPassword, role: 'courier' }
    const path = '/internal/api/v1/register'
    const person = await newcomer(accounts)
    expect((await ask(app, 'POST', path, { body })).status).toBe(401)
    expect((await ask(app, 'POST', path, { body, headers: bearer(person.access) })).status).toBe(403)
    const made = await ask(app, 'POST', path, { body, headers: asService })
    expect(made).toMatchObject({ status: 201, body: { role: 'courier' } })
    expect((await ask(app, 'POST', path, { body, headers: asService })).status).toBe(409)
  })

  test('the same login is another account in another tenant, and neither sees the other', async () => {
    const other = { ...asService, 'x-tenant-id': 'other' }
    const body = { login: 'olena', password: goodPassword }
    const made = await ask(app, 'POST', '/internal/api/v1/register', { body, headers: other })
    expect(made.status).toBe(201)
    const path = `/internal/api/v1/user/${made.body.id}/profile`
    expect((await ask(app, 'GET', path, { headers: other })).status).toBe(200)
    expect((await ask(app, 'GET', path, { headers: asService })).status).toBe(404)
    const ours = await admin()
    const role = { body: { role: 'courier' }, headers: bearer(ours.access) }
    expect((await ask(app, 'PUT', `/api/v1/users/${made.body.id}/role`, role)).status).toBe(404)
  })
})

describe('a profile', () => {
  test('is its owner’s, and a service’s to ask for', async () => {
    const person = await newcomer(accounts, { name: 'Somebody' })
    expect(await profile(person.access)).toMatchObject({
      status: 200,
      body: { id: person.id, name: 'Somebody' },
    })
    expect((await ask(app, 'GET', '/api/v1/user/profile')).status).toBe(401)
    expect((await ask(app, 'GET', '/api/v1/user/profile', { headers: asService })).status).toBe(403)
    const inside = `/internal/api/v1/user/${person.id}/profile`
    expect((await ask(app, 'GET', inside, { headers: asService })).body.id).toBe(person.id)
    expect((await ask(app, 'GET', inside, { headers: bearer(person.access) })).status).toBe(403)
    const nobody = await ask(app, 'GET', '/internal/api/v1/user/999999/profile', { headers: asService })
    expect(nobody).toMatchObject({ status: 404, body: { code: 'user_not_found' } })
  })

  test('is changed by field: absent stays, null removes', async () => {
    const person = await newcomer(accounts, { name: 'Before', email: 'before@example.org' })
    const headers = bearer(person.access)
    const edited = await ask(app, 'POST', '/api/v1/user/profile', {
      body: { name: 'After', email: null, phone: '+380441234567' },
      headers,
    })
    expect(edited.body).toMatchObject({ name: 'After', phone: '+380441234567' })
    expect(edited.body).not.toHaveProperty('email')
    expect((await profile(person.access)).body).toEqual(edited.body)
    const nothing = await ask(app, 'POST', '/api/v1/user/profile', { body: {}, headers })
    expect(nothing.body).toEqual(edited.body)
  })

  test('cannot be given a role, an id or a login by its owner', async () => {
    const person = await newcomer(accounts)
    for (const field of [{ role: 'admin' }, { id: '1' }, { login: 'x' }, { email_verified: true }]) {
      const headers = bearer(person.access)
      const told = await ask(app, 'POST', '/api/v1/user/profile', { body: field, headers })
      expect(told.status).toBe(400)
    }
  })
})

describe('a role', () => {
  test('is not taken from the last admin, who would be missed', async () => {
    const shop = await startAccounts()
    const person = await newcomer(shop)
    await changeRole(shop.deps, callWith(shop), { userId: userIdOf(person.id), role: 'admin' })
    const { access } = await signedIn(shop.app, person.login)
    const give = (role: string, id = person.id) =>
      ask(shop.app, 'PUT', `/api/v1/users/${id}/role`, { body: { role }, headers: bearer(access) })
    expect(await give('customer')).toMatchObject({ status: 409, body: { code: 'last_admin' } })
    expect(await give('admin')).toMatchObject({ status: 200, body: { role: 'admin' } })
    const other = await newcomer(shop)
    expect(await give('courier', other.id)).toMatchObject({ status: 200 })
    expect(await give('customer')).toMatchObject({ status: 409 })
    expect(await give('admin', other.id)).toMatchObject({ status: 200 })
    expect(await give('customer')).toMatchObject({ status: 200, body: { role: 'customer' } })
    await shop.end()
  })

  test('is changed by an admin, and stands in every token that is made from then on', async () => {
    const [boss, person] = [await admin(), await newcomer(accounts)]
    const path = `/api/v1/users/${person.id}/role`
    const body = { role: 'courier' }
    expect((await ask(app, 'PUT', path, { body, headers: bearer(person.access) })).status).toBe(403)
    expect((await ask(app, 'PUT', path, { body })).status).toBe(401)
    const changed = await ask(app, 'PUT', path, { body, headers: bearer(boss.access) })
    expect(changed).toMatchObject({ status: 200, body: { id: person.id, role: 'courier' } })
    const refreshed = await ask(app, 'POST', '/api/v1/token/refresh', {
      body: { refresh_token: person.refresh },
    })
    const owner = await accounts.deps.verifyToken(String(refreshed.body.access_token))
    expect(owner?.role).toBe('courier')
  })

  test('is none that there is not', async () => {
    const boss = await admin()
    const headers = bearer(boss.access)
    for (const role of ['service', 'root', '']) {
      expect((await ask(app, 'PUT', '/api/v1/users/1/role', { body: { role }, headers })).status).toBe(400)
    }
    const nobody = await ask(app, 'PUT', '/api/v1/users/999999/role', { body: { role: 'admin' }, headers })
    expect(nobody.status).toBe(404)
  })
})

describe('a password', () => {
  test('is changed by who knows it, and every other session ends', async () => {
    const person = await newcomer(accounts)
    const elsewhere = await signedIn(app, person.login)
    const change = (current_password: string, new_password: string) =>
      ask(app, 'POST', '/api/v1/user/password', {
        body: { current_password, new_password },
        headers: bearer(person.access),
      })
    const next = 'staple battery horse correct'
    expect((await change('not the password', next)).body.code).toBe('wrong_credentials')
    expect((await change(goodPassword, 'short')).status).toBe(400)
    expect((await change(goodPassword, next)).status).toBe(204)
    const login = (password: string) =>
      ask(app, 'POST', '/api/v1/login', { body: { login: person.login, password } })
    expect((await login(goodPassword)).status).toBe(401)
    expect((await login(next)).status).toBe(200)
    const refresh = (refresh_token: string) =>
      ask(app, 'POST', '/api/v1/token/refresh', { body: { refresh_token } })
    expect((await refresh(elsewhere.refresh)).status).toBe(401)
    expect((await refresh(person.refresh)).status).toBe(200)
  })
})
