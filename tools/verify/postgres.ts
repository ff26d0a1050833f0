//! A copy of a PostgreSQL database as it was at one moment, in a SQLite file: the rules are written once.
import Database, { type Value } from 'better-sqlite3'
import postgres from 'postgres'

export type Copied = { readonly tables: number; readonly othersConnected: boolean }

const rowsPerFetch = 5_000

/** Copies the tables of the current schema, row by row and without their constraints: the rules are what is checked. */
export async function copyPostgres(url: string, path: string): Promise<Copied> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, types: { bigint: postgres.BigInt } })
  const file = new Database(path)
  file.exec('pragma journal_mode = off; pragma synchronous = off')
  try {
    const [others] = await sql<{ count: bigint }[]>`
      select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    const tables = await sql.begin('isolation level repeatable read read only', async (tx) => {
      const columns = await tx<{ table: string; column: string }[]>`
        select table_name as "table", column_name as "column" from information_schema.columns
        where table_schema = current_schema() order by table_name, ordinal_position`
      const byTable = Map.groupBy(columns, (row) => row.table)
      for (const [table, rows] of byTable) {
        const names = rows.map((row) => `"${row.column}"`).join(', ')
        file.exec(`create table "${table}" (${names})`)
        const holes = rows.map(() => '?').join(', ')
        const insert = file.prepare(`insert into "${table}" (${names}) values (${holes})`)
        const reading = tx.unsafe(`select ${names} from "${table}"`).values().cursor(rowsPerFetch)
        for await (const batch of reading) {
          file.exec('begin')
          for (const row of batch) insert.run(...row.map(asSqlite))
          file.exec('commit')
        }
      }
      return byTable.size
    })
    return { tables, othersConnected: (others?.count ?? 0n) > 0n }
  } finally {
    file.close()
    await sql.end({ timeout: 5 })
  }
}

function asSqlite(value: unknown): Value {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || ['string', 'number', 'bigint'].includes(typeof value)) return value as Value
  throw new TypeError(
    `a column of a type that verify does not know: ${Object.prototype.toString.call(value)}`,
  )
}
