//! Opens a service's store by its URL: `sqlite:<path>`, `sqlite::memory:` or `postgres://…`.
import type { Defer } from './lane.ts'
import { openSqlite } from './sqlite.ts'
import type { Schema, Store } from './store.ts'

export type OpenOptions<T> = {
  readonly schema: Schema<T>
  /** The folder that holds `sqlite/` and `postgres/`, made by `bun run generate`; applied before the store answers. */
  readonly migrations: string
  /** How many bodies may wait for the writer before more are refused with `overloaded`. */
  readonly waitingMax?: number
  /** PostgreSQL only: how many connections write side by side. */
  readonly lanes?: number
  readonly defer?: Defer
  readonly onBatch?: (jobs: number, waitMs: number) => void
}

export async function openStore<T>(url: string, options: OpenOptions<T>): Promise<Store<T>> {
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite:'.length), options)
  if (/^postgres(ql)?:\/\//.test(url)) {
    // A service starts a tenth of a second sooner without a driver that it does not need.
    const { openPostgres } = await import('./postgres.ts')
    return await openPostgres(url, options)
  }
  throw new Error(
    `a database URL begins with sqlite: or postgres://, and this one does not: ${url.split(':')[0]}:…`,
  )
}
