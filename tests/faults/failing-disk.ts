//! A disk that answers with errors: strace makes the calls of a running process to its own files fail.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLines } from '../../tools/dev/lines.ts'

export type FailingDisk = {
  /** The disk works again; answers with how many calls have failed. */
  heal(): Promise<number>
}

export type DiskFailure = {
  readonly pid: number
  /** Calls to other files go through. */
  readonly paths: readonly string[]
  /** Of `write`, `sync` and `read`. */
  readonly what: readonly (keyof typeof calls)[]
  /** Every one that is asked for, every second, every third … */
  readonly every: number
}

const calls = { write: 'pwrite64', sync: 'fsync,fdatasync', read: 'pread64' } as const

/** Who is killed while strace holds it may keep strace waiting. */
const letGoMsMax = 5_000

/** Why no disk can be made to fail here; undefined where one can. */
export async function whyNoFailingDisk(): Promise<string | undefined> {
  if (process.platform !== 'linux' || Bun.which('strace') === null) return 'strace is not installed'
  const victim = Bun.spawn(['sleep', '60'], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })
  try {
    await (await failDisk({ pid: victim.pid, paths: ['/nowhere'], what: ['write'], every: 1 })).heal()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    victim.kill('SIGKILL')
    await victim.exited
  }
}

/** From now on its calls fail with EIO, until `heal` or its end. */
export async function failDisk({ pid, paths, what, every }: DiskFailure): Promise<FailingDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-strace-'))
  const trace = join(folder, 'trace')
  const names = what.map((each) => calls[each]).join(',')
  const inject = `inject=${names}:error=EIO:when=1+${every}`
  const only = paths.flatMap((path) => ['-P', path])
  const strace = Bun.spawn(['strace', '-f', '-o', trace, ...only, '-e', inject, '-p', String(pid)], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const heal = async () => {
    strace.kill('SIGINT') // lets go of the process
    const timer = setTimeout(() => strace.kill('SIGKILL'), letGoMsMax)
    await strace.exited
    clearTimeout(timer)
    const text = await Bun.file(trace).text()
    await rm(folder, { recursive: true })
    return text.split('(INJECTED)').length - 1
  }
  // Read to the end: it also tells of every new thread, and whoever writes to a pipe that nobody reads dies.
  const said: string[] = []
  const attached = Promise.withResolvers<boolean>()
  const reading = readLines(strace.stderr, (line) => {
    said.push(line)
    attached.resolve(line.includes('attached'))
  })
  reading.then(() => attached.resolve(false), attached.reject)
  if (!(await attached.promise)) {
    strace.kill('SIGINT')
    await strace.exited
    await rm(folder, { recursive: true })
    throw new Error(`strace cannot attach: ${said.join(' ')}`)
  }
  return { heal }
}
