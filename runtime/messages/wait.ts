//! How relays and readers wait: for a time, for a bell, or until they are stopped. Timers are handed in.

/** Calls once after a time; returns how to call it off. */
export type SetTimer = (run: () => void, ms: number) => () => void

export const realTimer: SetTimer = (run, ms) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

/** Somebody waits, somebody rings. A ring while nobody waits is heard by the next who does. */
export class Bell {
  readonly #setTimer: SetTimer
  #rung = false
  #wake: (() => void) | undefined

  constructor(setTimer: SetTimer) {
    this.#setTimer = setTimer
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Until it rings, the time is over or the signal is given: true where it rang. One waits at a time. */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#rung && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      this.#wake = wake
      const cancel = this.#setTimer(wake, ms)
      signal.addEventListener('abort', wake)
      await promise
      cancel()
      signal.removeEventListener('abort', wake)
      this.#wake = undefined
    }
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}

/** What `promise` brings, or undefined as soon as the signal is given; what it does after that is left to itself. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) {
    promise.catch(() => undefined) // nobody is there any more to be told
    return undefined
  }
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const stop = () => resolve(undefined)
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** What `promise` brings within the time; it may be waited for again after `late`. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  setTimer: SetTimer,
  signal: AbortSignal,
): Promise<T | 'late' | 'aborted'> {
  const { promise: late, resolve } = Promise.withResolvers<'late' | 'aborted'>()
  const cancel = setTimer(() => resolve('late'), ms)
  const stop = () => resolve('aborted')
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([promise, late])
  } finally {
    cancel()
    signal.removeEventListener('abort', stop)
  }
}
