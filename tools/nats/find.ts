//! Where nats-server comes from: what the machine has, or else one that is fetched into .cache/bin, without root.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { unpackDebianPackage } from './debian.ts'
import { downloadRelease } from './download.ts'

export type NatsBinary = { readonly path: string; readonly version: string }

export type FindOptions = {
  /** The repository; `.cache/bin` lies in it. */
  readonly root: string
  readonly env: Record<string, string | undefined>
  /** Where a server may be that PATH does not name: /usr/sbin is on root's PATH only. */
  readonly systemPaths: readonly string[]
  /** What to fetch with when the machine has none, in this order; each answers why it could not, or undefined. */
  readonly fetchers: readonly Fetcher[]
  readonly say: (text: string) => void
}

/** Puts a nats-server at `target`, or says why it cannot. */
export type Fetcher = {
  readonly name: string
  readonly fetch: (target: string) => Promise<string | undefined>
}

/** `$NATS_SERVER_BIN`, PATH, /usr/sbin, .cache/bin, the pinned release, the Debian package; else an error that says what to do. */
export async function findNatsServer(options: Partial<FindOptions> = {}): Promise<NatsBinary> {
  const { root, env, systemPaths, fetchers, say } = { ...defaults, ...options }

  if (env.NATS_SERVER_BIN) {
    const binary = await probe(env.NATS_SERVER_BIN)
    // Never another one than the one that was asked for.
    if (binary === undefined)
      throw new Error(`NATS_SERVER_BIN names ${env.NATS_SERVER_BIN}, which does not run as a nats-server.`)
    return binary
  }

  const target = join(root, '.cache/bin/nats-server')
  const onPath = Bun.which('nats-server', { PATH: env.PATH ?? '' })
  for (const path of [onPath, ...systemPaths, target]) {
    const binary = path === null ? undefined : await probe(path)
    if (binary) return binary
  }

  const reasons: string[] = []
  for (const { name, fetch } of fetchers) {
    say(`no nats-server on this machine; trying ${name}`)
    const reason = await fetch(target)
    const binary = reason === undefined ? await probe(target) : undefined
    if (binary) return binary
    reasons.push(`${name}: ${reason ?? 'what came does not run here'}`)
  }
  throw new Error(
    [
      'nats-server is missing and could not be fetched:',
      ...reasons.map((reason) => `  - ${reason}`),
      'Install it (Debian, Ubuntu: apt install nats-server; macOS: brew install nats-server; others:',
      'https://github.com/nats-io/nats-server/releases) or set NATS_SERVER_BIN to the path of one. 2.9 or newer.',
    ].join('\n'),
  )
}

const defaults: FindOptions = {
  root: resolve(import.meta.dir, '../..'),
  env: process.env,
  systemPaths: ['/usr/sbin/nats-server'],
  fetchers: [
    { name: 'the release on GitHub', fetch: downloadRelease },
    { name: 'the Debian package', fetch: (target) => unpackDebianPackage(target) },
  ],
  say: () => {},
}

/** The version of the server at `path`; undefined when there is none or it does not run on this machine. */
async function probe(path: string): Promise<NatsBinary | undefined> {
  if (!existsSync(path)) return undefined
  try {
    const child = Bun.spawn([path, '--version'], { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' })
    const [text, code] = await Promise.all([child.stdout.text(), child.exited])
    const version = /v(\d+\.\d+\.\d+\S*)/.exec(text)?.[1]
    return code === 0 && version !== undefined ? { path: resolve(path), version } : undefined
  } catch (error) {
    // A file for another platform, or without the right to run it: as good as absent.
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
