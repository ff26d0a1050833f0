//! Readers that are so far behind that a backup does not hold what they have not read: only NATS has that.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { readings } from '../verify/readings.ts'
import type { Copy } from './manifest.ts'

export type Behind = { readonly reader: string; readonly stream: string; readonly facts: number }

/** An outbox drops what it sent long ago; a reader that has not read that by then is lost without its stream. */
export function readersBehind(folder: string, copies: readonly Copy[]): readonly Behind[] {
  const has = (service: string) => copies.some((copy) => copy.service === service)
  return readings
    .filter(({ reader, announcer }) => has(reader) && has(announcer))
    .map(({ reader, announcer, stream }) => ({
      reader,
      stream,
      facts: missing(folder, reader, announcer, stream),
    }))
    .filter(({ facts }) => facts > 0)
}

function missing(folder: string, reader: string, announcer: string, stream: string): number {
  const first = numberIn(
    join(folder, `${announcer}.sqlite`),
    'select min(stream_sequence) from outbox where sent_at is not null',
  )
  const place = numberIn(
    join(folder, `${reader}.sqlite`),
    `select sequence from places where stream = '${stream}'`,
  )
  return first === undefined ? 0 : first - 1 - (place ?? 0)
}

function numberIn(path: string, query: string): number | undefined {
  const database = new Database(path, { readonly: true })
  try {
    const [value] = Object.values(database.prepare(query).get() ?? {})
    return value === null || value === undefined ? undefined : Number(value)
  } finally {
    database.close()
  }
}
