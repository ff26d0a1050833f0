//! A service's SQLite file, taken for ourselves: as long as it is open here, no service can open it.
import { Database } from 'bun:sqlite'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { migrate } from 'drizzle-orm/bun-sqlite/migrator'
import { batchRows, type From, type Into } from './copy.ts'
import { columnList, quoted, type Row, type TableShape, type Value } from './shape.ts'

/** A service has the file open. */
export class InUse extends Error {
  constructor(path: string) {
    super(`${path} is in use: the service runs. Stop it first.`)
    this.name = 'InUse'
  }
}

/** Throws where there is no such file, and `InUse` where somebody has it open. */
export function openAlone(path: string): Database {
  if (!existsSync(path)) throw new Error(`there is no ${path}`)
  const database = new Database(path, { readwrite: true, create: false, safeIntegers: true })
  try {
    // Whoever has the file open in WAL mode holds a shared lock on it, and this one tolerates no other.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL')
    database.exec('PRAGMA foreign_keys = ON; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))
      throw new InUse(path)
    throw new Error(`cannot open ${path}`, { cause: error })
  }
}

/** Lets go of the file, with its log written back into it: nothing of it is left beside it. */
export function closeAlone(database: Database): void {
  if (database.inTransaction) database.exec('ROLLBACK')
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close(true)
}

/** Whose the files with the shop's data are, as the services make theirs: of their user and group, and of nobody else. */
export const fileMode = 0o640

/** An empty file, where there is none: SQLite by itself would make one that everybody on the machine can read. */
export function makeFile(path: string): void {
  // To close one that is open elsewhere in this process would take SQLite's locks from it.
  if (!existsSync(path)) closeSync(openSync(path, 'a', fileMode))
}

/** Makes the file where there is none, and brings its tables up to this version. */
export function migrateFile(path: string, migrations: string): void {
  makeFile(path)
  const database = new Database(path, { create: true, readwrite: true })
  try {
    database.exec('PRAGMA foreign_keys = ON')
    migrate(drizzle(database), { migrationsFolder: join(migrations, 'sqlite') })
  } finally {
    // `true`: with all its statements, which would keep the file open.
    database.close(true)
  }
}

export function fromSqlite(path: string): From {
  const database = openAlone(path)
  return {
    async tables() {
      const rows = database
        .query<{ table: string; column: string }, []>(
          // Full-text indexes (virtual tables, and the shadows that they are kept in) are made anew from the rows.
          `select l.name as "table", c.name as "column" from pragma_table_list l, pragma_table_info(l.name) c
           where l.schema = 'main' and l.type = 'table'
           and l.name not like 'sqlite\\_%' escape '\\' and l.name not like '\\_\\_drizzle%' escape '\\'`,
        )
        .all()
      return new Map(
        [...Map.groupBy(rows, (row) => row.table)].map(([table, of]) => [table, of.map((row) => row.column)]),
      )
    },
    async *rows(table) {
      // `select *` by rowid or primary key: as they lie in the file.
      const query = database.query<Record<string, bigint | string | null>, []>(
        `select ${columnList(table)} from ${quoted(table.name)}`,
      )
      let batch: Row[] = []
      for (const row of query.iterate()) {
        batch.push(table.columns.map(({ name, kind }) => fromStored(row[name] ?? null, kind)))
        if (batch.length < batchRows) continue
        yield batch
        batch = []
      }
      if (batch.length > 0) yield batch
    },
    count: async (table) => countOf(database, table),
    async lastNumber(table) {
      const counter = database.query<{ seq: bigint }, [string]>(
        'select seq from sqlite_sequence where name = ?',
      )
      const last = database.query<{ last: bigint | null }, []>(
        `select max(${quoted(table.numbered ?? 'rowid')}) as last from ${quoted(table.name)}`,
      )
      return counter.get(table.name)?.seq ?? last.get()?.last ?? 0n
    },
    async [Symbol.asyncDispose]() {
      closeAlone(database)
    },
  }
}

export function intoSqlite(path: string): Into {
  const database = openAlone(path)
  return {
    count: async (table) => countOf(database, table),
    async empty(tables) {
      for (const { name } of [...tables].reverse()) database.exec(`delete from ${quoted(name)}`)
    },
    async put(table, batches) {
      const holes = table.columns.map(() => '?').join(', ')
      const insert = database.query(
        `insert into ${quoted(table.name)} (${columnList(table)}) values (${holes})`,
      )
      for await (const batch of batches) for (const row of batch) insert.run(...row.map(toStored))
    },
    async numberAfter(table, last) {
      // Only tables whose numbers are never given twice have a row here.
      database.query('update sqlite_sequence set seq = ? where name = ?').run(last, table.name)
    },
    async commit() {
      database.exec('COMMIT')
    },
    async [Symbol.asyncDispose]() {
      closeAlone(database)
    },
  }
}

function countOf(database: Database, { name }: TableShape): bigint {
  return (
    database.query<{ count: bigint }, []>(`select count(*) as count from ${quoted(name)}`).get()?.count ?? 0n
  )
}

const fromStored = (value: bigint | string | null, kind: TableShape['columns'][number]['kind']): Value =>
  kind === 'boolean' && value !== null ? value !== 0n : value

const toStored = (value: Value): bigint | string | null =>
  typeof value === 'boolean' ? (value ? 1n : 0n) : value
