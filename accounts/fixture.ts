//! For tests: accounts over a store in memory (or wherever told) with a clock that the test moves, and a browser to ask it with.
import { join } from 'node:path'
import { asc } from 'drizzle-orm'
import { accountsStream } from '../contracts/events/accounts.ts'
import { defaultTenant, newId } from '../contracts/ids.ts'
import { type Instant, plusMs } from '../contracts/time.ts'
import { type Call, childTraceparent } from '../runtime/call.ts'
import type { Http } from '../runtime/http.ts'
import { createLog, type LogLevel } from '../runtime/log.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { openStore } from '../runtime/store/open.ts'
import { tokenVerifier } from '../runtime/tokens.ts'
import { ask, type Told } from '../tests/harness/ask.ts'
import { doorDeps } from '../tests/harness/doors.ts'
import { type Config, loadConfig } from './config.ts'
import { type Doors, http } from './http.ts'
import { createKeyBox, createKeyRing } from './key-ring.ts'
import { rotateKeys } from './operations/rotate-keys.ts'
import { createDeps } from './parts.ts'
import { type AccountsStore, schema } from './store/schema.ts'

export const goodPassword = 'correct horse battery staple'

export function openAccounts(url = 'sqlite::memory:'): Promise<AccountsStore> {
  return openStore(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

export type Setting = {
  readonly url?: string
  /** Over the defaults of a developer's machine; hashing is made as cheap as it may be. */
  readonly env?: Readonly<Record<string, string>>
  readonly requireAuth?: boolean
  readonly doors?: Partial<Doors>
  readonly log?: { readonly level: LogLevel; readonly write: (line: string) => void }
  readonly config?: Partial<Config>
  readonly startsAt?: Instant
}

/** Everything real behind a real router. */
export async function startAccounts(setting: Setting = {}) {
  const { url, env = {}, requireAuth = true, doors, log: logging, startsAt } = setting
  const cheap = { ACCOUNTS_ARGON2_MEMORY_KIB: '1024', ACCOUNTS_ARGON2_PASSES: '1' }
  const config = { ...loadConfig({ ...cheap, ...env }), ...setting.config }
  const clock = { at: startsAt ?? (Date.UTC(2026, 0, 2, 3, 4, 5) as Instant) }
  const now = () => clock.at
  const store = await openAccounts(url)
  const box = createKeyBox(config.keySecret)
  const ring = createKeyRing(box, now)
  const verifyToken = tokenVerifier({ keys: ring.verification, now })
  const { announce } = createOutbox({ stream: accountsStream, now, newId })
  const deps = await createDeps(config, { store, now, newId, announce, ring, box, verifyToken })
  await rotateKeys(deps)
  const log = createLog('accounts', logging?.level ?? 'silent', logging && { destination: logging })
  const app = http(
    deps,
    {
      ...doorDeps('accounts', now, { requireAuth, verifyToken }),
      log,
      trustedProxies: config.trustedProxies,
    },
    { cookies: { secure: true }, returnUrl: undefined, ...doors },
  )
  return {
    deps,
    app,
    config,
    now,
    pass: (ms: number) => {
      clock.at = plusMs(clock.at, ms)
    },
    /** Everything announced so far, in order. */
    facts: () =>
      store.read(async ({ db, tables: { outbox } }) => {
        const rows = await db.select().from(outbox).orderBy(asc(outbox.position))
        return rows.map(({ type, key, data }) => ({ type, key, data: JSON.parse(data) }))
      }),
    end: () => store.close(),
  }
}

export type Accounts = Awaited<ReturnType<typeof startAccounts>>

export function callWith(accounts: Pick<Accounts, 'now'>, own: Partial<Call> = {}): Call {
  return {
    tenantId: defaultTenant,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(accounts.now(), 60_000),
    ...own,
  }
}

export const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` })

/** `name=value` of the cookie that an answer sets. */
export function cookieSet(told: Told, name = 'session_id'): string {
  const pair = told.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .find((cookie) => cookie.startsWith(`${name}=`))
  if (pair === undefined) throw new Error(`the answer sets no ${name}`)
  return pair
}

let people = 0

/** A new account, signed in. */
export async function newcomer({ app }: Pick<Accounts, 'app'>, own: Record<string, unknown> = {}) {
  people += 1
  const login = String(own.login ?? `person${people}`)
  const body = { login, password: goodPassword, ...own }
  const registered = await ask(app, 'POST', '/api/v1/register', { body })
  if (registered.status !== 201) throw new Error(`not registered: ${JSON.stringify(registered.body)}`)
  return { ...(await signedIn(app, login)), id: String(registered.body.id), registered }
}

export async function signedIn(app: Http, login: string, headers: Record<string, string> = {}) {
  const told = await ask(app, 'POST', '/api/v1/login', { body: { login, password: goodPassword }, headers })
  if (told.status !== 200) throw new Error(`not signed in: ${JSON.stringify(told.body)}`)
  const { access_token: access, refresh_token: refresh } = told.body
  return { login, told, access: String(access), refresh: String(refresh), cookie: cookieSet(told) }
}
