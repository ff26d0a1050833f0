//! Orders that failed before they kept why have it afterwards, on both engines.
import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { defaultTenant } from '../../contracts/ids.ts'
import { orderIdOf } from '../../contracts/scalars.ts'
import { openStore } from '../../runtime/store/open.ts'
import { migrationsUntil } from '../../tests/harness/migrations.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { orderOf } from './orders.ts'
import { schema } from './schema.ts'

const folder = await mkdtemp(join(tmpdir(), 'kiosk-orders-'))
const server = await startPostgres()
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true })
})

const order = (id: number, status: string, rest: string) =>
  `(${id}, 'default', 7, '${status}', 1, 'UAH', 'wallet', 1, 1, ${rest})`
const saga = (id: number, state: string, reason: string) =>
  `('default', ${id}, 7, 100, 'UAH', '${state}', $no, $no, ${reason}, 0, 1, 1)`

/** As they were written when there were three migrations; `no` is what a boolean is there. */
const fill = (no: string) => [
  `insert into orders (id, tenant_id, user_id, status, version, currency, payment_method, placed_at, updated_at, pay_by, shortages) values
    ${order(1, 'failed', `null, '[{"sku":1,"wanted":2,"available":1}]'`)}, ${order(2, 'failed', `null, '[]'`)},
    ${order(3, 'failed', `null, '[]'`)}, ${order(4, 'pending', '9, null')}`,
  `insert into sagas (tenant_id, order_id, user_id, amount, currency, state, held, accepted, reason, attempts, started_at, updated_at) values
    ${saga(2, 'undone', `'insufficient_funds'`)}, ${saga(3, 'undone', `'delivery_refused'`)}, ${saga(4, 'waiting', 'null')}`.replaceAll(
    '$no',
    no,
  ),
]

async function holds(url: string): Promise<void> {
  const store = await openStore(url, { schema, migrations: join(import.meta.dir, 'migrations') })
  try {
    const orders = await store.read((tx) =>
      Promise.all([1, 2, 3, 4].map((id) => orderOf(tx, defaultTenant, orderIdOf(id)))),
    )
    expect(orders).toMatchObject([
      { status: 'failed', reason: 'insufficient_stock', shortages: [{ sku: 1, wanted: 2, available: 1 }] },
      { status: 'failed', reason: 'insufficient_funds', shortages: [] },
      { status: 'failed', reason: 'delivery_refused', shortages: [] },
      { status: 'pending' },
    ])
    expect(orders[3]).not.toHaveProperty('reason')
  } finally {
    await store.close()
  }
}

test('in SQLite', async () => {
  const path = join(folder, 'loms.sqlite')
  const migrations = await migrationsUntil(import.meta.dir, 'sqlite', 3, folder)
  await (await openStore(`sqlite:${path}`, { schema, migrations })).close()
  const file = new Database(path)
  for (const statement of fill('0')) file.exec(statement)
  file.close()
  await holds(`sqlite:${path}`)
})

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: its migration is not tested', () => undefined)
} else {
  test('in PostgreSQL', async () => {
    const url = await server.createDatabase()
    const migrations = await migrationsUntil(import.meta.dir, 'postgres', 3, folder)
    await (await openStore(url, { schema, migrations })).close()
    const sql = postgres(url, { max: 1, onnotice: () => undefined })
    for (const statement of fill('false')) await sql.unsafe(statement)
    await sql.end()
    await holds(url)
  })
}
