//! A service's PostgreSQL database while the service runs: shut for a moment, and then copied as it was.
import { writeGate } from '../../runtime/store/postgres.ts'
import { copyTables } from '../data/copy.ts'
import { makeTables } from '../data/homes.ts'
import { connectPostgres, fromSnapshot, tablesIn } from '../data/postgres.ts'
import type { TableShape } from '../data/shape.ts'
import { intoSqlite } from '../data/sqlite.ts'
import type { Door } from './moment.ts'

// Our own patience was shorter than a transaction that was under way.
const lockNotAvailable = '55P03'

/** Undefined where the database has no tables. */
export async function postgresDoor(
  service: string,
  url: string,
  tables: readonly TableShape[],
): Promise<Door | undefined> {
  if ((await tablesIn(url)).size === 0) return undefined
  const [locks, reads] = [connectPostgres(url), connectPostgres(url)]
  await Promise.all([locks`select 1`, reads`select 1`])
  let pinned = false
  return {
    async shut(until) {
      await locks.unsafe('begin')
      try {
        await locks.unsafe(`set local lock_timeout = ${Math.max(1, Math.floor(until - performance.now()))}`)
        await locks.unsafe(`select pg_advisory_xact_lock(${writeGate})`)
        return true
      } catch (error) {
        await locks.unsafe('rollback')
        if (error instanceof Error && 'code' in error && error.code === lockNotAvailable) return false
        throw error
      }
    },
    async release() {
      await locks.unsafe('rollback')
    },
    async pin() {
      pinned = true
      const from = await fromSnapshot(reads)
      return {
        async copyTo(path) {
          await makeTables(service, { engine: 'sqlite', path })
          await using into = intoSqlite(path)
          await copyTables(tables, from, into)
          await into.commit()
        },
        [Symbol.asyncDispose]: () => from[Symbol.asyncDispose](),
      }
    },
    async [Symbol.asyncDispose]() {
      await locks.end({ timeout: 5 })
      if (!pinned) await reads.end({ timeout: 5 })
    },
  }
}
