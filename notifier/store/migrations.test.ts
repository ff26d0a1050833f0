//! What was told before notices were of more than orders is there afterwards, in its place, on both engines.
import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import { instantOf } from '../../contracts/time.ts'
import { openStore } from '../../runtime/store/open.ts'
import { migrationsUntil } from '../../tests/harness/migrations.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { noticeWith, openNotifier, orderOf, shop, userOf, walletNoticeWith } from '../fixture.ts'
import { noticesAfter, putNotice } from './notices.ts'
import { schema } from './schema.ts'

const folder = await mkdtemp(join(tmpdir(), 'kiosk-notices-'))
const server = await startPostgres()
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true })
})

const kinds: Record<OrderStatus, string> = {
  pending: 'order.created',
  confirmed: 'order.confirmed',
  processing: 'order.processing',
  shipped: 'order.shipped',
  delivered: 'order.delivered',
  failed: 'order.rejected',
  cancelled: 'order.cancelled',
  refunded: 'order.refunded',
}
const last = 9_223_372_036_854_775_807n
/** With a gap, as a transaction that was undone leaves one. */
const arrivals = orderStatuses.map((_, index) => (index === 0 ? 1 : index + 5))
const rows = orderStatuses.map(
  (status, index) =>
    `(${arrivals[index]}, 'ntc_${index}', '${shop}', ${last}, ${last - BigInt(index)}, '${status}', 'Said ${index}.', ${index}, 'evt_${index}')`,
)
const fill = `insert into notices (arrival, id, tenant_id, user_id, order_id, status, message, moment, event_id) values ${rows.join(', ')}`

async function holds(url: string): Promise<void> {
  const store = await openNotifier(url)
  try {
    const owner = { tenantId: shop, userId: userOf(last) }
    const told = () => store.read((tx) => noticesAfter(tx, owner, { after: 0n, limit: 100 }))
    expect(await told()).toEqual(
      orderStatuses.map((status, index) => ({
        arrival: BigInt(arrivals[index] ?? 0),
        id: `ntc_${index}`,
        tenantId: shop,
        userId: userOf(last),
        kind: kinds[status],
        orderId: orderOf(last - BigInt(index)),
        status,
        details: {},
        message: `Said ${index}.`,
        moment: instantOf(index),
        eventId: `evt_${index}`,
      })),
    )
    // What was told is still known, and what comes now comes after it.
    await store.write(async (tx) => {
      expect(await putNotice(tx, noticeWith({ eventId: 'evt_3' }))).toBe(false)
      expect(await putNotice(tx, walletNoticeWith({ id: 'ntc_new', userId: userOf(last) }))).toBe(true)
    })
    const notices = await told()
    expect(notices).toHaveLength(orderStatuses.length + 1)
    expect(notices.at(-1)).toMatchObject({ id: 'ntc_new', orderId: null })
  } finally {
    await store.close()
  }
}

test('in SQLite', async () => {
  const path = join(folder, 'notifier.sqlite')
  const before = await openStore(`sqlite:${path}`, {
    schema,
    migrations: await migrationsUntil(import.meta.dir, 'sqlite', 1, folder),
  })
  await before.close()
  const file = new Database(path)
  file.exec(fill)
  file.close()
  await holds(`sqlite:${path}`)
  const after = new Database(path, { readonly: true })
  const tables = after.query(`select sql from sqlite_master where name = 'notices'`).all() as {
    sql: string
  }[]
  after.close()
  expect(tables).toHaveLength(1)
  expect(tables[0]?.sql).toEndWith('STRICT')
  expect(tables[0]?.sql).not.toContain('__new')
})

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: its migration is not tested', () => undefined)
} else {
  test('in PostgreSQL', async () => {
    const url = await server.createDatabase()
    const before = await openStore(url, {
      schema,
      migrations: await migrationsUntil(import.meta.dir, 'postgres', 1, folder),
    })
    await before.close()
    const sql = postgres(url, { max: 1, onnotice: () => undefined })
    await sql.unsafe(fill)
    await sql.unsafe(`select setval('notices_arrival_seq', (select max(arrival) from notices))`)
    await sql.end()
    await holds(url)
  })
}
