//! What backup is told: flags and settings, read once.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Env, type Home, homesOf } from '../data/homes.ts'

export type Options = {
  readonly help: boolean
  /** Made by us; anything that is there already is left alone. */
  readonly to: string
  readonly homes: readonly Home[]
}

export const usage = `bun run backup --to DIR: copies the data of all services as it is at one moment, while they run or not

  --to DIR     where the copies go: a folder that is not there yet, or is empty
  --data DIR   the shop's data folder (default: $DATA_DIR, or .data); <SERVICE>_DATABASE_URL goes before it
  --help       this

The folder then holds a SQLite file for each service and backup.json, which is written last: a folder without it is no
backup. What is in PostgreSQL becomes a SQLite file too. NATS has no part in it: its streams are filled from the services.
`

/** Throws an error for people when something is not understood. */
export function parseOptions(args: readonly string[], env: Env): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      to: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.to === undefined && !values.help) throw new Error(`where to? --to DIR\n\n${usage}`)
  const dataDir = resolve(values.data ?? (env.DATA_DIR || '.data'))
  return { help: values.help, to: resolve(values.to ?? ''), homes: homesOf(env, dataDir) }
}
