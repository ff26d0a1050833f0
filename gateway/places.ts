//! Places at a service: so many requests are with it at once, the next wait for theirs in their turn.

/**
 * Bun's `fetch` has so many requests under way in a whole process, whatever their hosts (BUN_CONFIG_MAX_HTTP_REQUESTS);
 * the next ones wait in one line. A service that hangs must not fill it for all the others.
 */
export class Places {
  readonly #placesMax: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor({ placesMax, waitingMax }: { placesMax: number; waitingMax: number }) {
    this.#placesMax = placesMax
    this.#waitingMax = waitingMax
  }

  get taken(): number {
    return this.#taken
  }

  /** False where too many wait already. Who took a place leaves it, whatever happened. */
  take(): boolean | Promise<boolean> {
    if (this.#taken < this.#placesMax) {
      this.#taken += 1
      return true
    }
    if (this.#waiting.length >= this.#waitingMax) return false
    return new Promise((resolve) => this.#waiting.push(() => resolve(true)))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken -= 1
    else next()
  }
}
