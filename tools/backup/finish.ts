//! What makes a copy of a database a part of a backup: it is sound, in one file, and known by its fingerprint.
import Database from 'better-sqlite3'
import { type Copy, fingerprint } from './manifest.ts'

export async function finishCopy(path: string): Promise<Pick<Copy, 'bytes' | 'sha256' | 'rows'>> {
  const rows = inOneFile(path)
  return { ...(await fingerprint(path)), rows }
}

/** Answers how many rows each table has. */
function inOneFile(path: string): Record<string, number> {
  const database = new Database(path, { fileMustExist: true })
  try {
    // Without a log of its own it can be read from where nothing can be written. A service switches the log on again.
    database.exec('pragma journal_mode = delete; pragma synchronous = full')
    const answers = database
      .prepare('pragma quick_check')
      .all()
      .map((row) => Object.values(row).join())
    if (answers.join() !== 'ok')
      throw new Error(`the copy ${path} is not sound: ${answers.slice(0, 3).join('; ')}`)
    const tables = database
      .prepare(
        `select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`,
      )
      .all()
    return Object.fromEntries(
      tables.map(({ name }) => {
        const [count] = Object.values(database.prepare(`select count(*) from "${name}"`).get() ?? {})
        return [String(name), Number(count)]
      }),
    )
  } finally {
    database.close()
  }
}
