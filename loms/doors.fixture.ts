//! For tests: loms behind its real doors, what a caller is told there, and everything that stands in its tables.
import { Value } from '@sinclair/typebox/value'
import type { PgTable } from 'drizzle-orm/pg-core'
import { Registry } from 'prom-client'
import { lomsEvents } from '../contracts/events/loms.ts'
import { defaultTenant, newId } from '../contracts/ids.ts'
import { accountRoles } from '../contracts/roles.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import { type GrpcServer, grpcServer } from '../runtime/grpc.ts'
import { request } from '../runtime/http/testing.ts'
import type { Http } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Loms } from './fixture.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'

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

type Doors = { readonly requireAuth?: boolean }

const doorOf = (loms: Loms, { requireAuth = false }: Doors) => ({
  log: createLog('loms', 'silent'),
  registry: new Registry(),
  now: loms.now,
  newId,
  authenticate: createAuthenticate({ requireAuth, serviceToken, verifyToken }),
  idempotencySecret: 'a secret of the test',
  bodyLimitBytes: 1024 * 1024,
})

/** The real router; nothing asks for a token unless told otherwise, as on loopback. */
export function httpDoor(loms: Loms, doors: Doors = {}): Http {
  return http(loms.deps, {
    ...doorOf(loms, doors),
    service: 'loms',
    version: '0.0.0',
    description: 'for tests',
    requestTimeoutMs: 10_000,
    inFlightMax: 1000,
    ready: async () => ({ ready: true, degraded: [] }),
  })
}

export function grpcDoor(loms: Loms, doors: Doors = {}): Promise<GrpcServer> {
  return grpcServer({
    ...doorOf(loms, doors),
    host: '127.0.0.1',
    port: 0,
    services: [grpc(loms.deps)],
    ready: () => true,
    maxInFlight: 100,
  })
}

export type Told = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

/** Asks with any method and checks what every answer has in common. */
export async function ask(
  app: Http,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Told> {
  return await toldBy(app, path, request(method, path, body === undefined ? { headers } : { body, headers }))
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

async function toldBy(app: Http, path: string, sent: Request): Promise<Told> {
  const response = await app.handle(sent)
  const text = await response.text()
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
export function allRows(loms: Loms): Promise<Record<string, unknown[]>> {
  return loms.store.read(async (tx) => {
    const rows: Record<string, unknown[]> = {}
    for (const [name, table] of Object.entries(tx.tables))
      rows[name] = await tx.db.select().from(table as PgTable)
    return rows
  })
}

/** Runs something that may change no row of ours. */
export async function changingNothing<R>(loms: Loms, run: () => Promise<R>): Promise<R> {
  const before = await allRows(loms)
  const result = await run()
  const after = await allRows(loms)
  if (!Bun.deepEquals(after, before)) throw new Error('a row was changed')
  return result
}

type Announced = Awaited<ReturnType<Loms['facts']>>[number]

/** What was announced about an order, oldest first, each fact checked against the schema of its type. */
export async function factsOf(loms: Loms, orderId: number): Promise<Announced[]> {
  const facts = (await loms.facts()).filter(({ key }) => key === String(orderId))
  for (const { type, data } of facts) {
    const event = lomsEvents.find((event) => event.type === type)
    if (event === undefined) throw new Error(`loms announces no ${type}`)
    if (!Value.Check(event.schema, data)) throw new Error(`${type}: ${event.problemOf(data)}`)
  }
  return facts
}
