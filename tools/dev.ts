//! `bun run dev`: the whole shop on this machine, from one command to a table of addresses, and back with Ctrl-C.
// Nothing here or below may import a package: node_modules may not be there yet.
import { join, resolve } from 'node:path'
import { openDataFolder } from './dev/data-folder.ts'
import { installWhenNeeded } from './dev/install.ts'
import { watchLaunchers } from './dev/launcher.ts'
import { parseOptions, usage } from './dev/options.ts'
import { createOutput } from './dev/output.ts'
import { findTakenPorts } from './dev/ports.ts'
import { parseProcfile } from './dev/procfile.ts'
import { createSystem, planOf, portsOf } from './dev/system.ts'
import { addressTable } from './dev/table.ts'

const root = resolve(import.meta.dir, '..')

/** `bun run` passes on a Ctrl-C that the terminal has sent us already: so close together, two are one. */
const sameSignalMs = 300

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env, root)
  if (options.help) {
    process.stdout.write(usage)
    return 0
  }
  const lines = parseProcfile(await Bun.file(join(root, 'Procfile')).text())
  const output = createOutput(process.stdout, [...lines.map((line) => line.name), 'seed'], process.env)
  const plan = planOf(root, lines, options, process.env)
  const folder = openDataFolder(options.dataDir, options)
  const system = createSystem(plan, output)

  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()))
  let firstSignalAt: number | undefined
  const onSignal = (name: string) => {
    const now = performance.now()
    if (firstSignalAt === undefined) {
      firstSignalAt = now
      output.say(`${name}: stopping`)
      stopping.abort()
    } else if (now - firstSignalAt > sameSignalMs) {
      system.kill()
      process.exit(130)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => onSignal(signal))
  watchLaunchers(process.env, () => onSignal('what launched this is gone'))

  const start = async () => {
    await system.start()
    output.write(
      `\n${addressTable(plan)}\nKiosk is ready, ${seconds()} s after its start. Ctrl-C stops it.\n\n`,
    )
  }

  try {
    const taken = await findTakenPorts(portsOf(plan))
    if (taken.length > 0) {
      const list = taken.map((problem) => `  ${problem}`).join('\n')
      throw new Error(`these ports cannot be had; stop what holds them, or choose others (--help):\n${list}`)
    }
    await installWhenNeeded(root, output.say, stopping.signal)
    if (!stopping.signal.aborted) await Promise.race([start(), stopped])
    await stopped
  } finally {
    await system.stop()
    folder.release()
    if (firstSignalAt !== undefined) output.say('stopped')
    await output.flush()
  }
  return 0
}

const seconds = () => (performance.now() / 1_000).toFixed(2)

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? `kiosk: ${error.message}` : error)
    if (error instanceof Error && error.cause !== undefined) console.error(error.cause)
    process.exit(1)
  },
)
