//! The whole system in its order: NATS, the seed, all services at once; and back, NATS last.
import { join } from 'node:path'
import { type NatsAddress, waitForInfo } from '../nats/info.ts'
import { type Child, describeExit, startChild } from './child.ts'
import type { DevOptions, Env } from './options.ts'
import type { Output } from './output.ts'
import type { WantedPort } from './ports.ts'
import type { ProcfileLine } from './procfile.ts'
import { waitForReady } from './ready.ts'
import { addressOf, type ServiceAddress, settingsOf } from './services.ts'
import { type Supervised, supervise } from './supervise.ts'

export type Plan = {
  readonly root: string
  readonly env: Env
  readonly options: DevOptions
  readonly nats: { readonly url: string; readonly command?: readonly string[] }
  readonly services: readonly (ServiceAddress & { readonly command: readonly string[] })[]
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000

/** What would run, from the Procfile and the options; nothing is started. */
export function planOf(root: string, lines: readonly ProcfileLine[], options: DevOptions, env: Env): Plan {
  const natsLine = lines.find((line) => line.name === 'nats')
  const services = lines
    .filter((line) => line !== natsLine)
    .map((line) => ({ ...addressOf(line.name, env), command: line.command }))
  if ('url' in options.nats) return { root, env, options, services, nats: { url: options.nats.url } }
  if (!natsLine)
    throw new Error('Procfile: there is no line for nats; set NATS_URL to a server that is already running.')
  return {
    root,
    env,
    options,
    services,
    nats: { url: `nats://127.0.0.1:${options.nats.port}`, command: natsLine.command },
  }
}

/** Every port that the plan needs. */
export function portsOf(plan: Plan): readonly WantedPort[] {
  const nats =
    'port' in plan.options.nats
      ? [{ host: '127.0.0.1', port: plan.options.nats.port, owner: 'nats', setting: 'NATS_PORT' }]
      : []
  const services = plan.services.flatMap((service) => {
    const ports = Object.entries(settingsOf(service))
    return ports.map(([setting, port]) => ({
      host: service.host,
      port: Number(port),
      owner: service.name,
      setting,
    }))
  })
  return [...nats, ...services]
}

export type System = {
  /** Resolves when everything is ready; throws when something does not start. `stop` must follow in either case. */
  start(): Promise<void>
  stop(): Promise<void>
  kill(): void
}

/** The plan, ready to be started. */
export function createSystem(plan: Plan, output: Output): System {
  const { root, options } = plan
  const env = {
    ...plan.env,
    DATA_DIR: options.dataDir,
    NATS_URL: plan.nats.url,
    ...('port' in options.nats ? { NATS_PORT: String(options.nats.port) } : {}),
    ...Object.assign({}, ...plan.services.map(settingsOf)),
    ...keysOf(plan),
  }
  const stopping = new AbortController()
  const running: { nats?: Supervised; seed?: Child; services: Supervised[] } = { services: [] }

  const startOf = (name: string, command: readonly string[]) => ({
    name,
    command,
    cwd: root,
    env,
    onLine: output.lines(name),
  })

  async function startNats(): Promise<void> {
    const address = addressOfUrl(plan.nats.url)
    const isReady = (until: AbortSignal) =>
      address ? waitForInfo(address, { timeoutMs: startTimeoutMs, until }) : Promise.resolve(true)
    if (plan.nats.command) {
      running.nats = supervise(startOf('nats', plan.nats.command), isReady, output)
      return running.nats.started
    }
    if (!(await isReady(AbortSignal.any([stopping.signal, AbortSignal.timeout(5_000)]))))
      throw new Error(`NATS_URL names ${plan.nats.url}, where no NATS server answers.`)
  }

  async function seed(): Promise<void> {
    const child = startChild(startOf('seed', [process.execPath, join('tools', 'seed.ts')]))
    running.seed = child
    const exit = await child.exited
    if (exit.code !== 0 && !stopping.signal.aborted) {
      throw new Error(
        `the seed failed (${describeExit(exit)}). Its last lines:\n${child.lastLines(15).join('\n')}`,
      )
    }
  }

  async function startServices(): Promise<void> {
    running.services = plan.services.map((service) =>
      supervise(
        startOf(service.name, service.command),
        (until) =>
          waitForReady(`http://${service.host}:${service.httpPort}`, { timeoutMs: startTimeoutMs, until }),
        output,
      ),
    )
    await Promise.all(running.services.map((service) => service.started))
  }

  return {
    async start() {
      const steps = [startNats, ...(options.seed ? [seed] : []), startServices]
      for (const step of steps) {
        if (!stopping.signal.aborted) await step()
      }
    },
    async stop() {
      stopping.abort()
      await running.seed?.stop(stopTimeoutMs)
      await Promise.all(running.services.map((service) => service.stop(stopTimeoutMs)))
      await running.nats?.stop(stopTimeoutMs)
    },
    kill() {
      for (const service of running.services) service.kill()
      running.nats?.kill()
    },
  }
}

/** Where the keys of access tokens are: with accounts, wherever its port is, unless somebody else's are meant. */
function keysOf({ env, services }: Plan): Record<string, string> {
  const accounts = services.find(({ name }) => name === 'accounts')
  if (accounts === undefined || env.JWKS_URL) return {}
  return { JWKS_URL: `http://${accounts.host}:${accounts.httpPort}/.well-known/jwks.json` }
}

/** Undefined where we cannot ask by plain TCP: several servers, or TLS. */
function addressOfUrl(url: string): NatsAddress | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, port } = new URL(url)
  return protocol === 'nats:' ? { host: hostname, port: Number(port || 4222) } : undefined
}
