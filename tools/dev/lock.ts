//! A lock on a file that the system gives back when its holder dies, so that there is no stale one to recognise.
import { Database } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

export type FileLock = { release(): void }

/** Takes the lock; undefined when somebody else has it. */
export function tryLock(path: string): FileLock | undefined {
  mkdirSync(dirname(path), { recursive: true })
  // SQLite's exclusive lock is the one portable file lock that Bun has; the file itself stays empty.
  const database = new Database(path, { create: true })
  try {
    database.run('PRAGMA busy_timeout = 0')
    database.run('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return undefined
    throw new Error(`cannot lock ${path}`, { cause: error })
  }
  return { release: () => database.close() }
}
