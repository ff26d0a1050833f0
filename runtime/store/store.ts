//! What every service's store is: two verbs, one handle for a body, prepared queries. The engines are in sqlite.ts and postgres.ts.
import { type Placeholder, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Dialect, Kit } from './columns.ts'

export type Db = PgDatabase<PgQueryResultHKT, Record<string, never>>

/** Makes a service's tables with the kit of the engine in use. */
export type Schema<T> = (kit: Kit) => T

/** What a body works with. It is revoked when the body has settled: whatever uses it later throws. */
export type Tx<T> = {
  readonly dialect: Dialect
  readonly tables: T
  /** Builds a query afresh: 25–80 µs. For cold paths; hot ones are made with `query`. */
  readonly db: Db
}

export type Body<T, R> = (tx: Tx<T>) => Promise<R>

export type Store<T> = {
  readonly dialect: Dialect
  /**
   * Runs the body in a transaction and answers after the commit that made it durable. The body awaits nothing but `tx`
   * and has no effect outside of it: it may be run again. What it throws undoes this body alone. Refused with
   * `overloaded` when too many wait, with `unavailable` when the commit failed.
   */
  write<R>(body: Body<T, R>): Promise<R>
  /** Runs the body on one consistent snapshot; a write in it fails. */
  read<R>(body: Body<T, R>): Promise<R>
  /** Lets what waits finish, then closes. Later calls are refused with `unavailable`. */
  close(): Promise<void>
}

/** The engine's side of `Tx`. */
export type Handle<T> = Tx<T> & {
  execute(build: BuildQuery<T>, params: Record<string, unknown>): Promise<unknown>
}

export type QueryKit<T> = { readonly db: Db; readonly tables: T; readonly dialect: Dialect }
/** A query as built, before any engine has prepared it. */
export type Preparable = PromiseLike<unknown> & {
  prepare(name: string): { execute(params: Record<string, unknown>): PromiseLike<unknown> }
}
export type BuildQuery<T> = (kit: QueryKit<T>, params: never) => PromiseLike<unknown>

/** Stands for the values that a prepared query is given when it runs; typed as them, so that a wrong column does not compile. */
export type Params<P> = { readonly [K in keyof P]: P[K] & Placeholder<string, P[K]> }

/** Every `params.name` is a placeholder of that name. */
export const placeholders: never = new Proxy({}, { get: (_, name) => sql.placeholder(String(name)) }) as never

/** Every query that was made in this process, so that its plan can be held against what is promised of it (tests/harness/plans.ts). */
export const madeQueries: BuildQuery<never>[] = []

/**
 * A query that is built and prepared once per connection and then only run: about 1 µs on SQLite.
 *
 *     const orderById = query(({ db, tables }: Q, p: Params<{ id: OrderId }>) =>
 *       db.select().from(tables.orders).where(eq(tables.orders.id, p.id)))
 *     const [order] = await orderById(tx, { id })
 */
export function query<T, P extends object, R>(
  build: (kit: QueryKit<T>, params: Params<P>) => PromiseLike<R>,
): (tx: Tx<T>, params: P) => Promise<R> {
  madeQueries.push(build as unknown as BuildQuery<never>)
  // The handle is the only implementation of Tx, and `build` is only ever called with placeholders for P.
  return (tx, params) =>
    (tx as Handle<T>).execute(
      build as unknown as BuildQuery<T>,
      params as Record<string, unknown>,
    ) as Promise<R>
}

/**
 * The same for a statement that changes rows and is asked only how many: without RETURNING it costs half.
 *
 *     const changed = await dropLine(tx, { id }) // 0 or 1
 */
export function command<T, P extends object>(
  build: (kit: QueryKit<T>, params: Params<P>) => PromiseLike<unknown>,
): (tx: Tx<T>, params: P) => Promise<number> {
  const run = query(build)
  return async (tx, params) => rowsChanged(await run(tx, params))
}

/** What the two drivers say of a statement without rows: bun:sqlite `changes`, postgres-js `count`. */
function rowsChanged(result: unknown): number {
  const { changes, count } = result as { readonly changes?: number; readonly count?: number }
  const rows = changes ?? count
  if (rows === undefined) throw new Error('the driver does not say how many rows were changed')
  return Number(rows)
}
