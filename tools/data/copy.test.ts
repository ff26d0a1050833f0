//! A service's rows on their way from one engine to the other and back: every value as it was, and what the databases number goes on.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { hasPostgres, startPostgres, type TestPostgres } from '../../tests/harness/postgres.ts'
import { move } from '../move/run.ts'
import { batchRows } from './copy.ts'
import { makeTables, type Place, schemaOf, services } from './homes.ts'
import { shapesOf } from './shape.ts'

if (!hasPostgres()) {
  test.skip('PostgreSQL is not on this machine: copying to it is not tested', () => undefined)
} else {
  describe('a copy', copies)
}

/** What breaks where a text is not taken as it is. */
const texts = [
  '',
  'tab\there',
  'line\nline\r\n',
  'back\\slash \\N \\.',
  '\\.',
  "'; drop table inbox --",
  'ґ \u{1F600}',
  '{"a": "\\u0000"}',
]

function copies(): void {
  let server: TestPostgres | undefined
  let folder: string
  beforeAll(async () => {
    server = await startPostgres()
    folder = await mkdtemp(join(tmpdir(), 'kiosk-copy-'))
  })
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const file = (name: string): Place & { engine: 'sqlite' } => ({
    engine: 'sqlite',
    path: join(folder, name),
  })
  async function database(): Promise<Place & { engine: 'postgres' }> {
    if (server === undefined) throw new Error('PostgreSQL is here and was not started')
    return { engine: 'postgres', url: await server.createDatabase() }
  }

  async function filled(service: string, name: string, statements: (database: Database) => void) {
    const place = file(name)
    await makeTables(service, place)
    using written = new Database(place.path, { readwrite: true, safeIntegers: true })
    written.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; BEGIN')
    statements(written)
    written.exec('COMMIT')
    return place
  }

  async function contentOf(path: string, service: string): Promise<unknown> {
    using read = new Database(path, { readonly: true, safeIntegers: true })
    return shapesOf(await schemaOf(service)).map(({ name, columns }) => {
      const list = columns.map((column) => column.name).join(', ')
      return { name, rows: read.query(`select ${list} from ${name} order by ${list}`).values() }
    })
  }

  const orderColumns =
    'id, tenant_id, user_id, status, version, currency, payment_method, placed_at, updated_at, payment_id, shortages, reject_reason'

  test('every row of every table comes back from PostgreSQL as it was, and nothing is numbered twice', async () => {
    const from = await filled('loms', 'loms.sqlite', (loms) => {
      const big = 9_223_372_036_854_775_807n
      loms.exec(`insert into warehouses values ('default', ${big}, 'far away'), ('default', 1, 'near')`)
      loms.exec(`insert into stock values ('default', 2001, ${big}, 5, 3)`)
      const product = loms.query(`insert into products values ('default', ?, ?, ?, 100, 'UAH', 0, ?, 1)`)
      for (const [n, text] of texts.entries()) product.run(n + 1, `prod_${n}`, text, n % 2)
      loms.exec(
        `insert into orders (${orderColumns}) values (7, 'default', 1, 'failed', 1, 'UAH', 'rpc', 1, 1, 'pay_1', '[]', 'insufficient_stock')`,
      )
      const fact = loms.query(
        `insert into outbox (id, type, key, tenant_id, moment, data, sent_at, stream_sequence) values (?, 'order.created', '1', 'default', 1, ?, ?, ?)`,
      )
      for (let n = 0; n < 2 * batchRows + 1; n += 1)
        fact.run(`evt_${n}`, texts[n % texts.length] ?? '', n % 2 ? n : null, n % 2 ? n : null)
      loms.exec(`delete from outbox where position > 2000`)
    })
    const before = await contentOf(from.path, 'loms')
    const there = await database()
    const { counted, old } = await move({ service: 'loms', from, to: there })
    expect(counted.find(({ table }) => table === 'outbox')).toEqual({
      table: 'outbox',
      from: 2_000n,
      into: 2_000n,
    })
    expect(await contentOf(old, 'loms')).toEqual(before)
    expect(await Bun.file(from.path).exists()).toBe(false)

    const sql = postgres(there.url, { max: 1 })
    const [next] =
      await sql`insert into outbox (id, type, key, tenant_id, moment, data) values ('evt_next', 'order.created', '1', 'default', 1, '{}') returning position`
    expect(Number(next?.position)).toBe(2 * batchRows + 2)
    await sql`delete from outbox where id = 'evt_next'`
    const [order] =
      await sql`insert into orders (${sql.unsafe(orderColumns)}) values (default, 'default', 1, 'failed', 1, 'UAH', 'rpc', 1, 1, 'pay_2', '[]', 'insufficient_stock') returning id`
    expect(Number(order?.id)).toBe(8)
    await sql`delete from orders where id = 8`
    await sql.end()

    const back = file('back.sqlite')
    await move({ service: 'loms', from: there, to: back })
    expect(await contentOf(back.path, 'loms')).toEqual(before)
    using again = new Database(back.path, { readwrite: true })
    again.exec(
      `insert into outbox (id, type, key, tenant_id, moment, data) values ('evt_next', 'order.created', '1', 'default', 1, '{}')`,
    )
    const position = again
      .query<{ position: number }, []>(`select position from outbox where id = 'evt_next'`)
      .get()
    expect(position?.position).toBe(2 * batchRows + 3)
  })

  test.each([...services])('the tables of %s are known to both engines', async (service) => {
    const from = await filled(service, `${service}-empty.sqlite`, () => undefined)
    const { counted } = await move({ service, from, to: await database() })
    expect(counted.length).toBeGreaterThanOrEqual(3)
    for (const each of counted) expect(each).toMatchObject({ from: 0n, into: 0n })
  })

  test('a target that is not empty, or somebody is connected to, is refused; the source stays where it is', async () => {
    const to = await database()
    const one = (name: string) =>
      filled('notifier', name, (notifier) =>
        notifier.exec(`insert into places values ('LOMS', 1, 'evt_1', 1)`),
      )
    await move({ service: 'notifier', from: await one('one.sqlite'), to })
    const two = await one('two.sqlite')
    await expect(move({ service: 'notifier', from: two, to })).rejects.toThrow('places has 1 rows')

    const sql = postgres((await database()).url, { max: 1 })
    const [row] = await sql`select current_database() as name`
    const busy = { engine: 'postgres', url: new URL(`/${row?.name}`, to.url).href } as const
    await expect(move({ service: 'notifier', from: two, to: busy })).rejects.toThrow('in use')
    await sql.end()
    expect(await Bun.file(two.path).exists()).toBe(true)
  })

  test('a source that is in use, or of another version, is refused before anything is made', async () => {
    const from = await filled('notifier', 'used.sqlite', () => undefined)
    const to = await database()
    const service = new Database(from.path, { readwrite: true })
    service.query('select count(*) from places').get()
    await expect(move({ service: 'notifier', from, to })).rejects.toThrow('the service runs')
    service.exec('alter table places add column later integer; create table strange (x integer)')
    service.close(true)
    const refused = move({ service: 'notifier', from, to })
    await expect(refused).rejects.toThrow('the table strange is not known')
    await expect(refused).rejects.toThrow('the table places is not as this version has it')
  })

  test('where a row cannot be kept by the target, none of them is there, and the source is as it was', async () => {
    const from = await filled('notifier', 'nul.sqlite', (notifier) => {
      notifier.exec(`insert into places values ('LOMS', 1, 'evt_1', 1)`)
      notifier.exec(`insert into inbox values ('LOMS', 'evt' || char(0), 1, 1, 'ok')`)
    })
    const to = await database()
    await expect(move({ service: 'notifier', from, to })).rejects.toThrow('a text in inbox holds a NUL')
    const sql = postgres(to.url, { max: 1 })
    expect(await sql`select * from places`).toHaveLength(0)
    await sql.end()
    expect(await Bun.file(from.path).exists()).toBe(true)
  })
}
