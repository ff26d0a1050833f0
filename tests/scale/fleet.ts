//! Several processes of a service side by side, as a shop runs that has outgrown one machine: over the databases and the NATS of the test's choice.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Child, describeExit, startChild } from '../../tools/dev/child.ts'
import type { Env } from '../../tools/dev/options.ts'
import { waitForReady } from '../../tools/dev/ready.ts'
import { addressOf, settingName } from '../../tools/dev/services.ts'
import { runVerify } from '../../tools/verify/run.ts'
import type { Settled } from '../faults/shop.ts'
import { freePort } from '../harness/ports.ts'

export type FleetOptions = {
  /** NATS as a service reaches it. */
  readonly natsUrl: (service: string) => string
  /** How many processes each service has. */
  readonly counts: Readonly<Record<string, number>>
  /** Settings for every process. */
  readonly env?: Env
  /** Puts the demo shop in before the services start. */
  readonly seed?: boolean
}

/** A member is one process: `loms-1`, `loms-2`, … */
export type Fleet = AsyncDisposable & {
  readonly dataDir: string
  /** Of a member; of a service: that of the next one of its members that is up, as something that spreads load does. */
  url(name: string): string
  members(service: string): readonly string[]
  /** The member whose process it is. */
  memberOf(pid: number): string
  pid(member: string): number
  logs(member: string): readonly string[]
  /** SIGKILL unless told; when that ends it, waits until it is gone. A paused one is not up either. */
  kill(member: string, signal?: NodeJS.Signals): Promise<void>
  /** Lets a paused one go on. */
  resume(member: string): void
  /** Starts one that has ended, on its ports. */
  start(member: string, env?: Env): Promise<void>
  /** Asks verify until nothing is under way; the last report, whatever it says by then, after `timeoutMs`. */
  settled(timeoutMs?: number): Promise<Settled>
  stop(): Promise<void>
}

type Member = {
  readonly service: string
  readonly env: Env
  readonly said: string[]
  child?: Child
  up: boolean
}

const repository = resolve(import.meta.dir, '../..')
const readyTimeoutMs = 30_000
const stopTimeoutMs = 10_000
const endingSignals: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT']

/** Starts everything at once and waits until all are ready; when one does not start, shows what all have said. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-fleet-'))
  const common = {
    ...inherited(),
    LOG_LEVEL: 'info',
    ...options.env,
    DATA_DIR: dataDir,
  }
  const members = new Map(
    Object.entries(options.counts).flatMap(([service, count]) =>
      Array.from({ length: count }, (_, n): [string, Member] => {
        const env = { ...common, ...freePorts(service), NATS_URL: options.natsUrl(service) }
        return [`${service}-${n + 1}`, { service, env, said: [], up: false }]
      }),
    ),
  )
  const turns = new Map<string, number>()

  const known = (name: string): Member => {
    const member = members.get(name)
    if (member === undefined)
      throw new Error(`the fleet has no ${name}, only ${[...members.keys()].join(', ')}`)
    return member
  }
  const childOf = (name: string): Child => {
    const { child } = known(name)
    if (child === undefined) throw new Error(`${name} was never started`)
    return child
  }
  const urlOf = ({ service, env }: Member) => `http://127.0.0.1:${addressOf(service, env).httpPort}`

  function url(name: string): string {
    const member = members.get(name)
    if (member !== undefined) return urlOf(member)
    const all = [...members.values()].filter(({ service }) => service === name)
    // Where none is up, whoever asks finds that out by asking.
    const up = all.filter(({ up }) => up)
    const turn = turns.get(name) ?? 0
    turns.set(name, turn + 1)
    const next = (up.length > 0 ? up : all)[turn % Math.max(1, (up.length > 0 ? up : all).length)]
    return next === undefined ? urlOf(known(name)) : urlOf(next)
  }

  async function start(name: string, extra: Env = {}): Promise<void> {
    const member = known(name)
    const command = [process.execPath, '--no-env-file', join(member.service, 'main.ts')]
    const env = { ...member.env, ...extra }
    const onLine = (line: string) => member.said.push(line)
    const child = startChild({ name, command, cwd: repository, env, onLine })
    member.child = child
    const ended = new AbortController()
    void child.exited.then(() => ended.abort())
    member.up = await waitForReady(urlOf(member), { timeoutMs: readyTimeoutMs, until: ended.signal })
    if (member.up) return
    const what = ended.signal.aborted ? `ended (${describeExit(await child.exited)})` : 'is not ready'
    throw new Error(`${name} ${what}:\n${child.lastLines(10).join('\n')}`)
  }

  async function stop(): Promise<void> {
    const children = [...members.values()].flatMap(({ child }) => child ?? [])
    for (const child of children) child.signal('SIGCONT') // a paused one hears nothing else
    await Promise.all(children.map((child) => child.stop(stopTimeoutMs)))
    await rm(dataDir, { recursive: true, force: true })
  }

  try {
    if (options.seed) await seed(common)
    await Promise.all([...members.keys()].map((name) => start(name)))
  } catch (error) {
    for (const [name, { said }] of members) console.error(`--- ${name}\n${said.slice(-20).join('\n')}`)
    await stop()
    throw error
  }
  return {
    dataDir,
    url,
    members: (service) =>
      [...members].flatMap(([name, member]) => (member.service === service ? [name] : [])),
    memberOf(pid) {
      const found = [...members].find(([, { child }]) => child?.pid === pid)
      if (found === undefined) throw new Error(`process ${pid} is none of the fleet`)
      return found[0]
    },
    pid: (name) => childOf(name).pid,
    logs: (name) => known(name).said,
    async kill(name, signal = 'SIGKILL') {
      known(name).up = false
      childOf(name).signal(signal)
      if (endingSignals.includes(signal)) await childOf(name).exited
    },
    resume(name) {
      childOf(name).signal('SIGCONT')
      known(name).up = true
    },
    start,
    async settled(timeoutMs = 10_000) {
      const startedAt = performance.now()
      for (;;) {
        const verified = await runVerify({ dataDir, env: options.env ?? {}, mode: 'settled' })
        const ms = performance.now() - startedAt
        if (verified.ok || ms > timeoutMs) return { ...verified, ms }
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function seed(env: Env): Promise<void> {
  const command = [process.execPath, '--no-env-file', join('tools', 'seed.ts')]
  const child = startChild({ name: 'seed', command, cwd: repository, env })
  const exit = await child.exited
  if (exit.code !== 0)
    throw new Error(`the seed failed (${describeExit(exit)}):\n${child.lastLines(10).join('\n')}`)
}

/** None of the settings that `bun test` or a developer's shell has for something else. */
const inherited = (): Env =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name !== 'NODE_ENV' && !name.endsWith('_DATABASE_URL')),
  )

const freePorts = (service: string): Env => ({
  [settingName(service, 'HTTP_PORT')]: String(freePort()),
  [settingName(service, 'GRPC_PORT')]: String(freePort()),
})
