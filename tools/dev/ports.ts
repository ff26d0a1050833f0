//! Whether ports are free, and who has those that are not.
import { readdir, readFile, readlink } from 'node:fs/promises'

export type WantedPort = {
  readonly host: string
  readonly port: number
  readonly owner: string
  readonly setting: string
}

/** One sentence for every wanted port that cannot be had: taken by a process, or wanted twice. */
export async function findTakenPorts(wanted: readonly WantedPort[]): Promise<readonly string[]> {
  const problems: string[] = []
  for (const [index, { host, port, owner, setting }] of wanted.entries()) {
    const twin = wanted.slice(0, index).find((other) => other.port === port)
    if (twin)
      problems.push(`port ${port} is set for ${twin.owner} (${twin.setting}) and for ${owner} (${setting})`)
    else if (!isFree(host, port)) {
      const holder = await holderOf(port)
      problems.push(`port ${port} of ${owner} (${setting}) is taken${holder ? ` by ${holder}` : ''}`)
    }
  }
  return problems
}

/** Tries it: the only answer that counts is the one that the service itself would get. */
export function isFree(host: string, port: number): boolean {
  try {
    const listener = Bun.listen({ hostname: host, port, exclusive: true, socket: { data() {} } })
    listener.stop(true)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES'))
      return false
    throw new Error(`cannot listen on ${host}:${port}`, { cause: error })
  }
}

/** Pid and command of the process that listens on a port, where the system tells (Linux). */
export async function holderOf(port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  const inodes = new Set([
    ...(await listeningInodes('/proc/net/tcp', port)),
    ...(await listeningInodes('/proc/net/tcp6', port)),
  ])
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await holdsOneOf(pid, inodes)) return `pid ${pid}: ${await commandOf(pid)}`
  }
  return inodes.size > 0 ? 'a process of another user' : undefined
}

// Fields of /proc/net/tcp: 1 local address (hex ip:port), 3 state (0A: listening), 9 inode.
async function listeningInodes(table: string, port: number): Promise<readonly string[]> {
  const hexPort = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ((await tryRead(table)) ?? '').split('\n').map((row) => row.trim().split(/\s+/))
  return rows.filter((row) => row[1]?.endsWith(hexPort) && row[3] === '0A').flatMap((row) => row[9] ?? [])
}

async function holdsOneOf(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(ignoreVanished)
  for (const descriptor of descriptors ?? []) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(ignoreVanished)
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]
    if (inode !== undefined && inodes.has(inode)) return true
  }
  return false
}

const commandOf = async (pid: string) =>
  ((await tryRead(`/proc/${pid}/cmdline`)) ?? '').split('\0').join(' ').trim() || 'unknown'
const tryRead = (path: string) => readFile(path, 'utf8').catch(ignoreVanished)

/** Processes end while one looks at them, and those of others may not be looked at. */
function ignoreVanished(error: NodeJS.ErrnoException): undefined {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL'].includes(error.code ?? '')) return undefined
  throw error
}
