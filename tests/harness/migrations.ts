//! The migrations of a service as they were once, to see what becomes of rows that were written then.
import { cp } from 'node:fs/promises'
import { join } from 'node:path'

/** Copies those of `store` into a folder, where there are only the first so many; answers with what a store is opened with. */
export async function migrationsUntil(
  store: string,
  engine: 'sqlite' | 'postgres',
  count: number,
  folder: string,
): Promise<string> {
  const until = join(folder, `${engine}-${count}`)
  await cp(join(store, 'migrations', engine), join(until, engine), { recursive: true })
  const journal = join(until, engine, 'meta/_journal.json')
  const { entries, ...rest } = (await Bun.file(journal).json()) as { entries: unknown[] }
  await Bun.write(journal, JSON.stringify({ ...rest, entries: entries.slice(0, count) }))
  return until
}
