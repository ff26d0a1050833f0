//! How many handlers run at once, and the moment when none does.

export class InFlight {
  readonly max: number
  #count = 0
  #idle: PromiseWithResolvers<void> | undefined

  constructor(max: number) {
    this.max = max
  }

  get full(): boolean {
    return this.#count >= this.max
  }

  /**
   * Counts `work` until it has settled, which may be after its caller was answered: a handler past its deadline still
   * takes memory and connections.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1
    try {
      return await work()
    } finally {
      this.#count -= 1
      if (this.#count === 0) this.#idle?.resolve()
    }
  }

  /** Settles when nothing runs. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers<void>()
    return this.#idle.promise
  }
}
