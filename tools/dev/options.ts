//! What `bun run dev` is told: flags and settings, read once.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { portSetting } from './services.ts'

export type Env = Readonly<Record<string, string | undefined>>

export type DevOptions = {
  readonly help: boolean
  /** Absolute; handed to every service. */
  readonly dataDir: string
  readonly fresh: boolean
  readonly seed: boolean
  /** A server of our own on this port, or one that is already there. */
  readonly nats: { readonly port: number } | { readonly url: string }
}

export const usage = `bun run dev [flags]: starts NATS and every service of the Procfile, with a demo shop in it

  --data DIR   keep this shop's data in DIR (default: $DATA_DIR, or .data)
  --fresh      empty the data folder first
  --no-seed    leave the shop empty
  --help       this

Two copies live side by side with two data folders and other ports:
  NATS_PORT (4222), <SERVICE>_HTTP_PORT, <SERVICE>_GRPC_PORT, for example LOMS_HTTP_PORT (8081).
  NATS_URL names a NATS server that is already running; none is started then.
`

/** Flags win over settings, settings over defaults. Throws an error for people when something is not understood. */
export function parseOptions(args: readonly string[], env: Env, root: string): DevOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      'no-seed': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const dataDir = values.data ?? env.DATA_DIR
  return {
    help: values.help,
    dataDir: dataDir ? resolve(dataDir) : resolve(root, '.data'),
    fresh: values.fresh,
    seed: !values['no-seed'],
    nats: env.NATS_URL ? { url: env.NATS_URL } : { port: portSetting(env, 'NATS_PORT', 4222) },
  }
}
