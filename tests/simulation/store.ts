//! A service's real store on a connection that outlives it, with a place to die before and after everything that it does.
import { type Connection, memoryStore } from '../../runtime/store/sqlite.ts'
import type { Body, BuildQuery, Db, Handle, Store, Tx } from '../../runtime/store/store.ts'
import { never, type Process } from './process.ts'

/** A statement as it is about to run. */
export type Statement = {
  readonly process: Process
  readonly params: Readonly<Record<string, unknown>>
  /** Runs it, perhaps with other parameters. */
  run(params?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Straight at the database, inside the transaction that is open. */
  exec(sql: string, ...values: readonly unknown[]): readonly unknown[]
  /** Ends the transaction here and begins another. */
  split(): void
}

/** Stands between bodies and their statements; absent, they run as they are. */
export type Meddle = (statement: Statement) => Promise<unknown>

class WatchedTx<T> implements Handle<T> {
  readonly dialect = 'sqlite'
  readonly #process: Process
  readonly #connection: Connection<T>
  readonly #inner: Handle<T>
  readonly #meddle: Meddle | undefined

  constructor(process: Process, connection: Connection<T>, inner: Handle<T>, meddle: Meddle | undefined) {
    this.#process = process
    this.#connection = connection
    this.#inner = inner
    this.#meddle = meddle
  }

  get tables(): T {
    return this.#inner.tables
  }

  get db(): Db {
    return this.#inner.db
  }

  execute(build: BuildQuery<T>, params: Record<string, unknown>): Promise<unknown> {
    if (!this.#process.passes('in a transaction')) return never()
    this.#process.world.takeTime()
    if (this.#meddle === undefined) return this.#inner.execute(build, params)
    const { database } = this.#connection
    return this.#meddle({
      process: this.#process,
      params,
      run: (changed = params) => this.#inner.execute(build, changed),
      exec: (sql, ...values) => database.query(sql).all(...(values as never[])),
      split: () => {
        database.exec('RELEASE job; COMMIT; BEGIN IMMEDIATE; SAVEPOINT job')
      },
    })
  }
}

export function watchedStore<T>(process: Process, connection: Connection<T>, meddle?: Meddle): Store<T> {
  const inner = memoryStore(connection, {
    defer: process.defer,
    elapsedMs: () => process.world.elapsedMs(),
  })
  const run =
    (verb: 'read' | 'write') =>
    <R>(body: Body<T, R>): Promise<R> => {
      if (!process.passes('before a transaction')) return never()
      const done = inner[verb](async (tx: Tx<T>) => {
        // The engine's handle is the only implementation of Tx.
        const result = await body(new WatchedTx(process, connection, tx as Handle<T>, meddle))
        return process.passes('before the commit') ? result : await never<R>()
      })
      return process.live(done, 'after the commit')
    }
  return { dialect: 'sqlite', read: run('read'), write: run('write'), close: () => inner.close() }
}
