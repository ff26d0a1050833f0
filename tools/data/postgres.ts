//! A service's PostgreSQL database: rows out of it as they were at one moment, and into it in one transaction.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres, { type Sql } from 'postgres'
import { batchRows, type From, type Into } from './copy.ts'
import { columnList, quoted, type Row, type TableShape, type Value } from './shape.ts'

const leavingMs = 1_000
const readSnapshot = 'begin isolation level repeatable read read only'

/** One connection, so that what is begun on it goes on on it. */
export function connectPostgres(url: string): Sql<{ bigint: bigint }> {
  const types = { bigint: postgres.BigInt }
  return postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: 5, fetch_types: false, types })
}

/** Rejects, with words for people, where anybody else is connected: a service, or somebody who looks. */
export async function mustBeAlone(sql: Sql<{ bigint: bigint }>): Promise<void> {
  // Whoever has just left is still seen for some milliseconds.
  const endsAt = performance.now() + leavingMs
  for (;;) {
    const others = await sql<{ pid: number; name: string; database: string }[]>`
      select pid, application_name as name, current_database() as database from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
    const [first] = others
    if (first === undefined) return
    if (performance.now() > endsAt) {
      const who = others.map(({ pid, name }) => `${name || 'unnamed'} (backend ${pid})`).join(', ')
      throw new Error(`the database ${first.database} is in use by ${who}: stop the service first`)
    }
    await Bun.sleep(20)
  }
}

/** The same for a database that is not connected to yet. */
export async function assertUnused(url: string): Promise<void> {
  const sql = connectPostgres(url)
  await mustBeAlone(sql).finally(() => sql.end({ timeout: 5 }))
}

/** The tables that are there. */
export async function tablesIn(url: string): Promise<ReadonlySet<string>> {
  const sql = connectPostgres(url)
  try {
    return new Set((await tablesOf(sql)).keys())
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Whether any of the tables is there and has a row. */
export async function hasRows(url: string, tables: readonly TableShape[]): Promise<boolean> {
  const sql = connectPostgres(url)
  try {
    const there = await tablesOf(sql)
    for (const table of tables) if (there.has(table.name) && (await countOf(sql, table)) > 0n) return true
    return false
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Keeps everybody out. The snapshot of a transaction is taken after this, not by it. */
async function lockTables(sql: Sql<{ bigint: bigint }>, tables: readonly TableShape[]): Promise<void> {
  for (const { name } of tables) await sql.unsafe(`lock table ${quoted(name)} in access exclusive mode`)
}

/** Nobody else may be connected, and nobody can write until it is closed. */
export async function fromPostgres(url: string, tables: readonly TableShape[]): Promise<From> {
  const sql = connectPostgres(url)
  try {
    await mustBeAlone(sql)
    const there = await tablesOf(sql)
    const present = tables.filter(({ name }) => there.has(name))
    await sql.unsafe('begin isolation level repeatable read')
    await lockTables(sql, present)
    await mustBeAlone(sql) // who came in between has written already, or waits for us
    return reading(sql)
  } catch (error) {
    await sql.end({ timeout: 5 })
    throw error
  }
}

/** What the connection sees from now on; it goes on beside those who write. */
export async function fromSnapshot(sql: Sql<{ bigint: bigint }>): Promise<From> {
  await sql.unsafe(readSnapshot)
  await sql.unsafe('select 1') // the snapshot is taken with the first statement
  return reading(sql)
}

function reading(sql: Sql<{ bigint: bigint }>): From {
  return {
    tables: () => tablesOf(sql),
    async *rows(table) {
      const query = sql.unsafe(`select ${columnList(table)} from ${quoted(table.name)}`)
      // What a column of these types holds is what the drivers gives for it.
      for await (const batch of query.values().cursor(batchRows)) yield batch as unknown as readonly Row[]
    },
    count: (table) => countOf(sql, table),
    async lastNumber(table) {
      const [row] = await sql.unsafe<{ last: bigint | null }[]>(
        `select pg_sequence_last_value(pg_get_serial_sequence('${quoted(table.name)}', '${table.numbered}')) as last`,
      )
      return row?.last ?? 0n
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  }
}

/** Its tables must be there. Nobody else may be connected, and nobody can read or write until it is closed. */
export async function intoPostgres(url: string, tables: readonly TableShape[]): Promise<Into> {
  const sql = connectPostgres(url)
  try {
    await mustBeAlone(sql)
    await sql.unsafe('begin')
    await lockTables(sql, tables)
  } catch (error) {
    await sql.end({ timeout: 5 })
    throw error
  }
  return {
    count: (table) => countOf(sql, table),
    async empty(all) {
      await sql.unsafe(`truncate ${all.map(({ name }) => quoted(name)).join(', ')} restart identity`)
    },
    async put(table, batches) {
      const copy = await sql.unsafe(`copy ${quoted(table.name)} (${columnList(table)}) from stdin`).writable()
      await pipeline(Readable.from(linesOf(table, batches)), copy)
    },
    async numberAfter(table, last) {
      if (last === 0n) return
      await sql.unsafe(
        `select setval(pg_get_serial_sequence('${quoted(table.name)}', '${table.numbered}'), ${last})`,
      )
    },
    async commit() {
      await sql.unsafe('commit')
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  }
}

async function tablesOf(sql: Sql<{ bigint: bigint }>): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await sql<{ table: string; column: string }[]>`
    select table_name as "table", column_name as "column" from information_schema.columns
    where table_schema = current_schema()
    -- Full-text indexes are made anew from the rows.
    and table_name not in (
      select table_name from information_schema.columns
      where table_schema = current_schema() and udt_name = 'tsvector'
    )`
  return new Map(
    [...Map.groupBy(rows, (row) => row.table)].map(([table, of]) => [table, of.map((row) => row.column)]),
  )
}

async function countOf(sql: Sql<{ bigint: bigint }>, { name }: TableShape): Promise<bigint> {
  const [row] = await sql.unsafe<{ count: bigint }[]>(`select count(*) as count from ${quoted(name)}`)
  return row?.count ?? 0n
}

/** The text format of COPY: a line a row, a tab between values. */
async function* linesOf(table: TableShape, batches: AsyncIterable<readonly Row[]>): AsyncGenerator<string> {
  for await (const batch of batches)
    yield batch.map((row) => `${row.map((value) => textOf(value, table)).join('\t')}\n`).join('')
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function textOf(value: Value, table: TableShape): string {
  if (value === null) return '\\N'
  if (typeof value !== 'string') return String(value)
  if (value.includes('\0'))
    throw new Error(`a text in ${table.name} holds a NUL character, which PostgreSQL cannot keep`)
  return value.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? character)
}
