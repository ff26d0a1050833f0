//! The reader of one stream: keeps its own place, applies every fact once and in order, and gets past those that fail.
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock, Instant } from '../../contracts/time.ts'
import type { Store } from '../store/store.ts'
import { PlaceMoved } from './apply.ts'
import { countDeadLetters } from './dead-letter-rows.ts'
import { type FactStream, Interrupted, type Message, type Reading } from './fact-stream.ts'
import { type Handler, type Heard, handlersByType, type Unreadable, Unusable } from './handler.ts'
import { dropInbox } from './inbox-rows.ts'
import { type Held, type Lease, LeaseLost, unleased } from './lease.ts'
import { readerMetrics } from './metrics.ts'
import { ReaderCore } from './reader-core.ts'
import {
  type Backoff,
  backoffMs,
  isStoreAway,
  isWorthTelling,
  kindOf,
  reasonOf,
  retryDelaysMs,
} from './retry.ts'
import type { ReaderTables } from './tables.ts'
import { Bell, realTimer, type SetTimer, unlessAborted } from './wait.ts'

export type ReaderOptions<T extends ReaderTables> = {
  readonly store: Store<T>
  readonly stream: FactStream
  readonly handlers: readonly Handler<T>[]
  readonly now: Clock
  readonly log: Logger
  readonly registry: Registry
  /** Needed where several processes share the store. */
  readonly lease?: Lease
  /** How many facts one transaction takes at most. */
  readonly batchMax?: number
  /** When a fact that failed is tried again; after the last it is put aside. */
  readonly retryDelaysMs?: readonly number[]
  /** How often an idle reader looks whether the stream is still the one that it reads. */
  readonly checkMs?: number
  /** How long the inbox remembers; much longer than an outbox could tell again. */
  readonly keepMs?: number
  readonly pruneMs?: number
  readonly backoff?: Backoff
  readonly random?: () => number
  readonly setTimer?: SetTimer
}

export type Reader = {
  /** Ends after the transaction that is under way. */
  stop(): Promise<void>
}

const gatherBelow = 64
const gatherMs = 5
const defaultBackoff: Backoff = { firstMs: 50, maxMs: 2_000 }
const dayMs = 24 * 60 * 60 * 1000
const inboxRowsPerWrite = 1_000

export function startReader<T extends ReaderTables>(options: ReaderOptions<T>): Reader {
  const { store, stream, now, log, lease = unleased, batchMax = 256, checkMs = 5_000 } = options
  const { keepMs = 30 * dayMs, pruneMs = 60_000, backoff = defaultBackoff, random = Math.random } = options
  const { setTimer = realTimer } = options
  const delaysMs = options.retryDelaysMs ?? retryDelaysMs
  const handlers = handlersByType(options.handlers)
  const metrics = readerMetrics(options.registry)
  const stopping = new AbortController()
  const name = { stream: stream.name }

  async function work(held: Held, signal: AbortSignal): Promise<void> {
    const core = new ReaderCore({ store, stream, handlers, now, log, metrics, held })
    await Promise.all([follow(core, signal), watch(core, signal), prune(signal)])
  }

  async function follow(core: ReaderCore<T>, signal: AbortSignal): Promise<void> {
    const pause = new Bell(setTimer)
    let failures = 0
    while (!signal.aborted) {
      let reading: Reading | undefined
      try {
        await unlessAborted(stream.whenReachable(), signal)
        if (signal.aborted) return
        const opening = core.open()
        reading = await unlessAborted(opening, signal)
        if (reading === undefined) {
          opening.then(
            (late) => late.close(),
            () => undefined, // nobody waits for it any more
          )
          return
        }
        await countDead()
        failures = 0
        await readOn(core, reading, signal)
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        report(error, failures)
      } finally {
        reading?.close()
      }
      await pause.wait(backoffMs(Math.max(1, failures), backoff, random), signal)
    }
  }

  /** Until the reading ends or the signal is given. */
  async function readOn(core: ReaderCore<T>, reading: Reading, signal: AbortSignal): Promise<void> {
    const [bell, gathering] = [new Bell(setTimer), new Bell(setTimer)]
    let arrived: { messages: readonly Message[] } | { error: unknown } | undefined
    const arrive = (what: typeof arrived) => {
      arrived = what
      bell.ring()
    }
    const ask = () => {
      arrived = undefined
      reading.next(batchMax).then(
        (messages) => arrive({ messages }),
        (error) => arrive({ error }),
      )
    }
    ask()
    while (!signal.aborted) {
      metrics.lag.set(name, reading.pending)
      await bell.wait(checkMs, signal)
      if (signal.aborted) return
      if (arrived === undefined) {
        if (!(await core.isInPlace())) throw new Interrupted('the stream is not the one that we read')
      } else if ('error' in arrived) throw arrived.error
      else {
        const { messages } = arrived
        await take(core, messages, signal)
        // What arrives meanwhile shares the next transaction; the first of a quiet time is never held back.
        if (messages.length < gatherBelow) await gathering.wait(gatherMs, signal)
        ask()
      }
    }
  }

  async function take(core: ReaderCore<T>, messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const heard = core.hear(messages)
    const unreadable: Unreadable[] = []
    const apply = async (some: readonly Heard<T>[]) => {
      unreadable.push(...(await core.apply(some)).unreadable)
    }
    try {
      const failed = await attempt(() => apply(heard), signal)
      if (failed === undefined) {
        if (heard.some((each) => each.kind === 'unreadable')) await countDead()
        return
      }
      // One of them has failed, and took the others' effects with it.
      for (const each of heard) await takeOne(core, each, signal, apply)
      await countDead()
    } finally {
      tellUnreadable(unreadable)
    }
  }

  /** One line for a batch, whatever is in it: whoever floods the stream must not flood the log. */
  function tellUnreadable(unreadable: readonly Unreadable[]): void {
    const [first] = unreadable
    if (first === undefined) return
    const { sequence, subject } = first.message
    log.error(
      { ...name, count: unreadable.length, sequence, subject, reason: first.reason },
      'facts cannot be read and were put aside as dead letters; this is the first of them',
    )
  }

  async function takeOne(
    core: ReaderCore<T>,
    heard: Heard<T>,
    signal: AbortSignal,
    apply: (heard: readonly Heard<T>[]) => Promise<void>,
  ): Promise<void> {
    const pause = new Bell(setTimer)
    for (let attempts = 1; ; attempts += 1) {
      const failed = await attempt(() => apply([heard]), signal)
      if (failed === undefined) return
      const { sequence, subject } = heard.message
      const what = { ...name, sequence, subject, attempts, error: kindOf(failed.error) }
      const delayMs = failed.error instanceof Unusable ? undefined : delaysMs[attempts - 1]
      if (delayMs === undefined) {
        log.error(what, 'a fact cannot be handled and is put aside as a dead letter')
        const failure = { reason: reasonOf(failed.error), attempts }
        const aside = await attempt(() => core.apply([heard], failure), signal)
        if (aside !== undefined) throw aside.error
        return
      }
      log.warn(what, 'a fact failed and is tried again')
      await pause.wait(delayMs, signal)
    }
  }

  /** Runs it until the store can be worked with; what else it throws is the answer. */
  async function attempt(
    run: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<{ readonly error: unknown } | undefined> {
    const pause = new Bell(setTimer)
    for (let failures = 1; ; failures += 1) {
      // Never passed over in silence: what follows would be applied without it.
      if (signal.aborted) throw new Interrupted('the reader was stopped')
      try {
        await run()
        return undefined
      } catch (error) {
        if (error instanceof PlaceMoved || error instanceof LeaseLost) throw error
        if (!isStoreAway(error)) return { error }
        if (failures === 1 || isWorthTelling(failures))
          log.warn({ ...name, failures, error: kindOf(error) }, 'the store cannot be written now; facts wait')
        await pause.wait(backoffMs(failures, backoff, random), signal)
      }
    }
  }

  /** The lag also while nothing is read, which is when it matters most; dead letters, as others settle them. */
  async function watch(core: ReaderCore<T>, signal: AbortSignal): Promise<void> {
    const pause = new Bell(setTimer)
    while (!signal.aborted) {
      await pause.wait(checkMs, signal)
      try {
        await countDead()
        const state = await unlessAborted(stream.state(), signal)
        if (state !== undefined) metrics.lag.set(name, Math.max(0, state.lastSequence - core.place.sequence))
      } catch (error) {
        log.debug(
          { ...name, error: kindOf(error) },
          'how it stands is not known while stream or store is away',
        )
      }
    }
  }

  async function countDead(): Promise<void> {
    const [row] = await store.read((tx) => countDeadLetters(tx, name))
    metrics.deadLetters.set(name, row?.count ?? 0)
  }

  async function prune(signal: AbortSignal): Promise<void> {
    const pause = new Bell(setTimer)
    while (!signal.aborted) {
      await pause.wait(pruneMs, signal)
      try {
        while (!signal.aborted && (await pruneSome()) > 0) await pause.wait(1, signal)
      } catch (error) {
        log.warn({ ...name, error: kindOf(error) }, 'cannot prune the inbox now')
      }
    }
  }

  async function pruneSome(): Promise<number> {
    const before = Math.max(0, now() - keepMs) as Instant
    return (await store.write((tx) => dropInbox(tx, { ...name, before, limit: inboxRowsPerWrite }))).length
  }

  function report(error: unknown, failures: number): void {
    // Bus, lease and place come and go; anything else is news at once.
    const expected = error instanceof Interrupted || error instanceof PlaceMoved || error instanceof LeaseLost
    // At a first start the stream is not there yet; only one that stays away is worth somebody's attention.
    const level = !expected ? 'error' : failures === 1 ? 'info' : failures % 20 === 0 ? 'warn' : 'debug'
    const reason = expected ? reasonOf(error) : kindOf(error)
    log[level]({ ...name, failures, reason }, 'the reading of a stream was interrupted')
  }

  const running = lease.run(work, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
