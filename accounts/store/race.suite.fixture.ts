//! One suite for both engines: many who want the same at once, in as many processes as the engine bears, and who comes first.
import { describe, expect, test } from 'bun:test'
import type { UserId } from '../../contracts/ids.ts'
import { defaultTenant } from '../../contracts/ids.ts'
import { plusMs } from '../../contracts/time.ts'
import { callWith, goodPassword, newcomer, startAccounts } from '../fixture.ts'
import { changePassword } from '../operations/change-password.ts'
import { changeRole } from '../operations/change-role.ts'
import { finishSignIn } from '../operations/finish-sign-in.ts'
import { login } from '../operations/login.ts'
import { refreshSession } from '../operations/refresh-session.ts'
import { register } from '../operations/register.ts'
import { rotateKeys } from '../operations/rotate-keys.ts'
import { createPasswords } from '../passwords.ts'
import { hashOf, newSecret } from '../secrets.ts'
import { keyRows } from './keys.ts'
import { liveSessions } from './sessions.ts'
import { putSignIn } from './sign-ins.ts'
import { lockAdmins } from './users.ts'

export type Engine = {
  /** Of a database that nobody else uses. */
  readonly url: () => Promise<string>
  /** How many processes may write to one database. */
  readonly processes: 1 | 2
}

export function raceSuite(engine: string, { url, processes }: Engine): void {
  describe(`many at once on ${engine}`, () => {
    /** As many processes as the engine bears, over a database of their own. */
    const startCrowd = async () => {
      const shared = await url()
      const first = await startAccounts({ url: shared })
      const others = await Promise.all(
        Array.from({ length: processes - 1 }, () => startAccounts({ url: shared })),
      )
      const all = [first, ...others]
      const turn = (index: number) => all[index % all.length] ?? first
      return { first, all, turn, end: () => Promise.all(all.map((each) => each.end())) }
    }

    test('of many who want one login at once, in every process, one gets it', async () => {
      const crowd = await startCrowd()
      const nothing = { name: undefined, email: undefined, phone: undefined, address: undefined }
      const asked = { login: 'everybodys', password: goodPassword, role: 'customer' as const, ...nothing }
      const told = await Promise.all(
        Array.from({ length: 16 }, (_, index) => {
          const { deps, now } = crowd.turn(index)
          return register(deps, callWith({ now }), asked)
        }),
      )
      expect(told.filter(({ ok }) => ok).length).toBe(1)
      const refused = told.flatMap((answer) => (answer.ok ? [] : [answer.error.code]))
      expect(new Set(refused)).toEqual(new Set(['login_taken']))
      expect((await crowd.first.facts()).map(({ type }) => type)).toEqual(['user.registered'])
      await crowd.end()
    })

    test('of admins who take the role from each other at once, in every process, one is left', async () => {
      const crowd = await startCrowd()
      const people = [await newcomer(crowd.first), await newcomer(crowd.first), await newcomer(crowd.first)]
      const ids = people.map(({ id }) => BigInt(id) as UserId)
      const change = (index: number, userId: UserId | undefined, role: 'admin' | 'customer') => {
        const { deps, now } = crowd.turn(index)
        if (userId === undefined) throw new Error('there is nobody')
        return changeRole(deps, callWith({ now }), { userId, role })
      }
      for (let round = 0; round < 10; round += 1) {
        for (const userId of ids) await change(0, userId, 'admin')
        const told = await Promise.all([1, 0, 2].map((whose, by) => change(by, ids[whose], 'customer')))
        const said = told.map((answer) => (answer.ok ? 'ok' : answer.error.code)).toSorted()
        expect(said).toEqual(['last_admin', 'ok', 'ok'])
        const left = await crowd.first.deps.store.write((tx) => lockAdmins(tx, defaultTenant))
        expect(left.length).toBe(1)
        // Whoever is one already, or is none, stays so.
        expect(await change(1, left[0], 'admin')).toMatchObject({ ok: true })
        expect(
          await change(
            1,
            ids.find((id) => id !== left[0]),
            'customer',
          ),
        ).toMatchObject({ ok: true })
      }
      await crowd.end()
    })

    test('a refresh token that many bring at once makes one successor', async () => {
      const crowd = await startCrowd()
      const person = await newcomer(crowd.first)
      const told = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          refreshSession(crowd.turn(index).deps, { refreshToken: person.refresh }),
        ),
      )
      // The first makes it, the second is told it again, and the third says that too many have it.
      const given = told.flatMap((answer) => (answer.ok ? [answer.value.refreshToken] : []))
      expect(given.length).toBe(2)
      const [next = '', again] = given
      expect(again).toBe(next)
      expect(await refreshSession(crowd.first.deps, { refreshToken: next })).toMatchObject({ ok: false })
      await crowd.end()
    })

    test('whoever signs in with a password while it is changed is not signed in', async () => {
      const crowd = await startCrowd()
      const person = await newcomer(crowd.first)
      const [{ deps, now }, changing] = [crowd.turn(0), crowd.turn(1)]
      const [verified, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const verify: typeof deps.passwords.verify = async (...asked) => {
        const isRight = await deps.passwords.verify(...asked)
        verified.resolve()
        await gate.promise
        return isRight
      }
      const held = { ...deps, passwords: { ...deps.passwords, verify } }
      const call = callWith({ now })
      const asked = { login: person.login, password: goodPassword, address: '203.0.113.1', cookie: undefined }
      const signingIn = login(held, call, asked)
      await verified.promise
      const userId = BigInt(person.id) as UserId
      const newPassword = 'a password of my own'
      const change = { userId, sessionId: undefined, currentPassword: goodPassword, newPassword, address: '' }
      expect(await changePassword(changing.deps, call, change)).toMatchObject({ ok: true })
      gate.resolve()
      expect(await signingIn).toMatchObject({ ok: false, error: { code: 'wrong_credentials' } })
      const page = { limit: 10, offset: 0 }
      const owner = { tenantId: defaultTenant, userId }
      expect((await deps.store.read((tx) => liveSessions(tx, owner, now(), page))).total).toBe(0)
      expect(await login(deps, call, { ...asked, password: newPassword })).toMatchObject({ ok: true })
      await crowd.end()
    })

    test('many who sign in at once, of whom the first has the hash made anew, are all signed in', async () => {
      const crowd = await startCrowd()
      const person = await newcomer(crowd.first)
      const passwords = await createPasswords({ memoryKib: 2048, passes: 1, atOnce: 2, waiting: 64 })
      const told = await Promise.all(
        Array.from({ length: 6 }, (_, index) => {
          const { deps, now } = crowd.turn(index)
          const asked = { login: person.login, password: goodPassword, address: '', cookie: undefined }
          return login({ ...deps, passwords }, callWith({ now }), asked)
        }),
      )
      expect(told.map(({ ok }) => ok)).toEqual(Array(6).fill(true))
      await crowd.end()
    })

    test('of many first sign-ins of one person with a provider at once all are into one account', async () => {
      const crowd = await startCrowd()
      const who = { issuer: 'https://id.example', subject: '1', name: undefined, emailVerified: true }
      const provider = {
        start: async () => new URL('https://id.example'),
        finish: async () => ({ ...who, email: 'anna@example.org' }),
      }
      const told = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const { deps: own, now } = crowd.turn(index)
          const deps = { ...own, providers: new Map([['id', provider]]) }
          const [state, browser] = [newSecret(), newSecret()]
          const row = { stateHash: hashOf(state), browserHash: hashOf(browser), tenantId: defaultTenant }
          await deps.store.write((tx) =>
            putSignIn(tx, { ...row, provider: 'id', expiresAt: plusMs(now(), 1000) }),
          )
          const answer = new URLSearchParams({ state })
          const asked = { provider: 'id', answer, browser, cookie: undefined, address: '' }
          return await finishSignIn(deps, callWith({ now }), asked)
        }),
      )
      const ids = told.map((each) => (each.ok ? each.value.account.id : each.error.code))
      expect(new Set(ids).size).toBe(1)
      expect(told.every(({ ok }) => ok)).toBe(true)
      expect((await crowd.first.facts()).map(({ type }) => type)).toEqual(['user.registered'])
      await crowd.end()
    })

    test('keys made by several processes at the first start are one key', async () => {
      const crowd = await startCrowd()
      await crowd.first.deps.store.write(async ({ db, tables }) => {
        await db.delete(tables.signingKeys)
      })
      await Promise.all([0, 1, 2, 3].map((index) => rotateKeys(crowd.turn(index).deps)))
      for (const each of crowd.all) await rotateKeys(each.deps)
      expect((await crowd.first.deps.store.read(keyRows)).length).toBe(1)
      const [first, ...others] = crowd.all.map(({ deps }) => deps.ring.shown())
      for (const each of others) expect<unknown>(each).toEqual(first)
      await crowd.end()
    })
  })
}
