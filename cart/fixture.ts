//! For tests: a cart on a store in memory (or wherever told), behind its real doors, among others that are stood in for.
import { join } from 'node:path'
import type { PgTable } from 'drizzle-orm/pg-core'
import { Registry } from 'prom-client'
import { defaultTenant, newId } from '../contracts/ids.ts'
import { accountRoles } from '../contracts/roles.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { plusMs } from '../contracts/time.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import { type Call, childTraceparent, type IdempotencyKey } from '../runtime/call.ts'
import { type GrpcServer, grpcServer } from '../runtime/grpc.ts'
import { request } from '../runtime/http/testing.ts'
import type { Http } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import { openStore } from '../runtime/store/open.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Deps, ProductSource } from './deps.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import type { UnderWay } from './operations/checkout.ts'
import { settleCheckouts } from './operations/settle-checkouts.ts'
import { Others } from './others.fixture.ts'
import { ownCatalog } from './products/own.ts'
import { stockOf } from './stock.ts'
import { type CartStore, schema, type Tables } from './store/schema.ts'

export const checkoutWindowMs = 5000
export const serviceToken = 'a-service'
export const asService = { authorization: `Bearer ${serviceToken}` }

/** `customer-7`, `admin-1`: whoever says so, is. */
const verifyToken: VerifyToken = async (token) => {
  const [name, id = ''] = token.split('-')
  const role = accountRoles.find((each) => each === name)
  if (role === undefined || !/^[1-9][0-9]*$/.test(id)) return undefined
  return { userId: userIdOf(id), role, tenantId: defaultTenant, sessionId: 'ses_1' }
}
export const as = (who: string) => ({ authorization: `Bearer ${who}` })

export function openCart(url = 'sqlite::memory:'): Promise<CartStore> {
  return openStore<Tables>(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

/** One process of cart. Several may share others and database. */
export async function startCart({
  others = new Others(),
  url,
  products = ownCatalog(others),
}: {
  others?: Others
  url?: string
  products?: ProductSource
} = {}) {
  const store = await openCart(url)
  const { now } = others
  const deps: Deps & { readonly underWay: UnderWay } = {
    store,
    now,
    newId,
    products,
    stock: stockOf(others),
    rpc: others,
    checkoutWindowMs,
    underWay: new Map(),
  }
  const door = (requireAuth: boolean) => ({
    log: createLog('cart', 'silent'),
    registry: new Registry(),
    now,
    newId,
    authenticate: createAuthenticate({ requireAuth, serviceToken, verifyToken }),
    idempotencySecret: 'a secret of the test',
    bodyLimitBytes: 1024 * 1024,
  })
  const httpDoor = (requireAuth: boolean): Http =>
    http(deps, {
      ...door(requireAuth),
      service: 'cart',
      version: '0.0.0',
      description: 'for tests',
      requestTimeoutMs: 10_000,
      inFlightMax: 1000,
      ready: async () => ({ ready: true, degraded: [] }),
    })
  const httpDoors = new Map<boolean, Http>()
  return {
    deps,
    store,
    others,
    /** The real router; nothing asks for a token unless told otherwise, as on loopback. */
    httpDoor({ requireAuth = false } = {}): Http {
      const made = httpDoors.get(requireAuth) ?? httpDoor(requireAuth)
      httpDoors.set(requireAuth, made)
      return made
    },
    grpcDoor: (): Promise<GrpcServer> =>
      grpcServer({
        ...door(false),
        host: '127.0.0.1',
        port: 0,
        services: [grpc(deps)],
        ready: () => true,
        maxInFlight: 100,
      }),
    settle: () => settleCheckouts(deps),
    /** What is in a user's cart: `[sku, quantity]`, by SKU. */
    lines: async (user: number | bigint) => {
      const rows = await store.read((tx) => tx.db.select().from(tx.tables.cartLines))
      return rows
        .filter(({ userId }) => userId === BigInt(user))
        .map(({ sku, quantity }): [number, number] => [sku, quantity])
        .sort(([a], [b]) => a - b)
    },
    checkouts: () => store.read((tx) => tx.db.select().from(tx.tables.checkouts)),
    close: () => store.close(),
  }
}

export type Cart = Awaited<ReturnType<typeof startCart>>

/** A call as a door makes it; a key is that of one route. */
export function callOf(
  { others }: Pick<Cart, 'others'>,
  key?: Pick<IdempotencyKey, 'key' | 'fingerprint'>,
): Call {
  return {
    tenantId: defaultTenant,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(others.now(), 10_000),
    ...(key && { idempotency: { ...key, scope: 'service POST /cart/checkout' } }),
  }
}

export type Told = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

/** Posts JSON (or text as it is) and checks what every answer has in common. */
export async function post(
  app: Http,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Told> {
  const sent = typeof body === 'string' ? { text: body, headers } : { body, headers }
  return await toldBy(app, path, request('POST', path, sent))
}

/** Asks with any method and checks the same. */
export async function ask(
  app: Http,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Told> {
  return await toldBy(app, path, request(method, path, body === undefined ? { headers } : { body, headers }))
}

async function toldBy(app: Http, path: string, sent: Request): Promise<Told> {
  const response = await app.handle(sent)
  const text = await response.text()
  if (response.status === 204) return { status: 204, headers: response.headers, text, body: {} }
  // Every answer of ours is a JSON object.
  const said = JSON.parse(text) as Record<string, unknown>
  const type = response.headers.get('content-type')
  const expected = response.status < 400 ? 'application/json' : 'application/problem+json'
  if (type !== expected) throw new Error(`${path} answered ${response.status} as ${type}`)
  if (response.status >= 400 && said.status !== response.status)
    throw new Error(`${path} answered ${response.status}, and says ${said.status}`)
  return { status: response.status, headers: response.headers, text, body: said }
}

/** What a caller acts on: status, code, and the paths of what is wrong. */
export async function refusalOf(
  app: Http,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: unknown; paths?: string[] }> {
  const told = await post(app, path, body, headers)
  const errors = told.body.errors as { path: string; message: string }[] | undefined
  return {
    status: told.status,
    code: told.body.code,
    ...(errors && { paths: errors.map(({ path }) => path) }),
  }
}

export const invalid = (...paths: string[]) => ({ status: 400, code: 'invalid_argument', paths })

/** Every row of every table, by the table's name. */
export function allRows({ store }: Pick<Cart, 'store'>): Promise<Record<string, unknown[]>> {
  return store.read(async (tx) => {
    const rows: Record<string, unknown[]> = {}
    for (const [name, table] of Object.entries(tx.tables))
      rows[name] = await tx.db.select().from(table as PgTable)
    return rows
  })
}

/** Runs something that may change no row of ours. */
export async function changingNothing<R>(cart: Pick<Cart, 'store'>, run: () => Promise<R>): Promise<R> {
  const before = await allRows(cart)
  const result = await run()
  const after = await allRows(cart)
  if (!Bun.deepEquals(after, before)) throw new Error('a row was changed')
  return result
}
