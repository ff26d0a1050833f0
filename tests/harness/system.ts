//! The whole system as real processes, for journeys and faults: free ports, own data folder, nothing left afterwards.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Child, describeExit, startChild } from '../../tools/dev/child.ts'
import type { Env } from '../../tools/dev/options.ts'
import { parseProcfile } from '../../tools/dev/procfile.ts'
import { waitForReady } from '../../tools/dev/ready.ts'
import { addressOf, settingName } from '../../tools/dev/services.ts'
import { canariesIn, canary } from './canary.ts'
import { startNatsServer, type TestNats } from './nats.ts'
import { freePort } from './ports.ts'

export type SystemOptions = {
  /** Which services run, those of the purchase path unless told; of another root, all of its Procfile. NATS always does. */
  readonly services?: readonly string[] | 'all'
  /** Settings for every process, over those of the harness. */
  readonly env?: Env
  /** Puts the demo shop in before the services start. */
  readonly seed?: boolean
  /** NATS lets each service in as itself, and say and hear what nats-users.conf lets it. */
  readonly hasNatsUsers?: boolean
  /** For bun itself, before the file of every service; the seed runs without. */
  readonly bunFlags?: readonly string[]
  /** Where the Procfile and the services are; the repository unless told. */
  readonly root?: string
}

/** `name` is a service, or `nats`. */
export type TestSystem = AsyncDisposable & {
  readonly natsUrl: string
  readonly nats: TestNats
  readonly dataDir: string
  /** `http://127.0.0.1:port` of a service. */
  url(service: string): string
  /** `127.0.0.1:port` of a service's gRPC server. */
  grpc(service: string): string
  pid(name: string): number
  /** Everything that it has said, over all its starts. */
  logs(name: string): readonly string[]
  /** Sends a signal, SIGKILL unless told; when that ends it, waits until it is gone. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  /** Starts one that has ended, with the same ports and data, and waits until it is ready. */
  start(name: string, env?: Env): Promise<void>
  /** Ends it in good order and starts it again. */
  restart(name: string, env?: Env): Promise<void>
  /** Ends everything and removes the data. Rejects where a log holds a canary. */
  stop(): Promise<void>
}

const repository = resolve(import.meta.dir, '../..')
/** What carries a customer from a product to a paid order and a notice. */
export const purchasePath: readonly string[] = ['catalog', 'loms', 'cart', 'notifier']
const readyTimeoutMs = 30_000
const stopTimeoutMs = 10_000
const endingSignals: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT']

/** Starts NATS and the services and waits until all are ready; when one does not start, shows what all have said. */
export async function startSystem(options: SystemOptions = {}): Promise<TestSystem> {
  const root = options.root ?? repository
  const { services = options.root === undefined ? purchasePath : 'all' } = options
  const names = services === 'all' ? await procfileServices(root) : services
  const nats = await startNatsServer({ hasUsers: options.hasNatsUsers ?? false })
  const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-system-'))
  const env = { ...settings(names), ...options.env, DATA_DIR: dataDir, NATS_URL: nats.url }
  const children = new Map<string, Child>()
  const lines = new Map<string, string[]>(names.map((name) => [name, []]))

  const childOf = (name: string) => known(children, name)
  const run = (name: string, args: readonly string[], extra: Env = {}) => {
    const said = lines.get(name) ?? []
    lines.set(name, said)
    const command = [process.execPath, '--no-env-file', ...args]
    const child = startChild({
      name,
      command,
      cwd: root,
      env: { ...env, NATS_URL: nats.urlOf(name), ...extra },
      onLine: (line) => said.push(line),
    })
    children.set(name, child)
    return child
  }

  async function start(name: string, extra: Env = {}): Promise<void> {
    if (name === 'nats') return await nats.restart()
    const child = run(name, [...(options.bunFlags ?? []), join(name, 'main.ts')], extra)
    const ended = new AbortController()
    void child.exited.then(() => ended.abort())
    if (await waitForReady(url(name), { timeoutMs: readyTimeoutMs, until: ended.signal })) return
    const what = ended.signal.aborted
      ? `ended (${describeExit(await child.exited)}) before it was ready`
      : 'did not become ready'
    throw new Error(`${name} ${what}:\n${child.lastLines(10).join('\n')}`)
  }

  async function kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (name === 'nats' && signal === 'SIGKILL') return await nats.kill9()
    if (name === 'nats' && endingSignals.includes(signal)) return await nats.shutDown()
    if (name === 'nats') return nats.signal(signal)
    childOf(name).signal(signal)
    if (endingSignals.includes(signal)) await childOf(name).exited
  }

  async function stop(): Promise<void> {
    for (const child of children.values()) child.signal('SIGCONT') // a paused one hears nothing else
    await Promise.all([...children.values()].map((child) => child.stop(stopTimeoutMs)))
    await nats.stop()
    await rm(dataDir, { recursive: true, force: true })
    const refused = nats.logs().filter((line) => line.includes(' Violation'))
    if (refused.length > 0)
      throw new Error(`NATS refused services what they do:\n${refused.slice(0, 10).join('\n')}`)
    const told = canariesIn(lines)
    if (told.length > 0) throw new Error(`secrets were logged:\n${told.slice(0, 10).join('\n')}`)
  }

  const addressOfKnown = (service: string) => {
    known(lines, service)
    return addressOf(service, env)
  }
  const url = (service: string) => `http://127.0.0.1:${addressOfKnown(service).httpPort}`
  const logs = (name: string) => (name === 'nats' ? nats.logs() : known(lines, name))

  try {
    if (options.seed) {
      const exit = await run('seed', [join('tools', 'seed.ts')]).exited
      if (exit.code !== 0) throw new Error(`the seed failed (${describeExit(exit)})`)
    }
    await Promise.all(names.map((name) => start(name)))
  } catch (error) {
    for (const name of ['nats', ...lines.keys()])
      console.error(`--- ${name}\n${logs(name).slice(-20).join('\n')}`)
    await stop()
    throw error
  }
  return {
    natsUrl: nats.url,
    nats,
    dataDir,
    url,
    grpc(service) {
      const { grpcPort } = addressOfKnown(service)
      if (grpcPort === undefined) throw new Error(`${service} speaks no gRPC`)
      return `127.0.0.1:${grpcPort}`
    },
    pid: (name) => (name === 'nats' ? nats.pid : childOf(name).pid),
    logs,
    kill,
    start,
    async restart(name, extra) {
      if (name !== 'nats') await kill(name, 'SIGTERM')
      await start(name, extra)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function procfileServices(root: string): Promise<readonly string[]> {
  const lines = parseProcfile(await Bun.file(join(root, 'Procfile')).text())
  return lines.map((line) => line.name).filter((name) => name !== 'nats')
}

/** Free ports for all, and none of the settings that `bun test` or a developer's shell has for something else. */
function settings(names: readonly string[]): Env {
  const inherited = Object.entries(process.env).filter(
    ([name]) => name !== 'NODE_ENV' && !name.endsWith('_DATABASE_URL'),
  )
  const ports = names.flatMap((name) => [
    [settingName(name, 'HTTP_PORT'), String(freePort())],
    [settingName(name, 'GRPC_PORT'), String(freePort())],
  ])
  const env = {
    ...Object.fromEntries(inherited),
    LOG_LEVEL: 'info',
    IDEMPOTENCY_SECRET: canary('idempotency-secret'),
    ...Object.fromEntries(ports),
  }
  if (!names.includes('accounts')) return env
  return { ...env, JWKS_URL: `http://127.0.0.1:${env.ACCOUNTS_HTTP_PORT}/.well-known/jwks.json` }
}

function known<T>(all: ReadonlyMap<string, T>, name: string): T {
  const found = all.get(name)
  if (found === undefined)
    throw new Error(`the system under test has no ${name}, only ${[...all.keys()].join(', ')}`)
  return found
}
