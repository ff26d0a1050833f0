//! The outbox: a fact is a row, written in the transaction that makes it true. What sends it is the relay.
import {
  belongsTo,
  type DataOf,
  type EventType,
  type StreamDefinition,
} from '../../contracts/events/define.ts'
import type { EventId, NewId, TenantId } from '../../contracts/ids.ts'
import type { Clock, Instant } from '../../contracts/time.ts'
import { isTraceparent } from '../call.ts'
import { type Params, query, type Tx } from '../store/store.ts'
import type { OutboxQ, OutboxTables } from './tables.ts'

/** A fact to be told; `fact` makes it. */
export type Fact = {
  readonly event: EventType
  /** What it is about, e.g. the order: facts of one key are read in the order in which they were announced. */
  readonly key: string
  readonly data: unknown
}

/** A fact with data of its own type. */
export function fact<E extends EventType>(event: E, key: string, data: DataOf<E>): Fact {
  return { event, key, data }
}

/** Whose call, or whose fact, made the new ones true. */
export type Cause = { readonly tenantId: TenantId; readonly traceparent?: string | undefined }

/**
 * Writes facts beside what makes them true; they are sent after the commit. On PostgreSQL the row that a key stands for
 * is written (and so locked) first: then the facts of one key are announced in the order in which they commit.
 */
export type Announce = (tx: Tx<OutboxTables>, cause: Cause, facts: readonly Fact[]) => Promise<void>

export type Outbox = {
  readonly announce: Announce
  /** Told soon after facts were written; on PostgreSQL that may be before they are committed. Returns how to stop. */
  onAnnounced(listener: () => void): () => void
}

export type OutboxOptions = {
  readonly stream: StreamDefinition
  readonly now: Clock
  readonly newId: NewId
  readonly dataBytesMax?: number
  /** Runs after the transaction that is running now, where that is possible; handed in by a simulation. */
  readonly defer?: (run: () => void) => void
}

// nats-server takes 1 MiB, and a stored message comes back as base64.
const defaultDataBytesMax = 512 * 1024
const keyLengthMax = 255

type Row = {
  id: EventId
  type: string
  key: string
  tenantId: TenantId
  moment: Instant
  traceparent: string | null
  data: string
}

const insertFact = query(({ db, tables: { outbox } }: OutboxQ, p: Params<Row>) =>
  db.insert(outbox).values({
    id: p.id,
    type: p.type,
    key: p.key,
    tenantId: p.tenantId,
    moment: p.moment,
    traceparent: p.traceparent,
    data: p.data,
  }),
)

export function createOutbox(options: OutboxOptions): Outbox {
  const { stream, now, newId, dataBytesMax = defaultDataBytesMax, defer = setImmediate } = options
  const listeners = new Set<() => void>()
  const known = new Set<string>()
  let told = true

  function tellLater(): void {
    if (!told) return
    told = false
    defer(() => {
      told = true
      for (const listener of listeners) listener()
    })
  }

  /** What could never be sent must not get in: it would hold up everything behind it. */
  function mustBeSendable({ event, key, data }: Fact, text: string): void {
    if (!known.has(event.type)) {
      if (!belongsTo(stream, event.type)) throw new Error(`${stream.service} does not announce ${event.type}`)
      known.add(event.type)
    }
    const problem = event.problemOf(data)
    if (problem !== undefined) throw new Error(`a fact ${event.type} breaks its own schema: ${problem}`)
    if (key.length === 0 || key.length > keyLengthMax || key.includes('\0'))
      throw new Error(`a fact ${event.type} has no key of 1 to ${keyLengthMax} characters`)
    // A UTF-16 unit is at most three bytes, so that few texts are ever measured.
    if (text.length * 3 > dataBytesMax && Buffer.byteLength(text) > dataBytesMax)
      throw new Error(`a fact ${event.type} is larger than ${dataBytesMax} bytes`)
  }

  return {
    async announce(tx, { tenantId, traceparent }, facts) {
      const moment = now()
      // Of a fact that we act on it is whatever its sender wrote.
      const trace = traceparent !== undefined && isTraceparent(traceparent) ? traceparent : null
      const rows = facts.map((each): Row => {
        const { event, key, data } = each
        const text = JSON.stringify(data)
        mustBeSendable(each, text)
        return { id: newId('event'), type: event.type, key, tenantId, moment, traceparent: trace, data: text }
      })
      // Sent side by side: PostgreSQL runs them in this order without a round trip each.
      await Promise.all(rows.map((row) => insertFact(tx, row)))
      tellLater()
    },
    onAnnounced(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
