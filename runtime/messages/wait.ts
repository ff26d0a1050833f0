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

/**
 * What `promise` brings; undefined where the signal is given and a time of grace has passed. What it does after that is
 * left to itself.
 */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  grace: { readonly ms: number; readonly setTimer: SetTimer } = { ms: 0, setTimer: realTimer },
): Promise<T | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>()
  let cancel: (() => void) | undefined
  const begin = () => {
    cancel = grace.setTimer(() => resolve(undefined), grace.ms)
  }
  if (signal.aborted) begin()
  signal.addEventListener('abort', begin)
  try {
    return await Promise.race([promise, over])
  } finally {
    cancel?.()
    signal.removeEventListener('abort', begin)
  }
}
