//! The SQLite engine: one writer connection private to the lane, one read-only connection for snapshots.
import { Database } from 'bun:sqlite'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import { migrate } from 'drizzle-orm/bun-sqlite/migrator'
import { ConfigError } from '../config.ts'
import { sqliteKit } from './columns.ts'
import { type Grant, Lane, type LaneOptions } from './lane.ts'
import { movedAway } from './moved.ts'
import type { OpenOptions } from './open.ts'
import { compile } from './sqlite-statement.ts'
import { putStatistics } from './statistics.ts'
import { type Body, type BuildQuery, type Db, type Handle, placeholders, type Store } from './store.ts'

const memoryPath = ':memory:'

// bun:sqlite's own defaults are unsafe: no foreign keys, no timeout. FULL: an answered commit survives power loss.
const pragmas = [
  'journal_mode = WAL',
  'synchronous = FULL',
  'foreign_keys = ON',
  'busy_timeout = 500',
  'cache_size = -16384',
  'temp_store = MEMORY',
  // Four times SQLite's own: a page that changes with every order is copied into the file a quarter as often.
  'wal_autocheckpoint = 4000',
]

/** A connection and what has been prepared on it. */
export class Connection<T> {
  readonly tables: T
  readonly database: Database
  readonly #db: Db
  readonly #prepared = new Map<BuildQuery<T>, ReturnType<typeof compile>>()

  constructor(database: Database, tables: T) {
    this.database = database
    this.tables = tables
    const prepare = (text: string) => database.prepare(plannedOnce(text))
    this.#db = drizzle({ client: { prepare } as unknown as Database }) as unknown as Db
  }

  run(build: BuildQuery<T>, params: Record<string, unknown>): unknown {
    return (this.#prepared.get(build) ?? this.prepare(build))(params)
  }

  /** The first half of `run`, for whoever wants to know what SQLite makes of the query. */
  prepare(build: BuildQuery<T>): ReturnType<typeof compile> {
    const built = build({ db: this.#db, tables: this.tables, dialect: 'sqlite' }, placeholders)
    const prepared = compile((built as unknown as { prepare(): unknown }).prepare())
    this.#prepared.set(build, prepared)
    return prepared
  }
}

/**
 * SQLite looks at the value of a bound LIMIT when it plans, and so plans anew whenever one is bound, which costs many
 * times what the query does. At an expression it does not look.
 */
const plannedOnce = (text: string): string => text.replaceAll(/\blimit \?/g, 'limit (? + 0)')

class SqliteTx<T> implements Handle<T> {
  readonly dialect = 'sqlite'
  readonly #connection: Connection<T>
  readonly #grant: Grant
  #db: Db | undefined

  constructor(connection: Connection<T>, grant: Grant) {
    this.#connection = connection
    this.#grant = grant
  }

  get tables(): T {
    return this.#connection.tables
  }

  get db(): Db {
    // A database object of its own: a query that was built here and is awaited after the body's end must not run.
    this.#db ??= drizzle({
      client: {
        query: (text: string) => this.#connection.database.query(text),
        prepare: (text: string) => {
          this.#mustLive()
          return this.#connection.database.query(text)
        },
      } as unknown as Database,
    }) as unknown as Db
    return this.#db
  }

  async execute(build: BuildQuery<T>, params: Record<string, unknown>): Promise<unknown> {
    this.#mustLive()
    return this.#connection.run(build, params)
  }

  #mustLive(): void {
    if (!this.#grant.alive)
      throw new Error('the transaction has ended; its body was left before this statement ran')
  }
}

/** Opens a database, made where there is none, and brings its tables up to date; not where its data was moved away. */
export function connectSqlite<T>(
  path: string,
  { schema, migrations }: Pick<OpenOptions<T>, 'schema' | 'migrations'>,
): Connection<T> {
  if (path !== memoryPath) {
    const moved = movedAway(path)
    // A new one would give numbers again that the moved one has given.
    if (moved !== undefined)
      throw new ConfigError([`what was in ${path} was moved (${moved}): its DATABASE_URL must say where to`])
    mkdirSync(dirname(path), { recursive: true })
    // People's addresses, hashes and keys: of nobody else on the machine. SQLite gives -wal and -shm the same rights.
    closeSync(openSync(path, 'a', 0o640))
  }
  const writer = new Database(path, { create: true, readwrite: true, safeIntegers: true })
  for (const pragma of pragmas) writer.exec(`PRAGMA ${pragma}`)
  migrate(drizzle(writer), { migrationsFolder: `${migrations}/sqlite` })
  putStatistics(writer)
  return new Connection(writer, schema(sqliteKit))
}

type WriterOptions = Partial<Pick<LaneOptions, 'waitingMax' | 'defer' | 'elapsedMs' | 'onBatch'>>

function writerOf<T>({ database }: Connection<T>, options: WriterOptions): Lane {
  const { waitingMax = 4096, defer = setImmediate, elapsedMs, onBatch } = options
  return new Lane({
    database,
    begin: 'BEGIN IMMEDIATE',
    savepoints: true,
    waitingMax,
    defer,
    ...(elapsedMs && { elapsedMs }),
    ...(onBatch && { onBatch }),
  })
}

/** A second connection to `:memory:` would be another database, so reads wait in the lane. Closes the connection. */
export function memoryStore<T>(connection: Connection<T>, options: WriterOptions): Store<T> {
  const lane = writerOf(connection, options)
  const run = <R>(body: Body<T, R>) =>
    lane.run((grant) => body(new SqliteTx(connection, grant))) as Promise<R>
  let closing: Promise<void> | undefined
  return {
    dialect: 'sqlite',
    write: run,
    read: run,
    close() {
      closing ??= lane.close().then(() => connection.database.close())
      return closing
    },
  }
}

export function openSqlite<T>(path: string, options: OpenOptions<T>): Store<T> {
  const writing = connectSqlite(path, options)
  if (path === memoryPath) return memoryStore(writing, options)
  const { database: writer, tables } = writing
  const writes = writerOf(writing, options)
  const write = <R>(body: Body<T, R>) =>
    writes.run((grant) => body(new SqliteTx(writing, grant))) as Promise<R>

  let closing: Promise<void> | undefined
  const reader = new Database(path, { readonly: true, safeIntegers: true })
  for (const pragma of pragmas.slice(3)) reader.exec(`PRAGMA ${pragma}`)
  const reads = new Lane({
    database: reader,
    begin: 'BEGIN',
    savepoints: false,
    waitingMax: options.waitingMax ?? 4096,
    defer: options.defer ?? setImmediate,
  })
  const reading = new Connection(reader, tables)
  return {
    dialect: 'sqlite',
    write,
    read: <R>(body: Body<T, R>) => reads.run((grant) => body(new SqliteTx(reading, grant))) as Promise<R>,
    close() {
      closing ??= Promise.all([writes.close(), reads.close()]).then(() => {
        reader.close()
        writer.exec('PRAGMA wal_checkpoint(TRUNCATE)')
        writer.close()
      })
      return closing
    },
  }
}
