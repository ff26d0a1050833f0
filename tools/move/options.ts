//! What move is told: flags and settings, read once.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Env, homesOf, type Place, placeOf, services } from '../data/homes.ts'

export type Options = { readonly service: string; readonly from: Place; readonly to: Place }

export const usage = `bun run move <service> --to URL: copies one service's data into another database, where it goes on. Stop the service first

  --to URL     postgres://… or sqlite:<path>; a database that is empty, or whose tables are
  --data DIR   the shop's data folder (default: $DATA_DIR, or .data); <SERVICE>_DATABASE_URL goes before it
  --help       this

It is done in one transaction, and the rows are counted on both sides. Afterwards the service's <SERVICE>_DATABASE_URL is to
be the new one; a SQLite file that was moved gets another name, so that nobody goes on with it by mistake.
`

/** Undefined where only help is asked for; throws an error for people when something is not understood. */
export function parseOptions(args: readonly string[], env: Env): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [name, ...rest] = positionals
  const service = services.find((each) => each === name)
  if (service === undefined || rest.length > 0)
    throw new Error(`which service? ${services.join(', ')}\n\n${usage}`)
  if (values.to === undefined) throw new Error(`where to? --to URL\n\n${usage}`)
  const home = homesOf(env, resolve(values.data ?? (env.DATA_DIR || '.data'))).find(
    (each) => each.service === service,
  )
  if (home === undefined) throw new Error(`${service} has no place for its data`)
  return { service, from: home.place, to: placeOf(values.to, '--to') }
}
