//! What restore is told: flags and settings, read once.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Env, type Home, homesOf } from '../data/homes.ts'

export type Options = {
  readonly help: boolean
  readonly from: string
  readonly dataDir: string
  readonly homes: readonly Home[]
  /** What is there already is set aside; without it that is a reason to do nothing. */
  readonly overwrite: boolean
  /** `own`: what `bun run dev` keeps in the data folder. `left alone`: somebody else has seen to it. */
  readonly nats: { readonly url: string } | 'own' | 'left alone'
}

export const usage = `bun run restore --from DIR: puts the data of a backup where the services look for theirs. Stop them first

  --from DIR      a folder that \`bun run backup\` has made
  --data DIR      the shop's data folder (default: $DATA_DIR, or .data); <SERVICE>_DATABASE_URL goes before it
  --overwrite     there is data already: set the files aside, beside the new ones, and empty the tables of PostgreSQL
  --without-nats  do nothing about NATS: its store is new, or was emptied by hand
  --help          this

It needs the settings that the services have. The streams of NATS are emptied, because they tell of what happened after
the backup; the services fill them again. NATS is the one of NATS_URL, which must run, or the data folder's own, which must not.
`

/** Throws an error for people when something is not understood. */
export function parseOptions(args: readonly string[], env: Env): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      from: { type: 'string' },
      data: { type: 'string' },
      overwrite: { type: 'boolean', default: false },
      'without-nats': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.from === undefined && !values.help) throw new Error(`from where? --from DIR\n\n${usage}`)
  const dataDir = resolve(values.data ?? (env.DATA_DIR || '.data'))
  return {
    help: values.help,
    from: resolve(values.from ?? ''),
    dataDir,
    homes: homesOf(env, dataDir),
    overwrite: values.overwrite,
    nats: values['without-nats'] ? 'left alone' : env.NATS_URL ? { url: env.NATS_URL } : 'own',
  }
}
