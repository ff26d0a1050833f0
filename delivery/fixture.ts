//! For tests: delivery on a store in memory (or wherever told), behind its real doors.
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { fail, ok, type Result } from '../contracts/errors.ts'
import { deliveryStream } from '../contracts/events/delivery.ts'
import { defaultTenant, newId } from '../contracts/ids.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { ShipOrder } from '../contracts/rpc/loms.ts'
import { type Instant, plusMs } from '../contracts/time.ts'
import { type Call, childTraceparent } from '../runtime/call.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import { openStore } from '../runtime/store/open.ts'
import { ask } from '../tests/harness/ask.ts'
import { as, doorDeps } from '../tests/harness/doors.ts'
import type { Deps } from './deps.ts'
import { http } from './http.ts'
import { schema, type Tables } from './store/schema.ts'

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
  const app = http(deps, doorDeps('delivery', now))
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
      const headers = who === undefined ? more : { ...more, ...as(who) }
      const told = await ask(app, method, path, { headers, body })
      return { status: told.status, body: told.body }
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
