//! `bun run demo`: four short stories through the whole shop, told step by step; exit code 0 only if each came out as told.
// Nothing here may import a package: node_modules may not be there yet.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { installWhenNeeded } from './dev/install.ts'

const root = resolve(import.meta.dir, '..')

const usage = `bun run demo [flags]: a purchase, one that is refused, one that nobody pays, and one from the wallet

  --running    in the shop that \`bun run dev\` has started, at its ports (settings as for dev);
               without it the demo starts a shop of its own on free ports, in a temporary folder
  --help       this
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      running: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  await installWhenNeeded(root, console.log)
  const { demo } = await import('./demo/demo.ts')
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort())
  return await demo({
    running: values.running,
    env: process.env,
    out: process.stdout,
    until: stopping.signal,
  })
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? `demo: ${error.message}` : error)
    process.exit(1)
  },
)
