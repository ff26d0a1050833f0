//! For tests: billing on a store in memory (or wherever told), a clock that the test moves, and a look at every rule of money.
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { fail, type Result } from '../contracts/errors.ts'
import { billingEvents, billingStream } from '../contracts/events/billing.ts'
import { defaultTenant, newId, type OrderId, type TenantId, type UserId } from '../contracts/ids.ts'
import { defaultCurrency, type Money, money } from '../contracts/money.ts'
import type { OrderStatus } from '../contracts/order-status.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { GetOrderState } from '../contracts/rpc/loms.ts'
import { type Instant, plusMs } from '../contracts/time.ts'
import type { Call, IdempotencyKey } from '../runtime/call.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import { openStore } from '../runtime/store/open.ts'
import type { Deps } from './deps.ts'
import type { HoldKey } from './domain/hold.ts'
import { movesOf } from './domain/ledger.ts'
import type { PlaceHold } from './operations/place-hold.ts'
import { schema, type Tables } from './store/schema.ts'

export const holdLookMs = 180_000
export const unknownOrderMs = 3_600_000

export const user = (id: number): UserId => BigInt(id) as UserId
export const order = (id: number): OrderId => BigInt(id) as OrderId
export const uah = (amount: number): Money => money(amount, defaultCurrency)

/** What loms would say of an order; `away` where it does not answer. */
export type Known = OrderStatus | 'away'
const customer = 1
/** Of the default tenant and the customer, from the wallet, at a price that is not known, unless told. */
type KnownOrder = {
  readonly tenantId?: TenantId
  readonly userId?: number
  readonly total?: number
  readonly method?: string
}

/** loms, as far as billing asks it. What it says is held to the same contract as the real one. */
export function lomsStandIn() {
  const orders = new Map<string, KnownOrder & { readonly known: Known }>()
  const asked: string[] = []
  const ask = async (method: RpcMethod, { tenantId }: { tenantId: TenantId }, request: unknown) => {
    if (method.subject !== GetOrderState.subject) throw new Error(`nobody answers ${method.subject}`)
    if (!Value.Check(GetOrderState.request, request)) throw new Error('not a question of the contract')
    const key = `${tenantId} ${request.order_id}`
    asked.push(key)
    const { known: status, userId = customer, total, method: by = 'wallet' } = orders.get(key) ?? {}
    if (status === 'away') return fail('unavailable')
    if (status === undefined) return fail('order_not_found')
    const value: ReplyOf<typeof GetOrderState> = {
      status,
      user_id: userId,
      ...(total !== undefined && { total }),
      currency: defaultCurrency,
      payment_method: by,
    }
    if (!Value.Check(GetOrderState.reply, value)) throw new Error('not an answer of the contract')
    return { ok: true, value } as const
  }
  const rpc: RpcClient = {
    ask: async <M extends RpcMethod>(method: M, call: Parameters<typeof ask>[1], request: RequestOf<M>) =>
      (await ask(method, call, request)) as Result<ReplyOf<M>>,
  }
  return {
    rpc,
    /** `tenant order` of every question. */
    asked,
    says: (orderId: OrderId, known: Known, order: KnownOrder = {}) => {
      orders.set(`${order.tenantId ?? defaultTenant} ${orderId}`, { ...order, known })
    },
    /** An order that waits for this money, whoever is asked for it. */
    owes: ({ tenantId, orderId, userId, amount }: PlaceHold) => {
      const known = { known: 'pending', userId: Number(userId), total: amount.amount, method: 'rpc' } as const
      orders.set(`${tenantId} ${orderId}`, known)
    },
    forgets: ({ tenantId, orderId }: HoldKey) => {
      orders.delete(`${tenantId} ${orderId}`)
    },
  }
}

export async function billingInMemory(url = 'sqlite::memory:', own: Partial<Deps> = {}) {
  const clock = { at: 1_700_000_000_000 as Instant }
  const now = () => clock.at
  const store = await openStore<Tables>(url, {
    schema,
    migrations: join(import.meta.dir, 'store/migrations'),
  })
  const loms = lomsStandIn()
  const deps: Deps = {
    store,
    now,
    newId,
    announce: createOutbox({ stream: billingStream, now, newId }).announce,
    rpc: loms.rpc,
    freeTopUp: true,
    choreography: false,
    holdLookMs,
    unknownOrderMs,
    ...own,
  }
  return {
    deps,
    store,
    loms,
    now,
    pass: (ms: number) => {
      clock.at = plusMs(clock.at, ms)
    },
    rows: () =>
      store.read(async (tx) => ({
        wallets: await tx.db.select().from(tx.tables.wallets),
        transactions: await tx.db.select().from(tx.tables.transactions),
        entries: await tx.db.select().from(tx.tables.entries),
        holds: await tx.db.select().from(tx.tables.holds),
      })),
    /** Everything that was announced, oldest first, each held against the schema of its type. */
    facts: async () => {
      const rows = await store.read((tx) => tx.db.select().from(tx.tables.outbox))
      const sorted = rows.sort((a, b) => Number(a.position - b.position))
      return sorted.map(({ type, key, tenantId, traceparent, data: text }) => {
        const data = JSON.parse(text)
        const event = billingEvents.find((event) => event.type === type)
        const problem = event === undefined ? 'nobody announces it' : event.problemOf(data)
        if (problem !== undefined) throw new Error(`${type}: ${problem}`)
        return { type, key, tenantId, traceparent, data }
      })
    },
  }
}

export type Billing = Awaited<ReturnType<typeof billingInMemory>>

let requests = 0

export function callOf(
  billing: Pick<Billing, 'now'>,
  { tenantId = defaultTenant, key }: { tenantId?: TenantId; key?: Partial<IdempotencyKey> } = {},
): Call {
  requests += 1
  return {
    tenantId,
    caller: 'service',
    requestId: `req_${requests}`,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    deadlineAt: plusMs(billing.now(), 10_000),
    ...(key && {
      idempotency: { key: 'k', scope: 'user:1 POST /api/v1/account', fingerprint: 'f', ...key },
    }),
  }
}

const kindsOf = {
  held: ['hold'],
  refused: [],
  captured: ['charge', 'hold'],
  voided: ['hold', 'void'],
  refunded: ['charge', 'hold', 'refund'],
} as const

/** Invariant I3 of reliability.md, over all that is stored (of one tenant), put differently than `verify` does. Empty where it holds. */
export async function violations(billing: Billing, tenant?: TenantId): Promise<string[]> {
  const rows = await billing.rows()
  const ours = ({ tenantId }: { tenantId: TenantId }) => tenant === undefined || tenantId === tenant
  const [wallets, transactions] = [rows.wallets.filter(ours), rows.transactions.filter(ours)]
  const [entries, holds] = [rows.entries.filter(ours), rows.holds.filter(ours)]
  const found: string[] = []
  const sumOf = (rows: readonly { change: number }[]) => rows.reduce((sum, { change }) => sum + change, 0)
  type Key = { tenantId: string; userId: bigint; currency: string }
  const same = (a: Key, b: Key) =>
    a.tenantId === b.tenantId && a.userId === b.userId && a.currency === b.currency

  if (sumOf(entries) !== 0) found.push(`the ledger sums to ${sumOf(entries)}`)
  for (const each of transactions) {
    const own = entries.filter((entry) => same(entry, each) && entry.number === each.number)
    const { from, to } = movesOf[each.kind]
    const changes = Object.fromEntries(own.map(({ account, change }) => [account, change]))
    if (own.length !== 2 || changes[from] !== -each.amount || changes[to] !== each.amount)
      found.push(`transaction ${each.number} of ${each.userId}: ${JSON.stringify(changes)}`)
  }
  for (const wallet of wallets) {
    const of = `wallet of ${wallet.userId} in ${wallet.tenantId}`
    const own = transactions.filter((each) => same(each, wallet))
    const numbers = own.map(({ number }) => number).sort((a, b) => a - b)
    const expected = Array.from({ length: wallet.transactions }, (_, index) => index + 1)
    if (!Bun.deepEquals(numbers, expected)) found.push(`${of}: transactions ${numbers}`)
    for (const account of ['available', 'held'] as const) {
      const sum = sumOf(entries.filter((entry) => same(entry, wallet) && entry.account === account))
      if (wallet[account] !== sum || sum < 0)
        found.push(`${of}: ${account} ${wallet[account]}, sums to ${sum}`)
    }
    const open = holds
      .filter(
        ({ state, tenantId, userId }) =>
          state === 'held' && same({ ...wallet, tenantId, userId: userId ?? 0n }, wallet),
      )
      .reduce((sum, { amount }) => sum + (amount ?? 0), 0)
    if (open !== wallet.held) found.push(`${of}: holds ${open}, held ${wallet.held}`)
  }
  for (const hold of holds) {
    const own = transactions.filter(
      ({ tenantId, orderId }) => tenantId === hold.tenantId && orderId === hold.orderId,
    )
    const expected = hold.userId === null ? [] : kindsOf[hold.state]
    const kinds = own.map(({ kind }) => kind).sort()
    if (!Bun.deepEquals(kinds, [...expected]))
      found.push(`order ${hold.orderId} is ${hold.state} by ${kinds}`)
    if (own.some(({ amount, userId }) => amount !== hold.amount || userId !== hold.userId))
      found.push(`order ${hold.orderId} moved something else than was asked`)
  }
  return found
}
