//! The PostgreSQL engine: N lanes, one connection each; a body that lost a race to another is run again.
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres, { type Sql } from 'postgres'
import { Refusal } from '../refusal.ts'
import { postgresKit } from './columns.ts'
import type { OpenOptions } from './open.ts'
import { type Body, type BuildQuery, type Db, type Handle, placeholders, type Store } from './store.ts'

const attemptsMax = 10
// Any constant will do, as long as every process of every service takes the same one before it migrates.
const migrationLock = 4_711_001
/** Every transaction that writes holds this advisory lock, shared: whoever takes it alone sees a database at rest, as a backup must. */
export const writeGate = 4_711_002
// A body waits for its own statements only, so a transaction that idles for so long is that of a process that was paused
// or has vanished. PostgreSQL ends it: its row locks, and its lease, would hold up every other process for as long.
const idleInTransactionMs = 2_000

type Prepared = { execute(params: Record<string, unknown>): Promise<unknown> }
type Waiting = {
  body: Body<never, unknown>
  since: number
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** What postgres-js throws, as far as we look at it: SQLSTATE codes, or its own for a lost connection. */
function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? '' : codeOf(cause)
}

const isRetryable = (error: unknown) => ['40001', '40P01'].includes(codeOf(error))
const isConnectionLoss = (error: unknown) =>
  /^(CONNECT|ECONN|EPIPE|57P0|25P03|08)/.test(codeOf(error)) || error instanceof ConnectionLost

class ConnectionLost extends Error {
  constructor() {
    super('the connection was lost within the transaction')
  }
}

/** One body's use of a lane's connection. */
class PostgresTx<T> implements Handle<T> {
  readonly dialect = 'postgres'
  readonly #lane: PgLane<T>
  #alive = true
  #inFlight = 0
  #db: Db | undefined
  #violated: (error: Error) => void

  constructor(lane: PgLane<T>, violated: (error: Error) => void) {
    this.#lane = lane
    this.#violated = violated
  }

  get tables(): T {
    return this.#lane.tables
  }

  get db(): Db {
    const unsafe = (text: string, values: unknown[], options?: object) => {
      const pending = this.#lane.sql.unsafe(text, values as never[], { prepare: true, ...options })
      const run = (query: PromiseLike<unknown>) => this.#watched(() => query)
      return {
        values: () => run(pending.values() as unknown as PromiseLike<unknown>),
        // drizzle awaits what `unsafe` gives: it has to be thenable.
        // biome-ignore lint/suspicious/noThenProperty: a query of postgres-js is thenable, and this stands in for one
        then: (done: (value: unknown) => unknown, failed: (error: unknown) => unknown) =>
          run(pending).then(done, failed),
      }
    }
    this.#db ??= drizzle({
      client: { unsafe, options: this.#lane.sql.options } as unknown as Sql,
    }) as unknown as Db
    return this.#db
  }

  execute(build: BuildQuery<T>, params: Record<string, unknown>): Promise<unknown> {
    return this.#watched(() => this.#lane.prepared(build).execute(params))
  }

  revoke(): void {
    this.#alive = false
  }

  /** When it begins, and again after each statement: a body that reaches a macrotask with nothing in flight waits for something else. */
  watch(): void {
    setImmediate(() => {
      if (this.#alive && this.#inFlight === 0) {
        this.#violated(new Error('a transaction body awaited something other than its transaction'))
      }
    })
  }

  async #watched<R>(run: () => PromiseLike<R>): Promise<R> {
    if (!this.#alive)
      throw new Error('the transaction has ended; its body was left before this statement ran')
    if (this.#lane.lostInTransaction) throw new ConnectionLost()
    this.#inFlight += 1
    try {
      return await run()
    } finally {
      this.#inFlight -= 1
      if (this.#inFlight === 0) this.watch()
    }
  }
}

class PgLane<T> {
  readonly tables: T
  readonly sql: Sql
  readonly #db: Db
  readonly #prepared = new Map<BuildQuery<T>, Prepared>()
  #inTransaction = false
  /** Set when the connection closed under a transaction: what follows would run outside of it, on a new connection. */
  lostInTransaction = false

  constructor(url: string, tables: T) {
    this.tables = tables
    this.sql = postgres(url, {
      max: 1,
      prepare: true,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: 5,
      fetch_types: false,
      connection: { idle_in_transaction_session_timeout: idleInTransactionMs },
      onnotice: () => undefined,
      onclose: () => {
        this.lostInTransaction = this.#inTransaction
      },
    })
    this.#db = drizzle({ client: this.sql }) as unknown as Db
  }

  prepared(build: BuildQuery<T>): Prepared {
    let prepared = this.#prepared.get(build)
    if (prepared === undefined) {
      const built = build({ db: this.#db, tables: this.tables, dialect: 'postgres' }, placeholders)
      prepared = (built as unknown as { prepare(name: string): Prepared }).prepare(`q${this.#prepared.size}`)
      this.#prepared.set(build, prepared)
    }
    return prepared
  }

  async transaction<R>(begin: string, body: Body<T, R>): Promise<R> {
    this.lostInTransaction = false
    this.#inTransaction = true
    try {
      await this.#begin(begin)
      const value = await this.#body(body)
      if (this.lostInTransaction) throw new ConnectionLost()
      const done = await this.sql.unsafe('COMMIT')
      // A body that swallowed a failed statement left an aborted transaction behind, and COMMIT then means ROLLBACK.
      if (done.command !== 'COMMIT')
        throw new Error('a failed statement was caught inside a transaction body')
      return value
    } catch (error) {
      if (!this.lostInTransaction && !isConnectionLoss(error)) await this.sql.unsafe('ROLLBACK')
      throw error
    } finally {
      this.#inTransaction = false
    }
  }

  /** A connection that was cut while it was idle is only noticed by the next statement; nothing has happened yet, so it is asked again. */
  async #begin(begin: string): Promise<void> {
    try {
      await this.sql.unsafe(begin)
    } catch (error) {
      if (!isConnectionLoss(error)) throw error
      this.lostInTransaction = false
      await this.sql.unsafe(begin)
    }
  }

  #body<R>(body: Body<T, R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const tx = new PostgresTx<T>(this, (error) => {
        tx.revoke()
        reject(error)
      })
      tx.watch()
      body(tx).then(
        (value) => {
          tx.revoke()
          resolve(value)
        },
        (error) => {
          tx.revoke()
          reject(error)
        },
      )
    })
  }
}

/** Hands waiting bodies to whichever lane is free. */
class Lanes<T> {
  readonly #lanes: PgLane<T>[]
  readonly #begin: string
  readonly #waitingMax: number
  readonly #free: PgLane<T>[]
  readonly #waiting: Waiting[] = []
  #closed = false
  #idle: (() => void) | undefined
  #onDone: ((waitMs: number) => void) | undefined

  constructor(lanes: PgLane<T>[], begin: string, waitingMax: number, onDone?: (waitMs: number) => void) {
    this.#lanes = lanes
    this.#free = [...lanes]
    this.#begin = begin
    this.#waitingMax = waitingMax
    this.#onDone = onDone
  }

  run<R>(body: Body<T, R>): Promise<R> {
    if (this.#closed) return Promise.reject(new Refusal('unavailable', 'the store is closed'))
    if (this.#waiting.length >= this.#waitingMax) {
      return Promise.reject(
        new Refusal('overloaded', `more than ${this.#waitingMax} bodies wait for the store`),
      )
    }
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({
        body: body as unknown as Body<never, unknown>,
        since: performance.now(),
        resolve: resolve as (value: unknown) => void,
        reject,
      })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#free.length < this.#lanes.length || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    await Promise.all(this.#lanes.map((lane) => lane.sql.end({ timeout: 5 })))
  }

  #next(): void {
    const lane = this.#free.pop()
    if (lane === undefined) return
    const waiting = this.#waiting.shift()
    if (waiting === undefined) {
      this.#free.push(lane)
      if (this.#free.length === this.#lanes.length) this.#idle?.()
      return
    }
    this.#onDone?.(performance.now() - waiting.since)
    this.#attempts(lane, waiting.body as unknown as Body<T, unknown>)
      .then(waiting.resolve, waiting.reject)
      .finally(() => {
        this.#free.push(lane)
        this.#next()
      })
  }

  /** Deadlocks and lost races are the engine's way to ask for another try; nothing of the first try is left. */
  async #attempts(lane: PgLane<T>, body: Body<T, unknown>): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await lane.transaction(this.#begin, body)
      } catch (error) {
        if (isConnectionLoss(error))
          throw new Refusal('unavailable', 'PostgreSQL does not answer', { cause: error })
        if (!isRetryable(error) || attempt === attemptsMax) throw error
        await Bun.sleep(Math.random() * 2 ** attempt)
      }
    }
  }
}

async function migratePostgres(url: string, folder: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: 5 })
  try {
    // Several processes of a service may start at once.
    await sql.unsafe(`select pg_advisory_lock(${migrationLock})`)
    await migrate(drizzle(sql), { migrationsFolder: folder })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

export async function openPostgres<T>(url: string, options: OpenOptions<T>): Promise<Store<T>> {
  await migratePostgres(url, `${options.migrations}/postgres`)
  const tables = options.schema(postgresKit)
  const lanes = (count: number) => Array.from({ length: count }, () => new PgLane<T>(url, tables))
  const waitingMax = options.waitingMax ?? 4096
  const onBatch = options.onBatch
  const writes = new Lanes(
    lanes(options.lanes ?? 8),
    `BEGIN; SELECT pg_advisory_xact_lock_shared(${writeGate})`,
    waitingMax,
    onBatch && ((waitMs) => onBatch(1, waitMs)),
  )
  const reads = new Lanes(lanes(2), 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', waitingMax)
  let closing: Promise<void> | undefined
  return {
    dialect: 'postgres',
    write: (body) => writes.run(body),
    read: (body) => reads.run(body),
    close() {
      closing ??= Promise.all([writes.close(), reads.close()]).then(() => undefined)
      return closing
    },
  }
}
