//! PostgreSQL only: a lock on something that may not be there yet, by its name. `FOR UPDATE` holds rows, and keeps nobody from adding others.
import { sql } from 'drizzle-orm'
import { type Params, type QueryKit, query } from './store.ts'

/**
 * Held until the transaction ends. What is sent beside it on the same transaction runs in that order without a round trip each,
 * so the rows are read when the lock is ours. Two names with one hash wait for one another, and nothing worse.
 */
export const nameLock = query(({ db }: QueryKit<unknown>, p: Params<{ name: string }>) =>
  db
    .select({ locked: sql`pg_advisory_xact_lock(hashtextextended(${p.name}, 0))` })
    .from(sql`(select 1) as one`),
)
