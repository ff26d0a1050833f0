//! What the other services are answered.
import { afterAll, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { decodeJwt } from 'jose'
import type { TenantId } from '../contracts/ids.ts'
import { ExchangeSession, GetProfile } from '../contracts/rpc/accounts.ts'
import type { RpcMethod } from '../contracts/rpc/define.ts'
import { ask } from '../tests/harness/ask.ts'
import { bearer, callWith, newcomer, startAccounts } from './fixture.ts'
import { rpcHandlers } from './rpc.ts'

const accounts = await startAccounts()
afterAll(() => accounts.end())

async function question(method: RpcMethod, request: unknown, own: Parameters<typeof callWith>[1] = {}) {
  const handler = rpcHandlers(accounts.deps).find((each) => each.method === method)
  if (handler === undefined || !Value.Check(method.request, request)) throw new Error('no such question')
  const answer = await handler.run(callWith(accounts, own), request)
  if (answer.ok && !Value.Check(method.reply, answer.value)) throw new Error('the reply breaks its schema')
  return answer
}

const secretOf = ({ cookie }: { cookie: string }) => cookie.split('=')[1] ?? ''

describe('ExchangeSession', () => {
  test('answers a token of a minute, good with every service, and whose it is', async () => {
    const person = await newcomer(accounts)
    const answer = await question(ExchangeSession, { session: secretOf(person) })
    if (!answer.ok) throw new Error('refused')
    const value: { access_token: string } = answer.value as never
    expect<unknown>(value).toEqual({
      access_token: expect.any(String),
      expires_in: 60,
      user_id: Number(person.id),
      role: 'customer',
    })
    const profile = { headers: bearer(value.access_token) }
    expect((await ask(accounts.app, 'GET', '/api/v1/user/profile', profile)).body.id).toBe(person.id)
    accounts.pass(60_000)
    expect((await ask(accounts.app, 'GET', '/api/v1/user/profile', profile)).status).toBe(401)
  })

  test('makes no token that outlives its session', async () => {
    const person = await newcomer(accounts)
    accounts.pass(accounts.config.sessionMs - 20_000)
    const answer = await question(ExchangeSession, { session: secretOf(person) })
    if (!answer.ok) throw new Error('refused')
    const { exp = 0 } = decodeJwt((answer.value as { access_token: string }).access_token)
    expect(exp * 1000).toBeLessThanOrEqual(accounts.now() + 20_000)
    expect(answer.value).toMatchObject({ expires_in: 20 })
    accounts.pass(20_000)
    const late = await question(ExchangeSession, { session: secretOf(person) })
    expect(late).toMatchObject({ ok: false, error: { code: 'unauthenticated' } })
  })

  test('refuses what is no session, and one that has ended', async () => {
    const person = await newcomer(accounts)
    await ask(accounts.app, 'POST', '/api/v1/logout', { headers: bearer(person.access) })
    for (const session of [
      secretOf(person),
      'x',
      'x'.repeat(43),
      person.refresh,
      person.access.slice(0, 256),
    ]) {
      const answer = await question(ExchangeSession, { session })
      expect(answer).toMatchObject({ ok: false, error: { code: 'unauthenticated' } })
    }
  })
})

describe('GetProfile', () => {
  test('answers how a user is called and reached, as far as it is known', async () => {
    const known = await newcomer(accounts, {
      name: 'Олена',
      email: 'olena@example.org',
      phone: '+380441234567',
    })
    const unknown = await newcomer(accounts)
    expect(await question(GetProfile, { user_id: known.id })).toMatchObject({
      ok: true,
      value: { name: 'Олена', email: 'olena@example.org', phone: '+380441234567' },
    })
    expect(await question(GetProfile, { user_id: Number(unknown.id) })).toEqual({ ok: true, value: {} })
  })

  test('refuses a user that there is not, or not in this tenant', async () => {
    const person = await newcomer(accounts)
    const refused = { ok: false, error: { code: 'user_not_found' } }
    expect(await question(GetProfile, { user_id: 999_999 })).toMatchObject(refused)
    const elsewhere = { tenantId: 'other' as TenantId }
    expect(await question(GetProfile, { user_id: person.id }, elsewhere)).toMatchObject(refused)
  })
})
