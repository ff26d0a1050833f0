//! One step at a time of what a relay does: compare outbox and stream, publish a window, prune. relay.ts repeats them.
import type { Logger } from 'pino'
import { type Clock, type Instant, instantOf } from '../../contracts/time.ts'
import type { Store, Tx } from '../store/store.ts'
import { eventIdOf } from './envelope.ts'
import type { FactStream, OutgoingFact } from './fact-stream.ts'
import type { Held } from './lease.ts'
import type { RelayMetrics } from './metrics.ts'
import {
  dropSent,
  firstLost,
  lostRows,
  markFound,
  markWindow,
  newRows,
  sentAtOrBefore,
  unmarkAfter,
  unmarkAt,
  unmarkedAmong,
} from './outbox-rows.ts'
import {
  agrees,
  nextOffset,
  type Remembered,
  repairableSince,
  shiftBelow,
  unrememberedAfter,
} from './resync.ts'
import type { OutboxTables } from './tables.ts'

export type RelayLimits = {
  /** How many facts are under way at once. */
  readonly windowMax: number
  readonly windowBytesMax: number
  /** Sent rows go when they are older than this … */
  readonly keepMs: number
  /** … or no longer among so many newest … */
  readonly keepRows: number
  /** … but never before they were in the stream for so long. */
  readonly settleMs: number
}

const minuteMs = 60_000

export const relayLimits: RelayLimits = {
  windowMax: 512,
  windowBytesMax: 4 * 1024 * 1024,
  keepMs: 24 * 60 * minuteMs,
  keepRows: 1_000_000,
  // nats-server writes out what it has acknowledged every two minutes by default.
  settleMs: 15 * minuteMs,
}

export type RelayParts = {
  readonly store: Store<OutboxTables>
  readonly stream: FactStream
  readonly now: Clock
  readonly log: Logger
  readonly metrics: RelayMetrics
  readonly limits: RelayLimits
  readonly held: Held
}

// Small enough that those who wait for the store's lane do not notice.
const rowsPerWrite = 1_000

export class RelayCore {
  readonly #parts: RelayParts
  /** The end of the stream as we know it: what we publish must come right after it. */
  #lastSequence = 0
  /** Grows while all goes well, so that after a failure the answer is that of a single fact. */
  #window = 1
  #holesSeen = 0
  /** When the stream's end was where: pruning trusts this process's clock only. */
  readonly #settling: { at: Instant; sequence: number }[] = []

  constructor(parts: RelayParts) {
    this.#parts = parts
  }

  /** After this the marks in the outbox say what the stream holds. Publishes nothing. */
  async resync(): Promise<void> {
    const { stream, now, metrics } = this.#parts
    metrics.resyncs.inc()
    this.#window = 1
    await stream.ensure()
    const state = await stream.state()
    if (state === undefined) throw new Error(`the stream ${stream.name} was not made`)
    const since = instantOf(Math.max(0, Math.floor(repairableSince(now(), stream.ageMaxMs))))
    const agreed = await this.#lastAgreed(state.lastSequence, since)
    const lost = await this.#unmarkAfter(agreed, since)
    const found = await this.#markThoseAfter(agreed)
    // A stream that went back may have as many holes as before, and others.
    if (lost > 0) this.#holesSeen = 0
    const torn = await this.#unmarkHoles(state.holes, since)
    this.#lastSequence = state.lastSequence
    this.#settling.length = 0
    if (lost > found || torn > 0)
      this.#parts.log.warn(
        { stream: stream.name, agreed, last: state.lastSequence, lost: lost - found, torn },
        'the stream has lost facts; they are published again',
      )
  }

  /** How many facts the next window takes at most. */
  get windowMax(): number {
    return this.#window
  }

  /** True while the stream's end is where we left it. */
  async isInStep(): Promise<boolean> {
    const state = await this.#parts.stream.state()
    return state?.lastSequence === this.#lastSequence && state.holes === this.#holesSeen
  }

  /** Publishes the next facts and marks them; answers with how many. */
  async publishWindow(): Promise<number> {
    const { store, stream, now, metrics, limits, held } = this.#parts
    const { rows, repair } = await store.read((tx) => this.#next(tx))
    const window = withinBytes(rows, limits.windowBytesMax)
    if (window.length === 0) return 0
    const after = this.#lastSequence
    await stream.publish(window, after)
    const positions = `[${window.map((row) => row.position).join(',')}]`
    await store.write(async (tx) => {
      await held.mustHold(tx)
      await markWindow(tx, { positions, after, sentAt: now() })
    })
    this.#lastSequence = after + window.length
    this.#window = Math.min(this.#window * 2, limits.windowMax)
    metrics.published.inc(window.length)
    if (repair) metrics.repaired.inc(window.length)
    metrics.streamFull.set(0)
    return window.length
  }

  /** Drops some of what is no longer needed; answers with how many rows. */
  async prune(): Promise<number> {
    const { store, now, limits, held } = this.#parts
    const at = now()
    const sequence = this.#settledSequence(at)
    if (sequence === 0) return 0
    const dropped = await store.write(async (tx) => {
      await held.mustHold(tx)
      return await dropSent(tx, {
        sequence,
        before: instantOf(at - limits.keepMs),
        settled: instantOf(at - limits.settleMs),
        surplusSequence: this.#lastSequence - limits.keepRows,
        limit: rowsPerWrite,
      })
    })
    return dropped.length
  }

  async #next(tx: Tx<OutboxTables>) {
    const lost = await lostRows(tx, { limit: this.#window })
    if (lost.length > 0) return { rows: lost, repair: true }
    return { rows: await newRows(tx, { limit: this.#window }), repair: false }
  }

  /**
   * The last sequence at which outbox and stream have the same event; 0 where they agree nowhere. Below it they agree
   * throughout: the stream is only ever written by us, after what we know of it.
   */
  async #lastAgreed(lastSequence: number, since: Instant): Promise<number> {
    const { stream, limits } = this.#parts
    if ((await this.#remembered(Number.MAX_SAFE_INTEGER, since, 0)) === undefined)
      return unrememberedAfter(lastSequence, limits.windowMax)
    for (let offset = 0; ; offset = nextOffset(offset)) {
      const row = await this.#remembered(lastSequence, since, offset)
      if (row === undefined) return 0
      const message = await stream.messageAt(row.sequence)
      if (agrees(row, eventIdOf(message?.header('ce-id')))) return row.sequence
    }
  }

  async #remembered(sequence: number, since: Instant, offset: number): Promise<Remembered | undefined> {
    const [row] = await this.#parts.store.read((tx) => sentAtOrBefore(tx, { sequence, since, offset }))
    return row === undefined || row.sequence === null ? undefined : { id: row.id, sequence: row.sequence }
  }

  async #unmarkAfter(sequence: number, since: Instant): Promise<number> {
    const [lost] = await this.#parts.store.read((tx) => firstLost(tx, {}))
    const lastSent = await this.#remembered(Number.MAX_SAFE_INTEGER, since, 0)
    const shift = shiftBelow(lost?.sequence ?? undefined, lastSent?.sequence)
    let unmarked = 0
    for (;;) {
      const rows = await this.#write((tx) => unmarkAfter(tx, { sequence, since, shift, limit: rowsPerWrite }))
      unmarked += rows.length
      if (rows.length < rowsPerWrite) return unmarked
    }
  }

  /** What is in the stream is not published again, whether we remember having published it or not. */
  async #markThoseAfter(sequence: number): Promise<number> {
    const sentAt = this.#parts.now()
    let marked = 0
    for await (const piece of this.#parts.stream.idsAfter(sequence)) {
      const sequences = new Map(piece.map((each) => [each.id, each.sequence]))
      const ids = JSON.stringify(piece.flatMap(({ id }) => (id === undefined ? [] : [id])))
      marked += await this.#write(async (tx) => {
        const unmarked = await unmarkedAmong(tx, { ids })
        for (const { id } of unmarked) {
          const found = sequences.get(id)
          if (found !== undefined) await markFound(tx, { id, sequence: found, sentAt })
        }
        return unmarked.length
      })
    }
    return marked
  }

  /** A hole cannot be filled: what was in it comes again at the end, late but once. */
  async #unmarkHoles(holes: number, since: Instant): Promise<number> {
    if (holes === this.#holesSeen) return 0
    const sequences = holes === 0 ? [] : await this.#parts.stream.holes()
    let unmarked = 0
    for (let from = 0; from < sequences.length; from += rowsPerWrite) {
      const list = JSON.stringify(sequences.slice(from, from + rowsPerWrite))
      unmarked += (await this.#write((tx) => unmarkAt(tx, { sequences: list, since }))).length
    }
    this.#holesSeen = holes
    return unmarked
  }

  async #write<R>(body: (tx: Tx<OutboxTables>) => Promise<R>): Promise<R> {
    return await this.#parts.store.write(async (tx) => {
      await this.#parts.held.mustHold(tx)
      return await body(tx)
    })
  }

  /** Up to where the stream has been as it is for long enough, without going back since. */
  #settledSequence(at: Instant): number {
    const { settleMs } = this.#parts.limits
    const last = this.#settling.at(-1)
    if (last === undefined || at - last.at > settleMs / 10)
      this.#settling.push({ at, sequence: this.#lastSequence })
    while ((this.#settling[1]?.at ?? Number.POSITIVE_INFINITY) <= at - settleMs) this.#settling.shift()
    const [first] = this.#settling
    return first !== undefined && first.at <= at - settleMs ? first.sequence : 0
  }
}

/** As many as fit, and at least one. */
function withinBytes<F extends OutgoingFact>(rows: readonly F[], bytesMax: number): readonly F[] {
  let bytes = 0
  const end = rows.findIndex((row, index) => {
    bytes += row.data.length
    return index > 0 && bytes > bytesMax
  })
  return end === -1 ? rows : rows.slice(0, end)
}
