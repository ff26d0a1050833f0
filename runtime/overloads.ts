//! The log of those who are turned away: under overload a line for each would be the larger part of the load.
import type { Logger } from './log.ts'

/** Says at most once a second how many calls were turned away. */
export class Overloads {
  readonly #log: Pick<Logger, 'error'>
  #turnedAway = 0
  #isTold = false

  constructor(log: Pick<Logger, 'error'>) {
    this.#log = log
  }

  /** `route` is what they asked for: a route, a method, a subject. */
  count(route: string): void {
    this.#turnedAway += 1
    if (this.#isTold) return
    this.#isTold = true
    this.#tell(route)
    setTimeout(() => {
      this.#isTold = false
      if (this.#turnedAway > 0) this.#tell(route)
    }, 1000).unref()
  }

  #tell(route: string): void {
    this.#log.error({ turned_away: this.#turnedAway, route, code: 'overloaded' }, 'requests turned away')
    this.#turnedAway = 0
  }
}
