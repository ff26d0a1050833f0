//! What durable orders cost: the group-commit lane against one commit an order, and against bare bun:sqlite.
import { Database } from 'bun:sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lomsStream } from '../../contracts/events/loms.ts'
import { defaultTenant, newId, type Sku, type UserId, type WarehouseId } from '../../contracts/ids.ts'
import { plusMs, processClock } from '../../contracts/time.ts'
import type { Deps } from '../../loms/deps.ts'
import { createOrder } from '../../loms/operations/create-order.ts'
import { receiveStock } from '../../loms/operations/receive-stock.ts'
import { schema, type Tables } from '../../loms/store/schema.ts'
import { childTraceparent } from '../../runtime/call.ts'
import { createOutbox } from '../../runtime/messages/outbox.ts'
import { openStore } from '../../runtime/store/open.ts'
import { drive, flag, report, round } from '../lib/measure.ts'

const seconds = flag('seconds', 4)
const callers = [1, 16, 64, 256]
const now = processClock()
const skus = Array.from({ length: 30 }, (_, index) => (index + 1) as Sku)

async function lane(folder: string, path: string, defer?: (run: () => void) => void) {
  const store = await openStore<Tables>(`sqlite:${join(folder, path)}`, {
    schema,
    migrations: join(import.meta.dir, '../../loms/store/migrations'),
    ...(defer ? { defer } : {}),
  })
  await receiveStock(
    { store, now },
    {
      tenantId: defaultTenant,
      warehouse: { id: 1n as WarehouseId, name: 'Kyiv' },
      kind: 'initial',
      reason: null,
      lines: skus.map((sku) => ({ sku, quantity: 1_000_000_000 })),
    },
  )
  const deps: Deps = {
    store,
    now,
    announce: createOutbox({ stream: lomsStream, now, newId }).announce,
    metrics: { reached: () => undefined },
    paymentWindowMs: 600_000,
    deadlineSet: () => undefined,
  }
  let count = 0
  const order = async () => {
    count += 1
    const items = [0, 1, 2].map((line) => ({
      sku: skus[(count + line * 7) % skus.length] as Sku,
      quantity: 1,
    }))
    const call = {
      tenantId: defaultTenant,
      caller: 'service',
      requestId: 'req_bench',
      traceparent: childTraceparent(undefined),
      deadlineAt: plusMs(now(), 10_000),
    }
    const answer = await createOrder(deps, call, { userId: BigInt(count) as UserId, items })
    if (!answer.ok) throw new Error(answer.error.code)
  }
  return { order, store }
}

/** The same rows, written with nothing between us and SQLite: the floor that no store of ours can pass. */
async function bare(folder: string, perCommit: number): Promise<number> {
  const { store } = await lane(folder, `bare-${perCommit}.sqlite`)
  await store.close()
  const db = new Database(join(folder, `bare-${perCommit}.sqlite`), { safeIntegers: true })
  for (const pragma of [
    'journal_mode = WAL',
    'synchronous = FULL',
    'foreign_keys = ON',
    'cache_size = -16384',
  ])
    db.exec(`PRAGMA ${pragma}`)
  const statements = {
    products: db.query(
      "select * from products where tenant_id = 'default' and sku in (select value from json_each(?))",
    ),
    stock: db.query(
      "select * from stock where tenant_id = 'default' and sku in (select value from json_each(?)) order by sku, warehouse_id",
    ),
    order: db.query(
      "insert into orders (tenant_id, user_id, status, version, currency, payment_method, placed_at, updated_at, pay_by) values ('default', ?, 'pending', 1, 'UAH', 'rpc', ?, ?, ?) returning id",
    ),
    line: db.query(
      "insert into order_lines (tenant_id, order_id, sku, quantity) values ('default', ?, ?, 1)",
    ),
    reserve: db.query(
      "update stock set reserved = reserved + 1 where tenant_id = 'default' and sku = ? and warehouse_id = 1 and on_hand - reserved >= 1 returning sku",
    ),
    reservation: db.query(
      "insert into reservations (tenant_id, order_id, sku, warehouse_id, quantity, state) values ('default', ?, ?, 1, 1, 'open')",
    ),
    movement: db.query(
      "insert into stock_movements (tenant_id, sku, warehouse_id, kind, quantity, order_id, moment) values ('default', ?, 1, 'reserve', 1, ?, ?)",
    ),
    fact: db.query(
      "insert into outbox (id, type, key, tenant_id, moment, traceparent, data) values (?, 'order.created', ?, 'default', ?, '', ?)",
    ),
  }
  const data = JSON.stringify({ padding: 'x'.repeat(300) })
  let count = 0
  const until = performance.now() + seconds * 1000
  const startedAt = performance.now()
  while (performance.now() < until) {
    db.exec('BEGIN IMMEDIATE')
    for (let index = 0; index < perCommit; index += 1) {
      count += 1
      const chosen = [0, 1, 2].map((line) => skus[(count + line * 7) % skus.length] as Sku)
      const moment = BigInt(now())
      statements.products.all(JSON.stringify(chosen))
      statements.stock.all(JSON.stringify(chosen))
      const { id } = statements.order.get(BigInt(count), moment, moment, moment) as { id: bigint }
      for (const sku of chosen) {
        statements.line.run(id, sku)
        statements.reserve.all(sku)
        statements.reservation.run(id, sku)
        statements.movement.run(sku, id, moment)
      }
      for (let fact = 0; fact < 2; fact += 1) statements.fact.run(newId('event'), String(id), moment, data)
    }
    db.exec('COMMIT')
  }
  const perSecond = count / ((performance.now() - startedAt) / 1000)
  db.close()
  return Math.round(perSecond)
}

const folder = await mkdtemp(join(tmpdir(), 'kiosk-bench-'))
try {
  const floors = { 1: await bare(folder, 1), 64: await bare(folder, 64) }
  const { order, store } = await lane(folder, 'lane.sqlite')
  const rows: object[] = []
  for (const count of callers) {
    const { perSecond, latencies } = await drive(count, seconds, order)
    rows.push({
      callers: count,
      'orders/s': perSecond,
      'of one commit an order, bare': round(perSecond / floors[1]),
      'of 64 a commit, bare': round(perSecond / floors[64]),
      'p50 ms': latencies.summary().p50,
      'p99 ms': latencies.summary().p99,
    })
  }
  await store.close()
  await report('store', rows, {
    'bare bun:sqlite, one commit an order': floors[1],
    'bare bun:sqlite, 64 orders a commit': floors[64],
  })
} finally {
  await rm(folder, { recursive: true })
}
