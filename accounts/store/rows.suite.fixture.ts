//! One suite for both engines: accounts, sessions, keys and sign-ins as rows, what the tables refuse, and who comes first.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { defaultTenant, newId, type TenantId, type UserId } from '../../contracts/ids.ts'
import { int64Max } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { type Session, usedTokensMax } from '../domain/session.ts'
import { type Accounts, callWith, goodPassword, newcomer, startAccounts } from '../fixture.ts'
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
import {
  dropOldSessions,
  endOtherSessions,
  endSessionRow,
  liveSessions,
  lockRefreshToken,
  putNewSession,
  sessionByCookie,
  sessionOf,
  wasSeenFrom,
} from './sessions.ts'
import { dropOldSignIns, putSignIn, takeSignIn } from './sign-ins.ts'
import {
  accountByIdentity,
  accountByLogin,
  accountByVerifiedEmail,
  accountOf,
  lockAdmins,
  type NewAccount,
  putIdentity,
  putNewAccount,
  putPassword,
  putProfile,
} from './users.ts'

const at = 1_700_000_000_000 as Instant
const hash = '$argon2id$v=19$m=1024,t=1,p=1$c2FsdA$aGFzaA'

export type Suite = {
  /** Of a database that nobody else uses. */
  readonly url: () => Promise<string>
  /** How many processes may write to one database. */
  readonly processes: 1 | 2
}

export function rowsSuite(engine: string, { url, processes }: Suite): void {
  describe(`rows on ${engine}`, () => {
    let accounts: Accounts
    beforeAll(async () => {
      accounts = await startAccounts({ url: await url() })
    })
    afterAll(() => accounts.end())

    const write: Accounts['deps']['store']['write'] = (body) => accounts.deps.store.write(body)
    const read: Accounts['deps']['store']['read'] = (body) => accounts.deps.store.read(body)

    let made = 0
    const accountWith = (own: Partial<NewAccount> = {}): NewAccount => {
      made += 1
      const login = `row${made}`
      return {
        tenantId: defaultTenant,
        login,
        loginKey: login,
        role: 'customer',
        name: undefined,
        email: undefined,
        phone: undefined,
        emailVerified: false,
        passwordHash: hash,
        createdAt: at,
        updatedAt: at,
        ...own,
      }
    }
    const put = async (own: Partial<NewAccount> = {}) => {
      const account = await write((tx) => putNewAccount(tx, accountWith(own)))
      if (account === undefined) throw new Error('there is one already')
      return account
    }
    const sessionWith = (userId: UserId, own: Partial<Session> = {}): Session => ({
      id: newId('session'),
      tenantId: defaultTenant,
      userId,
      generation: 0,
      addressRange: '203.0.113.0/24',
      createdAt: at,
      refreshedAt: at,
      expiresAt: plusMs(at, 1000),
      endedAt: undefined,
      ...own,
    })
    const putSession = async (session: Session) => {
      const [cookieHash, refreshHash] = [crypto.randomUUID(), crypto.randomUUID()]
      await write((tx) => putNewSession(tx, session, { cookieHash, refreshHash, salt: 'salt' }))
      return { session, cookieHash, refreshHash }
    }

    test('an account comes back as it was put, in its tenant only', async () => {
      const account = await put({
        name: 'Олена',
        email: 'Olena@Example.org',
        phone: '+380441234567',
        emailVerified: true,
        role: 'courier',
      })
      const other = 'other' as TenantId
      expect(await read((tx) => accountOf(tx, defaultTenant, account.id))).toEqual(account)
      expect(await read((tx) => accountOf(tx, other, account.id))).toBeUndefined()
      expect(await read((tx) => accountByLogin(tx, defaultTenant, account.login))).toEqual(account)
      expect(await read((tx) => accountByLogin(tx, other, account.login))).toBeUndefined()
      const byEmail = (tenant: TenantId) =>
        read((tx) => accountByVerifiedEmail(tx, tenant, 'OLENA@example.ORG'))
      expect(await byEmail(defaultTenant)).toEqual(account)
      expect(await byEmail(other)).toBeUndefined()
      expect(await read((tx) => accountOf(tx, defaultTenant, int64Max as UserId))).toBeUndefined()
    })

    test('a login, and a verified address, is one account’s in its tenant', async () => {
      const first = await put({ email: 'one@example.org', emailVerified: true })
      const again = (own: Partial<NewAccount>) => write((tx) => putNewAccount(tx, accountWith(own)))
      expect(await again({ loginKey: first.login })).toBeUndefined()
      expect(await again({ email: 'ONE@example.org', emailVerified: true })).toBeUndefined()
      expect(await again({ email: 'one@example.org' })).toBeDefined()
      expect(await again({ loginKey: first.login, tenantId: 'other' as TenantId })).toBeDefined()
    })

    test('a profile is written whole, and a password over the one that was read only', async () => {
      const account = await put({ name: 'Before', email: 'before@example.org', emailVerified: true })
      const edited = { ...account, name: undefined, email: 'after@example.org', emailVerified: false }
      await write((tx) => putProfile(tx, edited))
      expect(await read((tx) => accountOf(tx, defaultTenant, account.id))).toEqual(edited)
      expect(
        await read((tx) => accountByVerifiedEmail(tx, defaultTenant, 'after@example.org')),
      ).toBeUndefined()
      const change = (next: string) => write((tx) => putPassword(tx, account, next, at))
      expect(await change(`${hash}1`)).toBe(true)
      expect(await change(`${hash}2`)).toBe(false)
    })

    test('an identity is one account’s', async () => {
      const [first, second] = [await put(), await put()]
      const who = { issuer: 'https://issuer', subject: crypto.randomUUID() }
      expect(await write((tx) => putIdentity(tx, first, who, at))).toBe(true)
      expect(await write((tx) => putIdentity(tx, second, who, at))).toBe(false)
      expect((await read((tx) => accountByIdentity(tx, defaultTenant, who)))?.id).toBe(first.id)
      const elsewhere = { ...who, issuer: 'https://other' }
      expect(await read((tx) => accountByIdentity(tx, defaultTenant, elsewhere))).toBeUndefined()
      expect(await read((tx) => accountByIdentity(tx, 'other' as TenantId, who))).toBeUndefined()
    })

    test('a session is found by its cookie and its token, ends once, and is listed while it lives', async () => {
      const { id: userId } = await put()
      const older = await putSession(sessionWith(userId))
      const newer = await putSession(sessionWith(userId, { createdAt: plusMs(at, 1) }))
      const owner = { tenantId: defaultTenant, userId }
      expect(await read((tx) => sessionByCookie(tx, older.cookieHash))).toEqual(older.session)
      const found = await write((tx) => lockRefreshToken(tx, older.refreshHash))
      expect(found).toEqual({
        session: older.session,
        token: { generation: 0, usedAt: undefined, replayed: false },
        salt: 'salt',
      })
      const list = (now: Instant, limit = 10, offset = 0) =>
        read((tx) => liveSessions(tx, owner, now, { limit, offset }))
      expect(await list(at)).toEqual({ sessions: [newer.session, older.session], total: 2 })
      expect(await list(at, 1, 1)).toEqual({ sessions: [older.session], total: 2 })
      expect((await list(plusMs(at, 1000))).total).toBe(0)
      await write((tx) => endSessionRow(tx, older.session, 'logout', plusMs(at, 5)))
      await write((tx) => endSessionRow(tx, older.session, 'owner', plusMs(at, 6)))
      const ended = await read((tx) => sessionOf(tx, defaultTenant, older.session.id))
      expect(ended?.endedAt).toBe(plusMs(at, 5))
      expect((await list(at)).sessions).toEqual([newer.session])
      expect(await read((tx) => sessionOf(tx, 'other' as TenantId, older.session.id))).toBeUndefined()
    })

    test('of an account all sessions but one are ended, and nobody else’s', async () => {
      const [{ id: userId }, { id: otherId }] = [await put(), await put()]
      const [kept, gone] = [await putSession(sessionWith(userId)), await putSession(sessionWith(userId))]
      const others = await putSession(sessionWith(otherId))
      const owner = { tenantId: defaultTenant, userId }
      await write((tx) => endOtherSessions(tx, owner, kept.session.id, 'password', at))
      const endOf = async ({ session }: { session: Session }) =>
        (await read((tx) => sessionOf(tx, defaultTenant, session.id)))?.endedAt
      expect([await endOf(kept), await endOf(gone), await endOf(others)]).toEqual([undefined, at, undefined])
    })

    test('where an account was signed in from is remembered with its sessions, and forgotten with them', async () => {
      const { id: userId } = await put()
      const owner = { tenantId: defaultTenant, userId }
      const { refreshHash } = await putSession(
        sessionWith(userId, { createdAt: 1 as Instant, expiresAt: 2 as Instant }),
      )
      const wasSeen = (range: string) => read((tx) => wasSeenFrom(tx, owner, range))
      expect(await wasSeen('203.0.113.0/24')).toBe(true)
      expect(await wasSeen('203.0.114.0/24')).toBe(false)
      expect(await write((tx) => dropOldSessions(tx, 2 as Instant, 10))).toBe(false)
      expect(await wasSeen('203.0.113.0/24')).toBe(true)
      expect(await write((tx) => dropOldSessions(tx, 3 as Instant, 10))).toBe(false)
      expect(await wasSeen('203.0.113.0/24')).toBe(false)
      expect(await write((tx) => lockRefreshToken(tx, refreshHash))).toBeUndefined()
    })

    /** A session that was refreshed so often, every token of which is there. */
    const putRefreshed = async (userId: UserId, times: number, own: Partial<Session> = {}) => {
      const first = newSecret()
      const session = sessionWith(userId, { generation: times, ...own })
      const tokens = Array.from({ length: times }, (_, generation) => ({
        hash: hashOf(`${first} ${generation}`),
        salt: 'salt',
        tenantId: defaultTenant,
        sessionId: session.id,
        generation,
        usedAt: at,
        replayed: false,
      }))
      const hashes = { cookieHash: first, refreshHash: hashOf(first), salt: 'salt' }
      await write(async (tx) => {
        await putNewSession(tx, session, hashes)
        const { sessions, refreshTokens } = tx.tables
        await tx.db.update(sessions).set({ generation: times }).where(eq(sessions.id, session.id))
        for (let i = 0; i < times; i += 500)
          await tx.db.insert(refreshTokens).values(tokens.slice(i, i + 500))
      })
      const count = async () =>
        (
          await read(({ db, tables: { refreshTokens: t } }) =>
            db.select().from(t).where(eq(t.sessionId, session.id)),
          )
        ).length
      return { session, live: first, used: (generation: number) => `${first} ${generation}`, count }
    }

    test('a session that is refreshed without end keeps the tokens that it used last, and knows those', async () => {
      const { id: userId } = await put()
      const live = { expiresAt: plusMs(accounts.now(), 1_000_000) }
      const { live: token, used, count } = await putRefreshed(userId, usedTokensMax + 15, live)
      const refresh = (refreshToken: string) => refreshSession(accounts.deps, { refreshToken })
      let next = token
      const counts: number[] = []
      for (let step = 0; step < 4; step += 1) {
        const told = await refresh(next)
        if (!told.ok) throw new Error(told.error.code)
        next = told.value.refreshToken
        counts.push(await count())
      }
      const full = usedTokensMax + 1
      // What was there before there was a bound goes in small pieces.
      expect(counts).toEqual([full + 6, full, full, full])
      // The session was refreshed 19 times more than it keeps tokens for: 19 is the oldest that it knows.
      expect(await refresh(used(18))).toMatchObject({ ok: false, error: { code: 'refresh_token_invalid' } })
      const told = await refresh(next)
      expect(told).toMatchObject({ ok: true })
      expect(await refresh(used(20))).toMatchObject({ ok: false, error: { code: 'refresh_token_invalid' } })
      expect(await refresh(told.ok ? told.value.refreshToken : '')).toMatchObject({ ok: false })
    })

    test('a session with many tokens is forgotten in pieces, its row with the last of them', async () => {
      const { id: userId } = await put()
      const old = { createdAt: 1 as Instant, expiresAt: 2 as Instant }
      const { session, count } = await putRefreshed(userId, 25, old)
      const [dropped, counts]: [boolean[], number[]] = [[], []]
      for (let step = 0; step < 3; step += 1) {
        dropped.push(await write((tx) => dropOldSessions(tx, 3 as Instant, 10)))
        counts.push(await count())
      }
      expect({ dropped, counts }).toEqual({ dropped: [true, true, false], counts: [16, 6, 0] })
      expect(await read((tx) => sessionOf(tx, defaultTenant, session.id))).toBeUndefined()
    })

    test('a sign-in is taken once, by the browser that began it, and forgotten in time', async () => {
      const signIn = (stateHash: string, expiresAt = plusMs(at, 10)) =>
        ({
          stateHash,
          browserHash: 'browser',
          tenantId: defaultTenant,
          provider: 'google',
          expiresAt,
        }) as const
      await write((tx) => putSignIn(tx, signIn('one')))
      await write((tx) => putSignIn(tx, signIn('two')))
      const take = (stateHash: string, own = {}) =>
        write((tx) => takeSignIn(tx, { stateHash, browserHash: 'browser', provider: 'google', ...own }))
      expect(await take('one', { browserHash: 'another' })).toBeUndefined()
      expect(await take('one', { provider: 'yandex' })).toBeUndefined()
      expect(await take('one')).toEqual(signIn('one'))
      expect(await take('one')).toBeUndefined()
      await write((tx) => dropOldSignIns(tx, plusMs(at, 11)))
      expect(await take('two')).toBeUndefined()
    })

    test('what an account may not be cannot be written', async () => {
      const wrongs: Record<string, Partial<NewAccount>> = {
        'a role that there is not': { role: 'service' as 'admin' },
        'no login': { login: '' },
        'a password in plain': { passwordHash: goodPassword },
        'a verified address that is none': { emailVerified: true },
      }
      const written: string[] = []
      for (const [what, wrong] of Object.entries(wrongs)) {
        await write((tx) => putNewAccount(tx, accountWith(wrong))).then(
          () => written.push(what),
          (error) => expect(String(error.cause ?? error)).toMatch(/constraint/i),
        )
      }
      expect(written).toEqual([])
    })

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

    test('whoever logs in is found, with the rows of this engine', async () => {
      const person = await newcomer(accounts)
      const asked = { login: person.login, password: goodPassword, address: '203.0.113.1', cookie: undefined }
      expect(await login(accounts.deps, callWith(accounts), asked)).toMatchObject({ ok: true })
    })
  })
}
