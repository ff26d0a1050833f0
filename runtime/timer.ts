//! Work that the clock starts: deadlines are rows, and a timer is set to the nearest of them.
import type { Logger } from 'pino'
import type { Clock, Instant } from '../contracts/time.ts'
import { realTimer, type SetTimer } from './messages/wait.ts'

export type DeadlineTimer = {
  /** A new deadline was written: it may be nearer than the one that the timer is set to. */
  wake(at: Instant): void
  /** Waits for a run that is under way. */
  close(): Promise<void>
}

export type DeadlineTimerOptions = {
  readonly name: string
  /** Does what is due and answers when the next is, or undefined where nothing waits. */
  readonly run: () => Promise<Instant | undefined>
  readonly now: Clock
  readonly log: Logger
  /** Rows are looked at so often whatever was answered: another process may have written one, and clocks are set. */
  readonly atLeastEveryMs?: number
  readonly setTimer?: SetTimer
}

/** Runs at once, then at each deadline. A run that fails is logged and tried again; nothing is due that a later run would not find. */
export function deadlineTimer({
  name,
  run,
  now,
  log,
  atLeastEveryMs = 1000,
  setTimer = realTimer,
}: DeadlineTimerOptions): DeadlineTimer {
  let callOff: (() => void) | undefined
  let dueAt = Number.POSITIVE_INFINITY
  let isRunning = false
  let settled = Promise.resolve()
  let closed = false

  const set = (at: number) => {
    callOff?.()
    dueAt = at
    callOff = setTimer(start, Math.max(0, at - now()))
  }
  const runOnce = async () => {
    let next: Instant | undefined
    try {
      next = await run()
    } catch (error) {
      log.warn({ err: error, timer: name }, 'work of the clock failed and is tried again')
    }
    isRunning = false
    if (!closed) set(Math.min(next ?? Number.POSITIVE_INFINITY, now() + atLeastEveryMs))
  }
  const start = () => {
    if (closed || isRunning) return
    isRunning = true
    settled = runOnce()
  }
  start()
  return {
    wake(at) {
      if (!closed && !isRunning && at < dueAt) set(at)
    },
    async close() {
      closed = true
      callOff?.()
      await settled
    },
  }
}
