//! What relays and readers need of a bus: one stream, kept in order. jetstream.ts is the real one; a simulation has its own.
import type { EventId, TenantId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'

/** A fact as it goes out. */
export type OutgoingFact = {
  readonly id: EventId
  readonly type: string
  readonly key: string
  readonly tenantId: TenantId
  readonly moment: Instant
  readonly traceparent: string | null
  /** JSON. */
  readonly data: string
}

/** A message as the stream holds it: whatever somebody put there. */
export type Message = {
  readonly sequence: number
  readonly subject: string
  /** The first header of that name, matched exactly. */
  header(name: string): string | undefined
  headers(): Record<string, string>
  readonly data: Uint8Array
  /** When the stream took it, in nanoseconds since 1970: the same whenever and however it is read. */
  readonly takenAtNanos: string
}

export type StreamState = {
  /** Of an empty stream: one more than the last. */
  readonly firstSequence: number
  readonly lastSequence: number
  /** How many are missing between the two. */
  readonly holes: number
}

/** An uninterrupted reading of one life of the stream, in order. It ends, and is not continued, at any doubt. */
export type Reading = {
  /** The stream gives what comes after this; another number than asked for means that it is not the stream it was. */
  readonly after: number
  /** Waits for at least one message and takes up to `max`; rejects when the reading has ended. */
  next(max: number): Promise<readonly Message[]>
  /** How many the stream holds that `next` has not handed out. */
  readonly pending: number
  close(): void
}

export type FactStream = {
  readonly name: string
  /** How long it keeps what it has. */
  readonly ageMaxMs: number
  /** Resolves while the bus can be talked to; rejects when it never will again. */
  whenReachable(): Promise<void>
  /** Told whenever the bus was away and is back. Returns how to stop. */
  onReturn(listener: () => void): () => void
  /** Makes the stream, or brings its limits up to date. */
  ensure(): Promise<void>
  /** Undefined where there is no such stream. */
  state(): Promise<StreamState | undefined>
  /** The sequences that are missing between the first and the last. */
  holes(): Promise<readonly number[]>
  messageAt(sequence: number): Promise<Message | undefined>
  /** The event ids after a sequence, in order, in pieces; `undefined` for messages that have none. */
  idsAfter(sequence: number): AsyncIterable<readonly { sequence: number; id: string | undefined }[]>
  /** Resolves when all of them are in the stream, right after `sequence` and in this order; else throws `PublishError`. */
  publish(facts: readonly OutgoingFact[], sequence: number): Promise<void>
  /** Reads from a sequence on. */
  read(from: number): Promise<Reading>
}

export type PublishFailure =
  /** Something else is at the end of the stream than we believed. */
  | 'moved'
  /** The stream, or the server's store, takes no more. */
  | 'full'
  /** No answer in time, or nobody to answer. What was sent may have arrived. */
  | 'unanswered'
  | 'refused'

/** How much has arrived is not said: the stream's end tells. */
export class PublishError extends Error {
  readonly failure: PublishFailure

  constructor(failure: PublishFailure, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PublishError'
    this.failure = failure
  }
}

/** The bus is away, or the reading was interrupted: to be tried again. */
export class Interrupted extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Interrupted'
  }
}
