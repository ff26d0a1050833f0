//! A real nats-server for tests: its own port, its own store folder, and every way for it to go and come back.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NatsUser, natsUsers } from '../../tools/generate/nats-users.ts'
import { type NatsServer, startNats } from '../../tools/nats/start.ts'
import { freePort } from './ports.ts'

export type TestNats = AsyncDisposable & {
  /** Where it has users it lets nobody in without one. */
  readonly url: string
  /** For one of its users; `url` where it has none. */
  urlOf(user: string): string
  readonly port: number
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  readonly version: string
  /** Kept until `stop`; may be copied, deleted and put back while the server is down. */
  readonly storeDir: string
  /** Ends it as a crash does. */
  kill9(): Promise<void>
  /** Ends it in good order, without removing anything. */
  shutDown(): Promise<void>
  /** Starts it again on the same port and store; ends it first if it runs. */
  restart(): Promise<void>
  signal(signal: NodeJS.Signals): void
  logs(): readonly string[]
  /** Ends it for good and removes its store. */
  stop(): Promise<void>
}

/** Starts nats-server and waits until it answers. `await using` stops it at the end of the block. */
export async function startNatsServer(options: { readonly hasUsers?: boolean } = {}): Promise<TestNats> {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-nats-'))
  const port = freePort()
  const lines: string[] = []
  const users = options.hasUsers ? passwordsOf(await natsUsers()) : undefined
  const start = () =>
    startNats({
      port,
      storeDir: join(folder, 'nats'),
      onLine: (line) => lines.push(line),
      ...(users === undefined ? {} : { users }),
    })

  let server: NatsServer
  try {
    server = await start()
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const stop = async () => {
    server.signal('SIGCONT') // a paused one hears nothing else
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url: server.url,
    urlOf: (user) => (users === undefined ? server.url : withUser(server.url, user, users[user] ?? '')),
    port,
    version: server.version,
    storeDir: server.storeDir,
    get pid() {
      return server.pid
    },
    kill9: () => server.kill9(),
    shutDown: () => server.stop(),
    async restart() {
      await server.stop()
      server = await start()
    },
    signal: (signal) => server.signal(signal),
    logs: () => lines,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** None that is easy to write down. */
export const passwordsOf = (users: readonly NatsUser[]): Readonly<Record<string, string>> =>
  Object.fromEntries(users.map(({ name }, n) => [name, `0${n} "\\@: ${name}`]))

export const withUser = (url: string, user: string, password: string): string =>
  url.replace('//', `//${user}:${encodeURIComponent(password)}@`)
