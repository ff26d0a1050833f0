//! Who listens: everybody who is told of notices while they are written, and how many that may be.
import { fail, ok, type Result } from '../contracts/errors.ts'
import { Bell, realTimer } from '../runtime/messages/wait.ts'
import type { Owner } from './store/notices.ts'

export type ListenerLimits = {
  /** Of all customers together. */
  readonly listenersMax: number
  readonly perUserMax: number
}

/** What a listener has waited for. `quiet`: nothing came. `over`: nobody listens here any more, or nobody may. */
export type Heard = 'news' | 'quiet' | 'over'

/** One who listens: remembers that there is news until it is asked for. */
export class Listener {
  readonly owner: Owner
  readonly #left: () => void
  readonly #news = new Bell(realTimer)
  readonly #over = new AbortController()

  constructor(owner: Owner, left: () => void) {
    this.owner = owner
    this.#left = left
  }

  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** At once where there is news already. */
  async next(quietMs: number): Promise<Heard> {
    const isNews = await this.#news.wait(quietMs, this.#over.signal)
    if (this.isOver) return 'over'
    return isNews ? 'news' : 'quiet'
  }

  wake(): void {
    this.#news.ring()
  }

  /** Gives its place back. */
  leave(): void {
    if (this.isOver) return
    this.#over.abort()
    this.#left()
  }
}

/** When somebody who has too many connections may try again: the longest that a lost one keeps its place is not much more. */
const retryAfterSeconds = 10

export class Listeners {
  readonly #limits: ListenerLimits
  readonly #byOwner = new Map<string, Set<Listener>>()
  #size = 0
  #isClosed = false

  constructor(limits: ListenerLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Refused with `too_many_requests` where this customer has too many, with `overloaded` where there are too many. */
  enter(owner: Owner): Result<Listener> {
    if (this.#isClosed) return fail('unavailable')
    const key = keyOf(owner)
    const theirs = this.#byOwner.get(key) ?? new Set()
    if (theirs.size >= this.#limits.perUserMax)
      return fail('too_many_requests', { retry_after_seconds: retryAfterSeconds })
    if (this.#size >= this.#limits.listenersMax)
      return fail('overloaded', { retry_after_seconds: retryAfterSeconds })
    const listener: Listener = new Listener(owner, () => {
      theirs.delete(listener)
      this.#size -= 1
      if (theirs.size === 0) this.#byOwner.delete(key)
    })
    theirs.add(listener)
    this.#byOwner.set(key, theirs)
    this.#size += 1
    return ok(listener)
  }

  /** There is news for this customer. */
  wake(owner: Owner): void {
    for (const listener of this.#byOwner.get(keyOf(owner)) ?? []) listener.wake()
  }

  /** Ends them all, and lets nobody in any more. */
  close(): void {
    this.#isClosed = true
    for (const theirs of [...this.#byOwner.values()]) for (const listener of [...theirs]) listener.leave()
  }
}

const keyOf = ({ tenantId, userId }: Owner): string => `${userId} ${tenantId}`
