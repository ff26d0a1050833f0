//! A real PostgreSQL for tests: its own cluster in its own folder, gone afterwards; undefined where it is not installed.
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from './ports.ts'

export type TestPostgres = AsyncDisposable & {
  /** `postgres://…` of an empty database; others are made beside it. */
  readonly url: string
  /** The address of a new, empty database of this cluster. */
  createDatabase(): Promise<string>
  /** Ends it as a crash does. */
  kill9(): Promise<void>
  /** Starts it again on the same port and data; ends it first if it runs. */
  restart(): Promise<void>
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
}

const common = ['max_connections=200']
// What a crash of the machine would lose is of no interest to a test, and syncing is most of what it would wait for.
const volatile = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/** Makes a cluster and waits until it answers: about a second. `durable`: it syncs, as one that is measured must. `await using` stops it at the end of the block. */
export async function startPostgres({ durable = false } = {}): Promise<TestPostgres | undefined> {
  const programs = findPrograms()
  if (programs === undefined) return undefined
  const user = await unprivilegedUser()
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-postgres-'))
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const port = freePort()
  const addressOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`

  const init = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await finished(Bun.spawn([...asUser(user), join(programs, 'initdb'), ...init], pipes(folder)))

  const start = async () => {
    const settings = durable ? common : [...common, ...volatile]
    const flags = [`listen_addresses=127.0.0.1`, `unix_socket_directories=`, `port=${port}`, ...settings]
    const command = [join(programs, 'postgres'), '-D', data, ...flags.flatMap((flag) => ['-c', flag])]
    const child = Bun.spawn([...asUser(user), ...command], pipes(folder))
    // Read to the end, so that it never waits for somebody to read its log.
    const log = new Response(child.stderr).text()
    const died = child.exited.then(async () => new Error(`PostgreSQL did not start: ${await log}`))
    await untilItAnswers(addressOf('postgres'), died)
    return child
  }

  let server = await start().catch(async (error) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const end = async (signal: NodeJS.Signals) => {
    server.kill(signal)
    await server.exited
  }
  let databases = 0
  const stop = async () => {
    await end('SIGINT') // "fast": does not wait for clients
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url: addressOf('postgres'),
    async createDatabase() {
      databases += 1
      const name = `test_${databases}`
      await ask(addressOf('postgres'), `create database ${name}`)
      return addressOf(name)
    },
    kill9: () => end('SIGKILL'),
    async restart() {
      await end('SIGINT')
      server = await start()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const pipes = (cwd: string) => ({ cwd, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' }) as const

/** Whether there is one to start: for tests that are skipped where there is none. */
export const hasPostgres = (): boolean => findPrograms() !== undefined

/** The folder of `initdb` and `postgres`: on the PATH, or where Debian keeps them (newest first). */
function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const onPath = Bun.which('initdb')
  const folders = [...(onPath ? [join(onPath, '..')] : []), ...versions.map((v) => join(debian, v, 'bin'))]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

type User = { readonly uid: number; readonly gid: number }

/** PostgreSQL refuses to run as root: then it is run as `postgres`, or as `nobody`. */
async function unprivilegedUser(): Promise<User | undefined> {
  if (userInfo().uid !== 0) return undefined
  const lines = (await Bun.file('/etc/passwd').text()).split('\n').map((line) => line.split(':'))
  const row = ['postgres', 'nobody'].map((name) => lines.find((line) => line[0] === name)).find(Boolean)
  if (row === undefined) throw new Error('there is no unprivileged user to run PostgreSQL as')
  return { uid: Number(row[2]), gid: Number(row[3]) }
}

/** `--pdeathsig`: the cluster ends with us, however we end. */
function asUser(user: User | undefined): string[] {
  const setpriv = Bun.which('setpriv')
  if (setpriv === null) {
    if (user === undefined) return []
    throw new Error('PostgreSQL does not run as root, and setpriv is not here to run it as somebody else')
  }
  const as = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  return [setpriv, '--pdeathsig=INT', ...as, '--']
}

async function finished(child: Bun.Subprocess<'ignore', 'ignore', 'pipe'>): Promise<void> {
  const problems = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(`initdb failed: ${problems}`)
}

async function untilItAnswers(url: string, died: Promise<Error>): Promise<void> {
  let failure: Error | undefined
  void died.then((error) => {
    failure = error
  })
  for (;;) {
    try {
      return await ask(url, 'select 1')
    } catch (error) {
      if (failure !== undefined) throw failure
      // Its log has no line that comes after the port is open, so it is asked until it answers.
      if (!/ECONNREFUSED|57P03|CONNECT/.test(String((error as { code?: unknown }).code))) throw error
      await Bun.sleep(20)
    }
  }
}

async function ask(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end({ timeout: 1 })
  }
}
