//! A SQLite file whose data `bun run move` has taken to another database: since then it has a name that says so.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const mark = '.moved-'

/** What the file is called from then on. */
export const movedName = (path: string, at: Date): string =>
  `${path}${mark}${at.toISOString().replaceAll(/[-:.]/g, '')}`

/** What is left of a file whose data was moved away and whose place is empty since; undefined where nothing was moved. */
export function movedAway(path: string): string | undefined {
  if (existsSync(path) || !existsSync(dirname(path))) return undefined
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}${mark}`))
  const last = names.sort().at(-1)
  return last === undefined ? undefined : join(dirname(path), last)
}
