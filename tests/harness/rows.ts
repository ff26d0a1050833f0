//! What stands in the tables of a service, to see that something left them alone.
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Store } from '../../runtime/store/store.ts'

type Stored<T> = { readonly store: Pick<Store<T>, 'read'> }

/** Every row of every table, by the table's name. */
export function allRows<T extends object>({ store }: Stored<T>): Promise<Record<string, unknown[]>> {
  return store.read(async (tx) => {
    const rows: Record<string, unknown[]> = {}
    for (const [name, table] of Object.entries(tx.tables))
      rows[name] = await tx.db.select().from(table as PgTable)
    return rows
  })
}

/** Runs something that may change no row. */
export async function changingNothing<T extends object, R>(
  stored: Stored<T>,
  run: () => Promise<R>,
): Promise<R> {
  const before = await allRows(stored)
  const result = await run()
  if (!Bun.deepEquals(await allRows(stored), before)) throw new Error('a row was changed')
  return result
}
