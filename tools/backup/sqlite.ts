//! A service's SQLite file while the service runs: shut for a moment, and then copied page by page as it was.
import Database from 'better-sqlite3'
import { makeFile } from '../data/sqlite.ts'
import type { Door } from './moment.ts'

// 8 MB between two looks at the event loop.
const pagesPerStep = 2_000
const pauseMs = 0.2
const anything = 'select count(*) from sqlite_schema'

export function sqliteDoor(path: string): Door {
  const writer = new Database(path, { fileMustExist: true, timeout: 0 })
  writer.prepare(anything).get()
  const reader = new Database(path, { readonly: true })
  reader.prepare(anything).get()
  let pinned = false
  return {
    async shut(until) {
      while (!tryBegin(writer)) {
        if (performance.now() > until) return false
        Bun.sleepSync(pauseMs) // the service gives the lock back after every batch, and there is nothing else to do here
      }
      return true
    },
    async release() {
      writer.exec('rollback')
    },
    async pin() {
      pinned = true
      // A snapshot in the write-ahead log: the service writes on, and the log grows until this is let go.
      reader.exec('begin')
      reader.prepare(anything).get()
      return {
        async copyTo(target) {
          makeFile(target)
          await reader.backup(target, { progress: () => pagesPerStep })
        },
        async [Symbol.asyncDispose]() {
          reader.close()
        },
      }
    },
    async [Symbol.asyncDispose]() {
      writer.close()
      if (!pinned) reader.close()
    },
  }
}

function tryBegin(writer: Database): boolean {
  try {
    writer.exec('begin immediate')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))
      return false
    throw error
  }
}
