//! How many calls of one kind are let in at once: while they wait too long, only as many as are answered in that time.

/** So many at once are never too many: what is answered one by one must not shut the door on a small crowd. */
const alwaysLetIn = 64
const growth = 1.15
/** Where most are answered in a quarter of the time that they may wait, there is room for many more. */
const quickGrowth = 2
const shrinkage = 0.7
/** Judged several times within the time that one may wait: a crowd comes and goes quickly. */
const judgementsPerWait = 4

/** The most that one kind may have of the places of a door, so that no kind takes them all. */
export function shareOf(places: number): number {
  return Math.max(Math.min(alwaysLetIn, places), Math.floor(places / 2))
}

export type AdmissionOptions = {
  /** How many may run at once when nothing speaks against it. */
  readonly most: number
  /** How long one may take, waiting included, before fewer are let in. */
  readonly waitMsMax: number
  /** Those who are to be served before these: while they are pressed, fewer of these are let in. */
  readonly yieldsTo?: readonly Admission[]
}

/**
 * By Little's law one waits as long as it takes to answer those who were let in before. When most of those answered in
 * the last `waitMsMax` had waited longer than that, no more are let in than were answered in it; when they no longer
 * have, the limit grows again. All times are those of `performance.now()`.
 */
export class Admission {
  readonly #options: AdmissionOptions
  readonly #least: number
  #limit: number
  #running = 0
  /** The most that ran at once, and what became of them, since the last judgement. */
  #crowd = 0
  #late = 0
  #inTime = 0
  #quick = 0
  #turnedAway = 0
  #since = 0
  #restsSince = Number.NEGATIVE_INFINITY
  #wasPressed = false

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#least = Math.min(alwaysLetIn, options.most)
    this.#limit = options.most
  }

  /** False where one more would wait too long. */
  get isOpen(): boolean {
    return this.#running < this.#limit
  }

  /** How many may run at once, as things are. */
  get limit(): number {
    return this.#limit
  }

  /** True while some are turned away or most wait too long, and before it comes to that. Never where nobody is there. */
  get isPressed(): boolean {
    if (this.#running === 0) return false
    return this.#wasPressed || this.#turnedAway > 0 || this.#running > this.#options.most / 2
  }

  /** To be told where one was not let in. */
  turnAway(): void {
    this.#turnedAway += 1
  }

  /** To be followed by one `leave`. */
  enter(nowMs: number): void {
    // What was answered before a time of rest says nothing about now. A pause between two waves is none: a crowd that
    // comes in waves would never be judged.
    if (this.#running === 0 && nowMs - this.#restsSince >= this.#options.waitMsMax) {
      this.#limit = this.#options.most
      this.#begin(nowMs, false)
    }
    this.#running += 1
    if (this.#running > this.#crowd) this.#crowd = this.#running
  }

  /** `sinceMs` is since when it waited for us; undefined where it never did. */
  leave(sinceMs: number | undefined, nowMs: number): void {
    this.#running -= 1
    if (this.#running === 0) this.#restsSince = nowMs
    if (sinceMs === undefined) return
    const { waitMsMax } = this.#options
    const tookMs = nowMs - sinceMs
    if (tookMs > waitMsMax) this.#late += 1
    else this.#inTime += 1
    if (tookMs < waitMsMax / 4) this.#quick += 1
    if ((nowMs - this.#since) * judgementsPerWait >= waitMsMax) this.#judge(nowMs)
  }

  #judge(nowMs: number): void {
    const { waitMsMax, yieldsTo = [], most } = this.#options
    const count = this.#late + this.#inTime
    const answered = (count * waitMsMax) / (nowMs - this.#since)
    const isLate = this.#late > this.#inTime
    if (isLate && this.#crowd > this.#least) this.#limit = this.#within(Math.min(this.#limit, answered))
    else if (yieldsTo.some((one) => one.isPressed)) this.#limit = this.#within(this.#crowd * shrinkage)
    else if (this.#limit < most) {
      this.#limit = this.#within(this.#limit * (this.#quick > count / 2 ? quickGrowth : growth) + 1)
    }
    this.#begin(nowMs, isLate || this.#turnedAway > 0)
  }

  #begin(nowMs: number, wasPressed: boolean): void {
    this.#since = nowMs
    this.#wasPressed = wasPressed
    this.#crowd = this.#running
    this.#late = 0
    this.#inTime = 0
    this.#quick = 0
    this.#turnedAway = 0
  }

  #within(limit: number): number {
    return Math.max(this.#least, Math.min(this.#options.most, Math.floor(limit)))
  }
}
