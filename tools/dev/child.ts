//! One process of the system, as the runner and the tests start it: own session, own output, ends with its parent.
import { readLines } from './lines.ts'

export type Exit = { readonly code: number | null; readonly signal: string | null }

export type Child = {
  readonly name: string
  readonly pid: number
  /** Resolves when it has ended and its last line was read. */
  readonly exited: Promise<Exit>
  /** The last lines that it said, oldest first. */
  lastLines(count: number): readonly string[]
  signal(signal: NodeJS.Signals): void
  /** SIGTERM; SIGKILL for it and all its children if it is still there after `timeoutMs`. Answers whether that was so. */
  stop(timeoutMs: number): Promise<{ readonly killed: boolean }>
}

export type ChildStart = {
  readonly name: string
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Record<string, string | undefined>
  readonly onLine?: (line: string) => void
  readonly linesKept?: number
}

/** Starts a process. */
export function startChild(start: ChildStart): Child {
  const kept: string[] = []
  const linesKept = start.linesKept ?? 50
  const child = Bun.spawn([...start.command], {
    cwd: start.cwd,
    // Bun's own watch on the parent: whoever dies, also of `kill -9`, takes its children along (Linux and macOS).
    env: { ...start.env, BUN_FEATURE_FLAG_NO_ORPHANS: '1' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    // A session of its own: Ctrl-C in the terminal reaches the runner alone, which stops things in their order.
    detached: true,
  })
  const onLine = (line: string) => {
    if (kept.push(line) > linesKept) kept.shift()
    start.onLine?.(line)
  }
  const reading = Promise.all([readLines(child.stdout, onLine), readLines(child.stderr, onLine)])
  const exited = child.exited.then(async () => {
    // A grandchild that outlives it may hold the pipe open: that is not worth waiting for.
    await Promise.race([reading, Bun.sleep(200)])
    return { code: child.exitCode, signal: child.signalCode === null ? null : String(child.signalCode) }
  })

  return {
    name: start.name,
    pid: child.pid,
    exited,
    lastLines: (count) => kept.slice(-count),
    signal: (signal) => child.kill(signal),
    async stop(timeoutMs) {
      let killed = false
      const timer = setTimeout(() => {
        killed = true
        killGroup(child.pid)
      }, timeoutMs)
      child.kill('SIGTERM')
      await exited
      clearTimeout(timer)
      return { killed }
    },
  }
}

/** Kills a process that leads a session, and what it started. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return // it is gone already
    throw error
  }
}

/** `exit code 1` or `SIGKILL`. */
export const describeExit = (exit: Exit) => exit.signal ?? `exit code ${exit.code}`
