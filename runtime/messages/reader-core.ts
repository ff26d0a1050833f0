//! One step at a time of what a reader does: find its place, read on from there, apply what it read. reader.ts repeats them.
import type { Logger } from 'pino'
import type { Clock } from '../../contracts/time.ts'
import type { Store } from '../store/store.ts'
import { type Applied, apply, type Batch, PlaceMoved } from './apply.ts'
import { identityOf } from './envelope.ts'
import { type FactStream, Interrupted, type Message, type Reading, type StreamState } from './fact-stream.ts'
import { type Handlers, type Heard, hear } from './handler.ts'
import { insertPlace, movePlace, placeOf, rememberedAtOrBefore } from './inbox-rows.ts'
import type { Held } from './lease.ts'
import type { ReaderMetrics } from './metrics.ts'
import { beginningOf, isWithin, type Place, standingOf } from './place.ts'
import { nextOffset } from './resync.ts'
import type { ReaderTables } from './tables.ts'

export type ReaderParts<T extends ReaderTables> = {
  readonly store: Store<T>
  readonly stream: FactStream
  readonly handlers: Handlers<T>
  readonly now: Clock
  readonly log: Logger
  readonly metrics: ReaderMetrics
  readonly held: Held
}

export class ReaderCore<T extends ReaderTables> {
  readonly #parts: ReaderParts<T>
  #place: Place = { sequence: 0, eventId: '' }

  constructor(parts: ReaderParts<T>) {
    this.#parts = parts
  }

  /** Where we stand, as far as this process knows. */
  get place(): Place {
    return this.#place
  }

  /** Reads on from the place, after it has made sure that this is still the stream that was read so far. */
  async open(): Promise<Reading> {
    const { stream } = this.#parts
    this.#place = await this.#storedPlace()
    for (;;) {
      const state = await stream.state()
      if (state === undefined) throw new Interrupted(`there is no stream ${stream.name} yet`)
      const standing = standingOf(this.#place, state, await this.#idAt(state, this.#place.sequence))
      switch (standing.kind) {
        case 'went-back':
          await this.#goBack(state)
          break
        case 'fell-off':
          this.#tellGap(standing.missed, 'the stream has dropped facts before they were read')
          await this.#moveTo(standing.place)
          break
        case 'at-start':
          return await this.#readAfter(this.#place.sequence)
        case 'verified':
          return await this.#readAfterProof()
      }
    }
  }

  /** True while what stands at the place is what we remember. */
  async isInPlace(): Promise<boolean> {
    const state = await this.#parts.stream.state()
    if (state === undefined) return false
    const standing = standingOf(this.#place, state, await this.#idAt(state, this.#place.sequence))
    return standing.kind === 'verified' || standing.kind === 'at-start'
  }

  /** What the messages are to this service; pure but for what it tells of holes. */
  hear(messages: readonly Message[]): readonly Heard<T>[] {
    const [first] = messages
    const last = messages.at(-1)
    if (first === undefined || last === undefined) return []
    const missing = last.sequence - this.#place.sequence - messages.length
    if (missing > 0) this.#tellGap(missing, 'the stream has holes; their facts come again if they can')
    return messages.map((message) => hear(message, this.#parts.handlers))
  }

  /** Applies the facts in one transaction, or the one of them that has `failure` as put aside. */
  async apply(heard: readonly Heard<T>[], failure?: Batch<T>['failure']): Promise<Applied> {
    const { store, stream, now, held, metrics } = this.#parts
    const place = this.#place
    const moment = now()
    const applied = await store.write(async (tx) => {
      await held.mustHold(tx)
      return await apply(tx, {
        stream: stream.name,
        place,
        heard,
        moment,
        ...(failure === undefined ? {} : { failure }),
      })
    })
    this.#place = applied.place
    for (const [outcome, count] of applied.outcomes)
      metrics.facts.inc({ stream: stream.name, outcome }, count)
    return applied
  }

  async #storedPlace(): Promise<Place> {
    const { store, stream, now } = this.#parts
    const name = { stream: stream.name }
    const [place] = await store.read((tx) => placeOf(tx, name))
    if (place !== undefined) return place
    await store.write((tx) => insertPlace(tx, { ...name, moment: now() }))
    return { sequence: 0, eventId: '' }
  }

  async #idAt(state: StreamState, sequence: number): Promise<string | undefined> {
    if (!isWithin(state, sequence)) return undefined
    const message = await this.#parts.stream.messageAt(sequence)
    return message && identityOf(message)
  }

  /** To the newest fact that we remember and the stream still has where we remember it. What comes again is known. */
  async #goBack(state: StreamState): Promise<void> {
    const { store, stream, log, metrics } = this.#parts
    const from = this.#place
    const top = Math.min(from.sequence, state.lastSequence)
    let target = beginningOf(state)
    for (let offset = 0; ; offset = nextOffset(offset)) {
      const [row] = await store.read((tx) =>
        rememberedAtOrBefore(tx, { stream: stream.name, sequence: top, offset }),
      )
      if (row === undefined || row.sequence < state.firstSequence) break
      if ((await this.#idAt(state, row.sequence)) === row.eventId) {
        target = row
        break
      }
    }
    await this.#moveTo(target)
    metrics.wentBack.inc({ stream: stream.name })
    log.warn(
      { stream: stream.name, from: from.sequence, to: target.sequence },
      'the stream went back; so do we',
    )
  }

  async #moveTo(place: Place): Promise<void> {
    const { store, stream, now, held } = this.#parts
    const { sequence: fromSequence, eventId: fromEventId } = this.#place
    const move = { stream: stream.name, fromSequence, fromEventId, ...place, moment: now() }
    const moved = await store.write(async (tx) => {
      await held.mustHold(tx)
      return await movePlace(tx, move)
    })
    if (moved.length === 0) throw new PlaceMoved(stream.name)
    this.#place = place
  }

  async #readAfter(sequence: number): Promise<Reading> {
    const reading = await this.#parts.stream.read(sequence + 1)
    if (reading.after === sequence) return reading
    reading.close()
    throw new Interrupted('the stream changed while its reading began')
  }

  /** The proof comes by the reading itself, so that it is of the same life of the stream as all that follows. */
  async #readAfterProof(): Promise<Reading> {
    const { sequence, eventId } = this.#place
    const reading = await this.#readAfter(sequence - 1)
    const [proof] = await reading.next(1)
    if (proof?.sequence === sequence && identityOf(proof) === eventId) return reading
    reading.close()
    throw new Interrupted('the stream changed while its reading began')
  }

  #tellGap(missed: number, what: string): void {
    const { stream, log, metrics } = this.#parts
    if (missed === 0) return
    metrics.gap.inc({ stream: stream.name }, missed)
    log.error({ stream: stream.name, place: this.#place.sequence, missed }, what)
  }
}
