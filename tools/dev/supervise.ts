//! Keeps one process running: starts it, waits until it is ready, and starts it again when it dies.
import { type Child, type ChildStart, describeExit, killGroup, startChild } from './child.ts'
import type { Output } from './output.ts'

export type Supervised = {
  readonly name: string
  readonly pid: number
  /** Resolves when it is ready for the first time; throws, with its last lines, when it ends before or takes too long. */
  readonly started: Promise<void>
  /** From now on it is not started again. Ends it; kills it when it takes longer than `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>
  kill(): void
}

/** Whether a process that was just started is of use; gives up when `until` is aborted. */
export type ReadyCheck = (until: AbortSignal) => Promise<boolean>

const restartDelayMs = { first: 200, max: 5_000 }
/** A process that lived this long was well: its next death is a first one again. */
const wellAfterMs = 10_000

/** Starts the process and looks after it until `stop`. */
export function supervise(start: ChildStart, isReady: ReadyCheck, output: Output): Supervised {
  const { name } = start
  const stopping = new AbortController()
  let child = startChild(start)
  const started = untilReady(child)
  const kept = started.then(keepAlive, () => undefined) // a failed start is reported by whoever awaits `started`

  async function untilReady(current: Child): Promise<void> {
    const ended = new AbortController()
    const exit = current.exited.then((how) => {
      ended.abort()
      return how
    })
    if (await isReady(AbortSignal.any([ended.signal, stopping.signal]))) return
    if (stopping.signal.aborted) throw new Error(`${name} was stopped before it was ready`)
    const what = ended.signal.aborted
      ? `ended (${describeExit(await exit)}) before it was ready`
      : 'did not become ready'
    throw new Error(
      `${name} ${what}. Its last lines:\n${current.lastLines(15).join('\n') || '(it said nothing)'}`,
    )
  }

  async function keepAlive(): Promise<void> {
    let delayMs = restartDelayMs.first
    while (!stopping.signal.aborted) {
      const startedAt = performance.now()
      const exit = await child.exited
      if (stopping.signal.aborted) return
      if (performance.now() - startedAt > wellAfterMs) delayMs = restartDelayMs.first
      output.say(`${name} ended (${describeExit(exit)}); starting it again in ${delayMs / 1_000} s`)
      await sleep(delayMs, stopping.signal)
      if (stopping.signal.aborted) return
      delayMs = Math.min(delayMs * 2, restartDelayMs.max)
      child = startChild(start)
      announce(child)
    }
  }

  function announce(current: Child): void {
    untilReady(current).then(
      () => output.say(`${name} is back, pid ${current.pid}`),
      () => undefined, // its end is announced by keepAlive, and a slow one shows its own lines
    )
  }

  return {
    name,
    get pid() {
      return child.pid
    },
    started,
    async stop(timeoutMs) {
      stopping.abort()
      const { killed } = await child.stop(timeoutMs)
      if (killed) output.say(`${name} did not end within ${timeoutMs / 1_000} s and was killed`)
      await kept
    },
    kill() {
      stopping.abort()
      killGroup(child.pid)
    },
  }
}

/** Sleeps, but not longer than until `until` is aborted. */
function sleep(timeMs: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeMs)
    until.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
