//! The relay of a service: sends what the outbox holds, as soon as it is there and as long as it takes. One per service.
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock } from '../../contracts/time.ts'
import type { Store } from '../store/store.ts'
import { type FactStream, PublishError } from './fact-stream.ts'
import { type Held, type Lease, unleased } from './lease.ts'
import { relayMetrics } from './metrics.ts'
import type { Outbox } from './outbox.ts'
import { RelayCore, type RelayLimits, relayLimits } from './relay-core.ts'
import { type Backoff, backoffMs, isWorthTelling, reasonOf } from './retry.ts'
import type { OutboxTables } from './tables.ts'
import { Bell, realTimer, type SetTimer, unlessAborted } from './wait.ts'

export type RelayOptions = {
  readonly store: Store<OutboxTables>
  readonly stream: FactStream
  /** Rings when there is something to send; without it, and for what other processes announce, there is the poll. */
  readonly outbox?: Pick<Outbox, 'onAnnounced'>
  readonly now: Clock
  readonly log: Logger
  readonly registry: Registry
  /** Needed where several processes share the store. */
  readonly lease?: Lease
  readonly limits?: Partial<RelayLimits>
  readonly pollMs?: number
  /** How often an idle relay looks whether the stream is still what it left. */
  readonly checkMs?: number
  readonly pruneMs?: number
  readonly backoff?: Backoff
  readonly random?: () => number
  readonly setTimer?: SetTimer
}

export type Relay = {
  /** Ends after the window that is under way. What is left in the outbox waits for the next start. */
  stop(): Promise<void>
}

/** After fewer than so many facts the relay lets some gather; the first of a quiet time is never held back. */
const gatherBelow = 64
const gatherMs = 5
const graceMs = 1_000
const defaultBackoff: Backoff = { firstMs: 50, maxMs: 2_000 }
// A row may be announced some time before it can be seen: PostgreSQL commits after the announcement.
const impatienceMs: readonly number[] = [1, 2, 4, 8, 16, 32, 64]

export function startRelay(options: RelayOptions): Relay {
  const { store, stream, outbox, now, log, registry, lease = unleased, pollMs = 1_000 } = options
  const { checkMs = 5_000, pruneMs = 10_000, backoff = defaultBackoff, random = Math.random } = options
  const { setTimer = realTimer } = options
  const limits = { ...relayLimits, ...options.limits }
  const metrics = relayMetrics(registry, store, now)
  const stopping = new AbortController()
  const bell = new Bell(setTimer)
  let announced = 0
  let outOfStep = true

  const unlisten = [
    outbox?.onAnnounced(() => {
      announced = impatienceMs.length
      bell.ring()
    }),
    stream.onReturn(() => {
      outOfStep = true
      bell.ring()
    }),
  ]

  async function work(held: Held, signal: AbortSignal): Promise<void> {
    const core = new RelayCore({ store, stream, now, log, metrics, limits, held })
    outOfStep = true
    await Promise.all([send(core, signal), prune(core, signal)])
  }

  async function send(core: RelayCore, signal: AbortSignal): Promise<void> {
    // What is under way is waited for, but not for a bus that does not answer: the next start finds what had arrived.
    const gathering = new Bell(setTimer)
    const finish = <T>(step: Promise<T>) => unlessAborted(step, signal, { ms: graceMs, setTimer })
    let failures = 0
    let checkedAt = now()
    while (!signal.aborted) {
      try {
        await unlessAborted(stream.whenReachable(), signal)
        if (signal.aborted) return
        if (outOfStep) {
          outOfStep = false
          await finish(core.resync())
          checkedAt = now()
        }
        if (signal.aborted) return
        const windowMax = core.windowMax
        const sent = (await finish(core.publishWindow())) ?? 0
        failures = 0
        if (sent > 0) {
          // What is announced meanwhile shares the next window, its acknowledgement and its commit. More waits already
          // where the window was full.
          if (sent < Math.min(gatherBelow, windowMax)) await gathering.wait(gatherMs, signal)
          continue
        }
        await rest(signal)
        if (now() - checkedAt >= checkMs && !signal.aborted) {
          checkedAt = now()
          outOfStep ||= !(await finish(core.isInStep()))
        }
      } catch (error) {
        outOfStep = true
        failures += 1
        report(error, failures)
        // Where the stream's end is after something else was put there is known as soon as it is asked for.
        const canBeAsked = error instanceof PublishError && error.failure === 'moved' && failures === 1
        if (!canBeAsked) await bell.wait(backoffMs(failures, backoff, random), signal)
      }
    }
  }

  /** Until there is something to do. */
  async function rest(signal: AbortSignal): Promise<void> {
    const impatient = impatienceMs[impatienceMs.length - announced]
    if (announced > 0) announced -= 1
    await bell.wait(impatient ?? pollMs, signal)
  }

  async function prune(core: RelayCore, signal: AbortSignal): Promise<void> {
    const pause = new Bell(setTimer)
    while (!signal.aborted) {
      await pause.wait(pruneMs, signal)
      try {
        while (!signal.aborted && (await core.prune()) > 0) await pause.wait(1, signal)
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, 'cannot prune the outbox now')
      }
    }
  }

  function report(error: unknown, failures: number): void {
    const full = error instanceof PublishError && error.failure === 'full'
    metrics.streamFull.set(full ? 1 : 0)
    const what = { stream: stream.name, failures, reason: reasonOf(error) }
    const text = full ? 'the stream takes no more facts; they wait' : 'facts could not be sent; they wait'
    // One interruption is everyday life; what goes on is not.
    if (failures === 1) log.info(what, text)
    else if (isWorthTelling(failures)) log.error(what, text)
  }

  const running = lease.run(work, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      for (const off of unlisten) off?.()
      await running
    },
  }
}
