//! For tests: delivery on a store in memory (or wherever told), behind its real doors.
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { Registry } from 'prom-client'
import { fail, ok, type Result } from '../contracts/errors.ts'
import { deliveryStream } from '../contracts/events/delivery.ts'
import { defaultTenant, newId } from '../contracts/ids.ts'
import { accountRoles } from '../contracts/roles.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { ShipOrder } from '../contracts/rpc/loms.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { type Instant, plusMs } from '../contracts/time.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import { type Call, childTraceparent } from '../runtime/call.ts'
import { request } from '../runtime/http/testing.ts'
import type { Http } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import { openStore } from '../runtime/store/open.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Deps } from './deps.ts'
import { http } from './http.ts'
import { schema, type Tables } from './store/schema.ts'

/** `customer-7`, `courier-1`: whoever says so, is. */
const verifyToken: VerifyToken = async (token) => {
  const [name, id = ''] = token.split('-')
  const role = accountRoles.find((each) => each === name)
  if (role === undefined || !/^[1-9][0-9]*$/.test(id)) return undefined
  return { userId: userIdOf(id), role, tenantId: defaultTenant, sessionId: 'ses_1' }
}

/** What loms would say of an order that is to leave: that it may, the status that it is in, or nothing. */
export type Known = 'may leave' | 'cancelled' | 'away'

/** loms, as far as delivery asks it; held to the same contract as the real one. */
function lomsStandIn() {
  const known = new Map<string, Known>()
  const asked: string[] = []
  const ask = async (method: RpcMethod, _: unknown, request: unknown) => {
    if (method.subject !== ShipOrder.subject) throw new Error(`nobody answers ${method.subject}`)
    if (!Value.Check(ShipOrder.request, request)) throw new Error('not a question of the contract')
    const order = String(request.order_id)
    asked.push(order)
    const says = known.get(order) ?? 'may leave'
    if (says === 'away') return fail('unavailable')
    return says === 'may leave' ? ok({}) : fail('status_not_reachable', { reason: says })
  }
  const rpc: RpcClient = {
    ask: async <M extends RpcMethod>(method: M, call: unknown, request: RequestOf<M>) =>
      (await ask(method, call, request)) as Result<ReplyOf<M>>,
  }
  return { rpc, asked, says: (order: number, what: Known) => known.set(String(order), what) }
}

export async function startDelivery({ url = 'sqlite::memory:', choreography = false } = {}) {
  let at = 1_700_000_000_000 as Instant
  const now = () => at
  const store = await openStore<Tables>(url, {
    schema,
    migrations: join(import.meta.dir, 'store/migrations'),
  })
  const { announce } = createOutbox({ stream: deliveryStream, now, newId })
  const loms = lomsStandIn()
  const deps: Deps = { store, now, newId, announce, rpc: loms.rpc, choreography }
  const app: Http = http(deps, {
    service: 'delivery',
    version: '0.0.0',
    description: 'for tests',
    log: createLog('delivery', 'silent'),
    registry: new Registry(),
    now,
    newId,
    authenticate: createAuthenticate({ requireAuth: false, serviceToken: 'a-service', verifyToken }),
    idempotencySecret: 'a secret of the test',
    bodyLimitBytes: 1024 * 1024,
    requestTimeoutMs: 10_000,
    inFlightMax: 1000,
    ready: async () => ({ ready: true, degraded: [] }),
  })
  return {
    deps,
    loms,
    store,
    app,
    pass: (ms: number) => {
      at = plusMs(at, ms)
    },
    call: (): Call => ({
      tenantId: defaultTenant,
      caller: 'service',
      requestId: newId('request'),
      traceparent: childTraceparent(undefined),
      deadlineAt: plusMs(at, 10_000),
    }),
    /** Asks as somebody, or as nobody. */
    ask: async (
      who: string | undefined,
      method: string,
      path: string,
      body?: unknown,
      more: Record<string, string> = {},
    ) => {
      const headers = who === undefined ? more : { ...more, authorization: `Bearer ${who}` }
      const response = await app.handle(
        request(method, path, body === undefined ? { headers } : { headers, body }),
      )
      // Every answer of ours is a JSON object.
      const said = (await response.json()) as Record<string, unknown>
      return { status: response.status, body: said }
    },
    shipments: () => store.read((tx) => tx.db.select().from(tx.tables.shipments)),
    /** What was announced, oldest first. */
    facts: async () =>
      (await store.read((tx) => tx.db.select().from(tx.tables.outbox)))
        .sort((a, b) => Number(a.position - b.position))
        .map(({ type, key, data }) => ({ type, key, data: JSON.parse(data) as Record<string, unknown> })),
  }
}

export type TestDelivery = Awaited<ReturnType<typeof startDelivery>>
