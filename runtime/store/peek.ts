//! A look into a service's database that makes and changes nothing, for tools that must know first what is there.
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'

export type Peek = AsyncDisposable & {
  /** The service's own tables, without those that keep account of its migrations. */
  readonly tables: ReadonlySet<string>
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** Undefined where no service has made its tables yet. */
export async function peek(url: string): Promise<Peek | undefined> {
  const found = url.startsWith('sqlite:') ? peekSqlite(url.slice('sqlite:'.length)) : await peekPostgres(url)
  if (found === undefined || found.tables.size > 0) return found
  await found[Symbol.asyncDispose]()
  return undefined
}

function peekSqlite(path: string): Peek | undefined {
  if (!existsSync(path)) return undefined
  const database = new Database(path, { readonly: true, safeIntegers: true })
  database.exec('PRAGMA busy_timeout = 500')
  const named = database.query<{ name: string }, []>(
    `select name from pragma_table_list where schema = 'main' and type = 'table'
     and name not like 'sqlite\\_%' escape '\\' and name not like '\\_\\_drizzle%' escape '\\'`,
  )
  return {
    tables: new Set(named.all().map(({ name }) => name)),
    rows: async (sql) => database.query<Record<string, unknown>, []>(sql).all(),
    // `true`: with all its statements, which would keep the file open.
    [Symbol.asyncDispose]: async () => database.close(true),
  }
}

async function peekPostgres(url: string): Promise<Peek> {
  const { default: postgres } = await import('postgres')
  const types = { bigint: postgres.BigInt }
  const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: 5, types })
  const named = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = current_schema()`
  return {
    tables: new Set(named.map(({ name }) => name)),
    rows: (text) => sql.unsafe(text),
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  }
}
