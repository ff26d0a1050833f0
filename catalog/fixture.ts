//! For tests: a catalogue in memory (or wherever told), and products to put into it.
import { join } from 'node:path'
import { asc } from 'drizzle-orm'
import { Registry } from 'prom-client'
import { catalogStream } from '../contracts/events/catalog.ts'
import { defaultTenant, newId, type Sku, type TenantId } from '../contracts/ids.ts'
import { money } from '../contracts/money.ts'
import { accountRoles } from '../contracts/roles.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { type Clock, instantOf, plusMs, processClock } from '../contracts/time.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import { type Call, childTraceparent } from '../runtime/call.ts'
import { request } from '../runtime/http/testing.ts'
import type { Http, HttpDeps } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { openStore } from '../runtime/store/open.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Deps } from './deps.ts'
import type { Product } from './domain/product.ts'
import { tokenCheck } from './domain/token.ts'
import { type CatalogStore, schema } from './store/schema.ts'

export const shop = defaultTenant
export const skuOf = (sku: number): Sku => sku as Sku

export function openCatalog(url = 'sqlite::memory:'): Promise<CatalogStore> {
  return openStore(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

/** A product of the default tenant with what a test is about, and the rest as it comes. */
export function productWith(own: Partial<Product>): Product {
  return {
    tenantId: shop,
    sku: skuOf(2005),
    id: 'prod_2005',
    name: 'Чай трав’яний',
    description: 'М’ята, липа, чебрець.',
    category: 'coffee-and-tea',
    price: money(12_900, 'UAH'),
    weightGrams: 120,
    image: undefined,
    withdrawn: false,
    version: 1,
    createdAt: instantOf(1_000),
    updatedAt: instantOf(1_000),
    ...own,
  }
}

/** Everything that the operations are handed, real, over an empty store; the token is `testtoken`. */
export async function startCatalog(store?: CatalogStore): Promise<{
  readonly deps: Deps
  /** The data of everything announced so far, in order. */
  readonly facts: () => Promise<Record<string, unknown>[]>
  readonly end: () => Promise<void>
}> {
  const opened = store ?? (await openCatalog())
  const now = processClock()
  const { announce } = createOutbox({ stream: catalogStream, now, newId })
  const facts = () =>
    opened.read(async ({ db, tables: { outbox } }) => {
      const rows = await db.select({ data: outbox.data }).from(outbox).orderBy(asc(outbox.position))
      return rows.map(({ data }) => JSON.parse(data))
    })
  const deps = { store: opened, now, newId, announce, isToken: tokenCheck('testtoken') }
  return { deps, facts, end: () => opened.close() }
}

export function callWith(own: Partial<Call> = {}): Call {
  return {
    tenantId: shop,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(processClock()(), 60_000),
    ...own,
  }
}

/** Posts JSON (or text as it is) to the app and answers with the status and what came back. */
export async function post(
  app: Http,
  path: string,
  body: unknown,
): Promise<{
  readonly status: number
  readonly type: string | null
  readonly body: Record<string, unknown>
}> {
  const request = new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const response = await app.handle(request)
  // Every answer of ours is a JSON object.
  const said = (await response.json()) as Record<string, unknown>
  return { status: response.status, type: response.headers.get('content-type'), body: said }
}

export const serviceToken = 'a-service'

/** `customer-7`, `admin-1`: whoever says so, is. Of another shop with its name behind: `admin-1-other`. */
const verifyToken: VerifyToken = async (token) => {
  const [name, id = '', tenant = defaultTenant] = token.split('-')
  const role = accountRoles.find((each) => each === name)
  if (role === undefined || !/^[1-9][0-9]*$/.test(id)) return undefined
  return { userId: userIdOf(id), role, tenantId: tenant as TenantId, sessionId: 'ses_1' }
}
export const as = (who: string) => ({ authorization: `Bearer ${who}` })

export type Told = {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** Asks with any method. A refusal that is no problem document throws. */
export async function ask(
  app: Http,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Told> {
  const sent = body === undefined ? { headers } : { body, headers }
  const response = await app.handle(request(method, path, sent))
  const text = await response.text()
  const type = response.headers.get('content-type')
  if (response.status >= 400 && type !== 'application/problem+json')
    throw new Error(`${path} answered ${response.status} as ${type}`)
  // Every answer of ours is a JSON object, or nothing.
  const said = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body: said }
}

/** What an app is handed where every guarded route wants a token. */
export function httpDeps(now: Clock): HttpDeps {
  return {
    service: 'catalog',
    version: '0.0.0',
    description: 'for tests',
    log: createLog('catalog', 'silent'),
    registry: new Registry(),
    now,
    newId,
    authenticate: createAuthenticate({ requireAuth: true, serviceToken, verifyToken }),
    idempotencySecret: 'a secret of the test',
    bodyLimitBytes: 1024 * 1024,
    requestTimeoutMs: 10_000,
    inFlightMax: 100,
    ready: async () => ({ ready: true, degraded: [] }),
  }
}
