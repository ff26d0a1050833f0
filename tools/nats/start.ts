//! One nats-server process with its own port and store folder, from start to end. `bun run dev` and the tests use it.
import { mkdir } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { readLines } from '../dev/lines.ts'
import { isFree } from '../dev/ports.ts'
import { effectiveConfig } from './config.ts'
import { findNatsServer, type NatsBinary } from './find.ts'
import { waitForInfo } from './info.ts'

export type NatsStart = {
  readonly port: number
  /** Messages live here; kept over restarts. */
  readonly storeDir: string
  /** Where the effective configuration is written; beside the store folder unless told. */
  readonly configPath?: string
  /** Passwords by user: only these may connect, and each may say what nats-users.conf lets it. Anybody may anything unless given. */
  readonly users?: Readonly<Record<string, string>>
  /** Found (or fetched) unless given. */
  readonly binary?: NatsBinary
  readonly onLine?: (line: string) => void
}

export type NatsServer = {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly version: string
  readonly storeDir: string
  /** Resolves when the process has ended, however that came about. */
  readonly exited: Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Writes everything out and ends; killed when it takes longer than `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>
  /** As a crash would: nothing is written out. Resolves when the process is gone. */
  kill9(): Promise<void>
}

const repository = resolve(import.meta.dir, '../..')
const host = '127.0.0.1'

/** Starts nats-server and waits until it answers; an error carries what the server said. */
export async function startNats(start: NatsStart): Promise<NatsServer> {
  const binary = start.binary ?? (await findNatsServer())
  // Otherwise another server on that port would answer for ours.
  if (!isFree(host, start.port)) throw new Error(`nats-server cannot start: port ${start.port} is taken`)
  const storeDir = resolve(start.storeDir)
  const configPath = start.configPath ?? `${storeDir}.conf`
  const text = await Bun.file(resolve(repository, 'nats.conf')).text()
  await mkdir(dirname(configPath), { recursive: true })
  const config = effectiveConfig(text, { port: start.port, storeDir, version: binary.version })
  await Bun.write(configPath, start.users === undefined ? config : `${config}\n${including(configPath)}\n`)

  const said: string[] = []
  const child = Bun.spawn([binary.path, '-c', configPath], {
    env: { ...process.env, ...passwordSettings(start.users ?? {}) },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const exit = new AbortController()
  const reading = readLines(child.stderr, (line) => {
    if (said.push(line) > 100) said.shift()
    start.onLine?.(line)
  })
  const exited = Promise.all([child.exited, reading]).then(() => exit.abort())

  const ended = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    await exited
  }
  if (
    !(await waitForInfo({ host, port: start.port }, { timeoutMs: 15_000, until: exit.signal })) ||
    exit.signal.aborted
  ) {
    await ended('SIGKILL')
    throw new Error(
      `nats-server ${binary.version} did not start on port ${start.port}:\n${said.slice(-10).join('\n')}`,
    )
  }
  return {
    url: `nats://${host}:${start.port}`,
    port: start.port,
    pid: child.pid,
    version: binary.version,
    storeDir,
    exited,
    signal: (signal) => child.kill(signal),
    async stop(timeoutMs = 5_000) {
      const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
      await ended('SIGTERM')
      clearTimeout(timer)
    },
    kill9: () => ended('SIGKILL'),
  }
}

/** nats-server looks for it from where the configuration is. */
const including = (configPath: string) =>
  `include ${JSON.stringify(relative(dirname(resolve(configPath)), resolve(repository, 'nats-users.conf')))}`

/** As nats-users.conf asks for them; in quotes of its own, or one of digits would be a number there. */
export const passwordSettings = (users: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(users).map(([user, password]) => [
      `NATS_PASSWORD_${user.toUpperCase()}`,
      JSON.stringify(password),
    ]),
  )
