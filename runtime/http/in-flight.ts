//! The requests that are being worked on: how many, and which of them have taken too long.

export type Exchange = {
  /** By `performance.now()`. */
  readonly dueAtMs: number
  expire(): void
}

/** Whoever means well has sent what they ask by then: nobody gets more where a place is missing. */
const sendingMsMax = 1000

/**
 * All requests have the same time, so the oldest is the first to be late and one timer is enough for all: a request costs
 * an entry in a set, and no timer of its own.
 */
export class InFlight {
  readonly #exchanges = new Set<Exchange>()
  /** Those whose callers have not sent everything yet, and since when they do. */
  readonly #sending = new Map<Exchange, number>()
  #isTimerSet = false
  #onEmpty: (() => void) | undefined

  get size(): number {
    return this.#exchanges.size
  }

  add(exchange: Exchange): void {
    this.#exchanges.add(exchange)
    if (!this.#isTimerSet) this.#setTimer(exchange.dueAtMs)
  }

  /** False where the request was answered already. */
  has(exchange: Exchange): boolean {
    return this.#exchanges.has(exchange)
  }

  sending(exchange: Exchange, nowMs: number): void {
    this.#sending.set(exchange, nowMs)
  }

  sent(exchange: Exchange): void {
    this.#sending.delete(exchange)
  }

  /** True where it waits for its caller, and not for us. */
  isSending(exchange: Exchange): boolean {
    return this.#sending.has(exchange)
  }

  /** Ends those who have been sending for too long. */
  endSlow(nowMs: number): void {
    // Asked for each of a flood.
    if (this.#sending.size === 0) return
    for (const [exchange, sinceMs] of this.#sending) {
      if (nowMs - sinceMs < sendingMsMax) return
      exchange.expire()
    }
  }

  remove(exchange: Exchange): void {
    this.#exchanges.delete(exchange)
    this.#sending.delete(exchange)
    if (this.#exchanges.size === 0) this.#onEmpty?.()
  }

  /** Resolves when nothing is being worked on. */
  async empty(): Promise<void> {
    if (this.#exchanges.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onEmpty = resolve
    await promise
  }

  #setTimer(dueAtMs: number): void {
    this.#isTimerSet = true
    setTimeout(this.#expireLate, Math.max(1, dueAtMs - performance.now())).unref()
  }

  readonly #expireLate = () => {
    this.#isTimerSet = false
    const nowMs = performance.now()
    for (const exchange of this.#exchanges) {
      if (exchange.dueAtMs > nowMs) return this.#setTimer(exchange.dueAtMs)
      exchange.expire()
    }
  }
}
