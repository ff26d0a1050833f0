//! For tests: loms on a store in memory, a clock that the test moves, and a look at what stands in the tables.
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { lomsStream } from '../contracts/events/loms.ts'
import { defaultTenant, newId, type Sku, type UserId, type WarehouseId } from '../contracts/ids.ts'
import { type Instant, plusMs } from '../contracts/time.ts'
import type { Call, IdempotencyKey } from '../runtime/call.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { openStore } from '../runtime/store/open.ts'
import type { SagaDeps } from './deps.ts'
import { orderMetrics } from './metrics.ts'
import { receiveStock } from './operations/receive-stock.ts'
import { Others } from './others.fixture.ts'
import { schema, type Tables } from './store/schema.ts'

export const paymentWindowMs = 600_000

/** What is on the shelves: `[sku, warehouse, pieces]`. */
export type Shelf = readonly [sku: number, warehouse: number, onHand: number]

export async function lomsInMemory(shelves: readonly Shelf[], url = 'sqlite::memory:') {
  const clock = { at: 1_700_000_000_000 as Instant }
  const now = () => clock.at
  const store = await openStore<Tables>(url, {
    schema,
    migrations: join(import.meta.dir, 'store/migrations'),
  })
  const registry = new Registry()
  const others = new Others()
  const deps: SagaDeps = {
    newId,
    rpc: others,
    sagaMode: 'orchestration',
    sagaDue: () => undefined,
    // The clock of a test passes by itself while somebody waits for it.
    sleep: async (ms) => {
      clock.at = plusMs(clock.at, ms)
    },
    store,
    now,
    announce: createOutbox({ stream: lomsStream, now, newId }).announce,
    metrics: orderMetrics(registry),
    paymentWindowMs,
    deadlineSet: () => undefined,
  }
  for (const warehouse of new Set(shelves.map(([, warehouse]) => warehouse))) {
    await receiveStock(deps, {
      tenantId: defaultTenant,
      warehouse: { id: BigInt(warehouse) as WarehouseId, name: `Warehouse ${warehouse}` },
      kind: 'initial',
      reason: null,
      lines: shelves
        .filter(([, here]) => here === warehouse)
        .map(([sku, , quantity]) => ({ sku: sku as Sku, quantity })),
    })
  }
  return {
    deps,
    others,
    store,
    registry,
    pass: (ms: number) => {
      clock.at = plusMs(clock.at, ms)
    },
    now,
    available: async (sku: number) =>
      (await store.read((tx) => tx.db.select().from(tx.tables.stock)))
        .filter((row) => row.sku === sku)
        .reduce((sum, row) => sum + row.onHand - row.reserved, 0),
    /** Everything that was announced, oldest first. */
    facts: async () =>
      (await store.read((tx) => tx.db.select().from(tx.tables.outbox)))
        .sort((a, b) => Number(a.position - b.position))
        .map(({ type, key, data }) => ({ type, key, data: JSON.parse(data) })),
    rows: async () =>
      await store.read(async (tx) => ({
        orders: await tx.db.select().from(tx.tables.orders),
        stock: await tx.db.select().from(tx.tables.stock),
        reservations: await tx.db.select().from(tx.tables.reservations),
        movements: await tx.db.select().from(tx.tables.stockMovements),
      })),
  }
}

export type Loms = Awaited<ReturnType<typeof lomsInMemory>>

let requests = 0

export function callOf(loms: Pick<Loms, 'now'>, idempotency?: Partial<IdempotencyKey>): Call {
  requests += 1
  return {
    tenantId: defaultTenant,
    caller: 'service',
    requestId: `req_${requests}`,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    deadlineAt: plusMs(loms.now(), 10_000),
    ...(idempotency && {
      idempotency: { key: 'k', scope: 'service POST /order/create', fingerprint: 'f', ...idempotency },
    }),
  }
}

export const user = (id: number): UserId => BigInt(id) as UserId
export const items = (...lines: readonly (readonly [sku: number, quantity: number])[]) =>
  lines.map(([sku, quantity]) => ({ sku: sku as Sku, quantity }))

/**
 * The invariants of reliability.md that loms can break alone, over everything that is stored: I1 stock, I2
 * reservations, and the part of I7 that a final order holds no open reservation. Empty where all hold.
 */
export async function violations(loms: Loms): Promise<string[]> {
  const { orders, stock, reservations, movements } = await loms.rows()
  const found: string[] = []
  for (const row of stock) {
    const here = (of: { sku: number; warehouseId: bigint }) =>
      of.sku === row.sku && of.warehouseId === row.warehouseId
    const sum = (...kinds: string[]) =>
      movements.filter((m) => here(m) && kinds.includes(m.kind)).reduce((total, m) => total + m.quantity, 0)
    const open = reservations
      .filter((r) => here(r) && r.state === 'open')
      .reduce((total, r) => total + r.quantity, 0)
    const at = `SKU ${row.sku} in ${row.warehouseId}`
    const came = sum('initial', 'restock', 'return') - sum('write_off')
    if (came !== row.onHand + sum('commit'))
      found.push(`${at}: came ${came}, on hand ${row.onHand}, sold ${sum('commit')}`)
    if (row.reserved !== open) found.push(`${at}: reserved ${row.reserved}, open reservations ${open}`)
    if (row.reserved !== sum('reserve') - sum('release', 'expire', 'commit'))
      found.push(`${at}: movements do not add up`)
    if (row.onHand < row.reserved || row.reserved < 0)
      found.push(`${at}: ${row.reserved} of ${row.onHand} reserved`)
  }
  const endOf = {
    pending: 'open',
    confirmed: 'committed',
    processing: 'committed',
    shipped: 'committed',
    delivered: 'committed',
    cancelled: 'released or expired',
    failed: 'released',
  } as const
  for (const { state, orderId } of reservations) {
    const order = orders.find((order) => order.id === orderId)
    const status = order?.status
    if (status === 'cancelled' && order?.paidAt != null && state === 'committed') continue
    const expected = status !== undefined && status in endOf ? endOf[status as keyof typeof endOf] : 'none'
    if (!expected.split(' or ').includes(state))
      found.push(`order ${orderId} is ${status}, its reservation ${state}`)
  }
  return found
}
