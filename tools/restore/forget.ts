//! What a restored service must not believe any more: that the stream has what it has sent.
import { Database } from 'bun:sqlite'

/**
 * Takes the marks from the facts in its outbox, so that all of them are sent again, in their order. The service would do
 * so by itself when it finds the stream empty, but for facts that are older than a stream keeps them, as those of an old
 * backup are; and readers that had not read them yet would never hear of them. What they had read they know.
 */
export function forgetSent(path: string): void {
  const database = new Database(path, { readwrite: true })
  try {
    const outbox = database
      .query(`select 1 from sqlite_schema where type = 'table' and name = 'outbox'`)
      .get()
    if (outbox !== null) database.exec('PRAGMA synchronous = FULL; update outbox set sent_at = null')
  } finally {
    database.close(true)
  }
}
