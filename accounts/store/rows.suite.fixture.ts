//! One suite for both engines: accounts, sessions and sign-ins as rows, and what the tables refuse.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { defaultTenant, newId, type TenantId, type UserId } from '../../contracts/ids.ts'
import { int64Max } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { type Session, usedTokensMax } from '../domain/session.ts'
import { type Accounts, callWith, goodPassword, newcomer, startAccounts } from '../fixture.ts'
import { login } from '../operations/login.ts'
import { refreshSession } from '../operations/refresh-session.ts'
import { hashOf, newSecret } from '../secrets.ts'
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
  type NewAccount,
  putIdentity,
  putNewAccount,
  putPassword,
  putProfile,
} from './users.ts'

const at = 1_700_000_000_000 as Instant
const hash = '$argon2id$v=19$m=1024,t=1,p=1$c2FsdA$aGFzaA'

/** `url`: of a database that nobody else uses. */
export function rowsSuite(engine: string, { url }: { readonly url: () => Promise<string> }): void {
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

    test('whoever logs in is found, with the rows of this engine', async () => {
      const person = await newcomer(accounts)
      const asked = { login: person.login, password: goodPassword, address: '203.0.113.1', cookie: undefined }
      expect(await login(accounts.deps, callWith(accounts), asked)).toMatchObject({ ok: true })
    })
  })
}
