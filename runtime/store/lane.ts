//! The group-commit lane: jobs that wait run one after another inside one transaction, and one fsync answers them all.
import type { Database } from 'bun:sqlite'
import { Refusal } from '../refusal.ts'

/** Runs between two macrotasks; handed in so that a simulation decides when. */
export type Defer = (run: () => void) => void

export type LaneOptions = {
  readonly database: Database
  /** `immediate` for the writer; `deferred` takes a snapshot and no lock. */
  readonly begin: 'BEGIN IMMEDIATE' | 'BEGIN'
  /** Whether a job's failure has something to undo; a reader's has not. */
  readonly savepoints: boolean
  /** More waiting jobs than this are refused with `overloaded`. */
  readonly waitingMax: number
  readonly defer: Defer
  /** A clock that never goes back; only differences of it count. */
  readonly elapsedMs?: () => number
  /** Told after each batch: how many jobs it held, and how long the first of them waited. */
  readonly onBatch?: (jobs: number, waitMs: number) => void
}

/** One body's grant to use the connection. The lane revokes it when the body has settled or has broken the rule. */
export type Grant = { alive: boolean }
export type Job = (grant: Grant) => Promise<unknown>

type Waiting = {
  job: Job
  since: number
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}
type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }

const batchJobsMax = 512
const batchMsMax = 8

const lost = (cause?: unknown) =>
  new Refusal('unavailable', 'the transaction could not be committed', { cause })

export class Lane {
  readonly #options: LaneOptions
  readonly #elapsedMs: () => number
  readonly #statements: Record<'begin' | 'commit' | 'savepoint' | 'release' | 'undo', { run(): unknown }>
  #waiting: Waiting[] = []
  #scheduled = false
  #draining = false
  #closed = false
  #idle: (() => void) | undefined
  /** Ends the body that is running, as if it had settled so. */
  #settleRunning: ((outcome: Outcome) => void) | undefined

  constructor(options: LaneOptions) {
    this.#options = options
    this.#elapsedMs = options.elapsedMs ?? (() => performance.now())
    const { database, begin } = options
    this.#statements = {
      begin: database.query(begin),
      commit: database.query('COMMIT'),
      savepoint: database.query('SAVEPOINT job'),
      release: database.query('RELEASE job'),
      undo: database.query('ROLLBACK TO job'),
    }
  }

  /** Resolves after the COMMIT that holds the job's changes. */
  run(job: Job): Promise<unknown> {
    if (this.#closed) return Promise.reject(new Refusal('unavailable', 'the store is closed'))
    if (this.#waiting.length >= this.#options.waitingMax) {
      return Promise.reject(
        new Refusal('overloaded', `more than ${this.#options.waitingMax} jobs wait for the store`),
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, since: this.#elapsedMs(), resolve, reject })
      this.#schedule()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#waiting.length === 0 && !this.#draining) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#draining) return
    this.#scheduled = true
    // The sockets are read first, so that whoever knocks meanwhile shares this batch's fsync.
    this.#options.defer(() => {
      this.#scheduled = false
      this.#draining = true
      this.#drain().then(
        () => this.#drained(),
        (error) => {
          throw error // A lane that fails outside a batch is a bug: it ends the process.
        },
      )
    })
  }

  #drained(): void {
    this.#draining = false
    if (this.#waiting.length > 0) this.#schedule()
    else if (this.#closed) this.#idle?.()
  }

  async #drain(): Promise<void> {
    const { database, onBatch } = this.#options
    const batch: Waiting[] = []
    const outcomes: Outcome[] = []
    const startedAt = this.#elapsedMs()
    const waitMs = startedAt - (this.#waiting[0]?.since ?? startedAt)
    try {
      this.#statements.begin.run()
    } catch (error) {
      // Without a transaction nothing may run; whoever waits is told so rather than left to spin.
      for (const waiting of this.#waiting.splice(0)) waiting.reject(lost(error))
      return
    }
    const stopWatching = this.#watch()
    try {
      for (const waiting of this.#waiting) {
        if (batch.length >= batchJobsMax || this.#elapsedMs() - startedAt > batchMsMax) break
        batch.push(waiting)
        outcomes.push(await this.#runOne(waiting.job))
        if (!database.inTransaction) throw new Error('a statement rolled the whole batch back')
      }
      this.#statements.commit.run()
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK')
      this.#waiting.splice(0, batch.length)
      for (const waiting of batch) waiting.reject(lost(error))
      return
    } finally {
      stopWatching()
    }
    this.#waiting.splice(0, batch.length)
    onBatch?.(batch.length, waitMs)
    for (const [index, waiting] of batch.entries()) {
      const outcome = outcomes[index]
      if (outcome?.ok) waiting.resolve(outcome.value)
      else waiting.reject(outcome?.error)
    }
  }

  /** A job's own failure undoes its own savepoint and nobody else's. */
  async #runOne(job: Job): Promise<Outcome> {
    const { database, savepoints } = this.#options
    if (savepoints) this.#statements.savepoint.run()
    const grant: Grant = { alive: true }
    const outcome = await new Promise<Outcome>((resolve) => {
      this.#settleRunning = resolve
      // `then` on the promise itself and not an async wrapper: this runs thousands of times a second.
      try {
        job(grant).then(
          (value) => resolve({ ok: true, value }),
          (error) => resolve({ ok: false, error }),
        )
      } catch (error) {
        resolve({ ok: false, error })
      }
    })
    grant.alive = false
    this.#settleRunning = undefined
    if (!savepoints || !database.inTransaction) return outcome
    if (!outcome.ok) this.#statements.undo.run()
    this.#statements.release.run()
    return outcome
  }

  /**
   * SQLite's statements are synchronous, so a body that awaits nothing else settles within the same macrotask. If another
   * macrotask begins while a body runs, the body awaited something that it must not: it fails.
   */
  #watch(): () => void {
    const { defer } = this.#options
    let watching = true
    const check = () => {
      if (!watching) return
      this.#settleRunning?.({
        ok: false,
        error: new Error('a transaction body awaited something other than its transaction'),
      })
      defer(check)
    }
    defer(check)
    return () => {
      watching = false
    }
  }
}
