//! What verify is told: flags and settings, read once.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export type Env = Readonly<Record<string, string | undefined>>

/** Who reads facts comes before who announces them, as far as nobody reads the other's too. */
export const services = ['notifier', 'cart', 'delivery', 'billing', 'loms', 'catalog', 'accounts'] as const
export type Service = (typeof services)[number]

/**
 * How strictly it looks: a running system has facts under way, a stopped one may have been stopped with facts under way,
 * and a settled one has had time to finish everything.
 */
export type Mode = 'live' | 'stopped' | 'settled'

export type Options = {
  readonly help: boolean
  readonly dataDir: string
  /** Undefined: found out. */
  readonly mode: Mode | undefined
  /** Machine-readable on standard output; the words go to standard error. */
  readonly json: boolean
  /** `sqlite:<path>` or `postgres://…` of each service. */
  readonly urls: Readonly<Record<Service, string>>
}

export const usage = `bun run verify [flags]: holds the data of a shop against what must be true of it, and changes nothing

  --data DIR   the shop's data folder (default: $DATA_DIR, or .data); <SERVICE>_DATABASE_URL goes before it
  --live       services are running: what is younger than 10 s may be under way
  --stopped    nothing is running: what was read must have had its effect, whatever its age
  --settled    everything has had time to finish: nothing may be under way
  --json       one JSON document on standard output
  --help       this

Without --live, --stopped or --settled it looks whether anybody has the files open.
A service that has no data is not looked at, and named; without loms and one more there is no shop to look at.
Ends with 0 where all holds, 1 where something does not, 2 where it could not look.
`

/** The setting that says where a service has its data. */
export const databaseSetting = (service: Service): string => `${service.toUpperCase()}_DATABASE_URL`

/** Throws an error for people when something is not understood. */
export function parseOptions(args: readonly string[], env: Env): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      live: { type: 'boolean', default: false },
      stopped: { type: 'boolean', default: false },
      settled: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const modes = (['live', 'stopped', 'settled'] as const).filter((mode) => values[mode])
  if (modes.length > 1) throw new Error(`--${modes.join(' and --')}: it can only be one of them`)
  const dataDir = resolve(values.data ?? (env.DATA_DIR || '.data'))
  const urlOf = (service: Service) => env[databaseSetting(service)] || `sqlite:${dataDir}/${service}.sqlite`
  return {
    help: values.help,
    dataDir,
    mode: modes[0],
    json: values.json,
    urls: {
      notifier: urlOf('notifier'),
      cart: urlOf('cart'),
      delivery: urlOf('delivery'),
      billing: urlOf('billing'),
      loms: urlOf('loms'),
      catalog: urlOf('catalog'),
      accounts: urlOf('accounts'),
    },
  }
}
