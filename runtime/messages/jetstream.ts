//! The stream of a service on JetStream: made, asked and published to. What reads it is in pull.ts.
import {
  type ApiError,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { createInbox, MsgHdrsImpl, type NatsConnection } from '@nats-io/transport-node'
import type { StreamDefinition } from '../../contracts/events/define.ts'
import { headerIn, headersIn, headerTextOf } from '../nats-headers.ts'
import { eventIdOf, headerLines } from './envelope.ts'
import {
  type FactStream,
  Interrupted,
  type Message,
  type OutgoingFact,
  PublishError,
  type PublishFailure,
  type Reading,
} from './fact-stream.ts'
import { openPull } from './pull.ts'

/** What we need of the process's connection; runtime/nats.ts has it. */
export type NatsLink = {
  /** How many servers keep a stream; 1 unless told. */
  readonly streamReplicas?: number
  /** What the subjects of our own inboxes begin with; the client's own prefix unless told. */
  readonly inboxPrefix?: string
  current(): NatsConnection | undefined
  whenConnected(): Promise<NatsConnection>
  onReconnect(listener: () => void): () => void
  onDisconnect(listener: () => void): () => void
}

export type StreamLimits = {
  readonly replicas: number
  readonly ageMaxMs: number
  /**
   * -1: what the server's own `max_file_store` leaves. A limit is set aside at once, whether it is used or not, so that
   * seven generous ones would not fit on a small disk.
   */
  readonly bytesMax: number
  /** How long the server remembers ids to drop repeats. Readers do not rely on it. */
  readonly duplicateWindowMs: number
}

export const streamLimits: StreamLimits = {
  replicas: 1,
  ageMaxMs: 7 * 24 * 60 * 60 * 1000,
  bytesMax: -1,
  duplicateWindowMs: 2 * 60 * 1000,
}

/** A message as the server shows it; headers and data in base64. */
type Stored = {
  readonly subject: string
  readonly time: string
  readonly hdrs?: string
  readonly data?: string
}

export type JetStreamOptions = {
  readonly nats: NatsLink
  readonly stream: StreamDefinition
  readonly limits?: Partial<StreamLimits>
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 5_000
const nanosPerMs = 1_000_000

export function jetStream(options: JetStreamOptions): FactStream {
  const { nats, stream, timeoutMs = defaultTimeoutMs } = options
  const limits = {
    ...streamLimits,
    replicas: nats.streamReplicas ?? streamLimits.replicas,
    ...options.limits,
  }
  const { name } = stream
  const managers = new WeakMap<NatsConnection, Promise<JetStreamManager>>()

  function connection(): NatsConnection {
    const current = nats.current()
    if (current === undefined) throw new Interrupted('NATS is away')
    return current
  }

  async function manager(): Promise<JetStreamManager> {
    const current = connection()
    const known = managers.get(current) ?? jetstreamManager(current, { timeout: timeoutMs, checkAPI: false })
    managers.set(current, known)
    return await known
  }

  async function info(details: { deleted_details: boolean }): Promise<StreamInfo | undefined> {
    const jsm = await manager()
    const asked = jsm.streams.info(name, details).catch(unlessCode(JetStreamApiCodes.StreamNotFound))
    return await unlessAway(nats, asked)
  }

  async function messageAt(sequence: number): Promise<Message | undefined> {
    const stored = await unlessAway(nats, storedAt(sequence))
    if (stored === undefined) return undefined
    const { subject, hdrs = '', data = '', time } = stored
    const lines = headerTextOf(Buffer.from(hdrs, 'base64'))
    return {
      sequence,
      subject,
      header: (key) => headerIn(lines, key),
      headers: () => headersIn(lines),
      data: Buffer.from(data, 'base64'),
      takenAtNanos: nanosOf(time),
    }
  }

  /** As the client asks, whose answer throws where somebody has put in headers that are none. */
  async function storedAt(sequence: number): Promise<Stored | undefined> {
    const subject = `$JS.API.STREAM.MSG.GET.${name}`
    const reply = await connection().request(subject, JSON.stringify({ seq: sequence }), {
      timeout: timeoutMs,
    })
    const { message, error } = reply.json<{ message?: Stored; error?: ApiError }>()
    if (error === undefined) return message
    if (error.err_code === JetStreamApiCodes.NoMessageFound) return undefined
    throw new JetStreamApiError(error)
  }

  async function* idsAfter(sequence: number) {
    const last = (await info({ deleted_details: false }))?.state.last_seq ?? 0
    if (last <= sequence) return
    const reading = await read(sequence + 1, true)
    try {
      for (let at = sequence; at < last; ) {
        const messages = await reading.next(1_000)
        at = messages.at(-1)?.sequence ?? at
        yield messages.map((message) => ({
          sequence: message.sequence,
          id: eventIdOf(message.header('ce-id')),
        }))
      }
    } finally {
      reading.close()
    }
  }

  async function read(from: number, headersOnly: boolean): Promise<Reading> {
    const jsm = await manager()
    const opening = openPull({ nats, connection: connection(), jsm, stream: name, from, headersOnly })
    try {
      return await unlessAway(nats, opening)
    } catch (error) {
      opening.then(
        (late) => late.close(),
        () => undefined, // it never opened
      )
      throw error
    }
  }

  return {
    name,
    ageMaxMs: limits.ageMaxMs,
    whenReachable: async () => {
      await nats.whenConnected()
    },
    onReturn: (listener) => nats.onReconnect(listener),
    async ensure() {
      const jsm = await manager()
      const wanted = configOf(stream, limits)
      const present = await info({ deleted_details: false })
      if (present === undefined) await jsm.streams.add(wanted)
      else if (differs(present.config, wanted))
        await jsm.streams.update(name, { ...present.config, ...wanted })
    },
    async state() {
      const state = (await info({ deleted_details: false }))?.state
      if (state === undefined) return undefined
      return { firstSequence: state.first_seq, lastSequence: state.last_seq, holes: state.num_deleted ?? 0 }
    },
    async holes() {
      return (await info({ deleted_details: true }))?.state.deleted ?? []
    },
    messageAt,
    idsAfter,
    publish: (facts, sequence) =>
      publish(nats, connection(), { facts, sequence, source: stream.service, name, timeoutMs }),
    read: (from) => read(from, false),
  }
}

/** What may change later is set here; storage and retention are for ever. */
function configOf({ name, subjects }: StreamDefinition, limits: StreamLimits) {
  return {
    name,
    subjects: [...subjects],
    storage: 'file',
    retention: 'limits',
    // Full means that new facts wait in the outbox; an old one is never thrown away to make room.
    discard: 'new',
    max_age: limits.ageMaxMs * nanosPerMs,
    max_bytes: limits.bytesMax,
    duplicate_window: limits.duplicateWindowMs * nanosPerMs,
    num_replicas: limits.replicas,
  } satisfies Partial<StreamConfig>
}

function differs(present: StreamConfig, wanted: Partial<StreamConfig>): boolean {
  return Object.entries(wanted).some(
    ([key, value]) => JSON.stringify(present[key as keyof StreamConfig]) !== JSON.stringify(value),
  )
}

/** RFC 3339 with up to nine decimals, which no Date holds. */
function nanosOf(timestamp: string): string {
  const [, seconds = '', decimals = ''] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(timestamp) ?? []
  return String(BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(decimals.padEnd(9, '0')))
}

function unlessCode(code: number): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof JetStreamApiError && error.code === code) return undefined
    throw error
  }
}

/** What the connection took along when it went is not answered any more: nobody waits out its time. */
async function unlessAway<T>(nats: NatsLink, asked: Promise<T>): Promise<T> {
  const away = Promise.withResolvers<never>()
  const stopListening = nats.onDisconnect(() => away.reject(new Interrupted('NATS went away')))
  try {
    return await Promise.race([asked, away.promise])
  } finally {
    stopListening()
  }
}

/** Headers that are text already: the client's own, set one by one, cost more than all the rest of a publish. */
class EncodedHeaders extends MsgHdrsImpl {
  readonly #text: string

  constructor(text: string) {
    super()
    this.#text = text
  }

  override encode(): Uint8Array {
    return Buffer.from(this.#text)
  }
}

type Window = {
  readonly facts: readonly OutgoingFact[]
  readonly sequence: number
  readonly source: string
  readonly name: string
  readonly timeoutMs: number
}

type Ack = { readonly seq?: number; readonly duplicate?: boolean; readonly error?: ApiError }

/**
 * Each fact names the one that it follows, so each is stored only if all before it were: the answer to the last one
 * answers for all, and only that one is asked for. The sequence alone would not do: where something else has taken the
 * place of the first, the second would find the sequence that it expects, and the first would be left out.
 */
async function publish(nats: NatsLink, connection: NatsConnection, window: Window): Promise<void> {
  const { facts, sequence, source, name, timeoutMs } = window
  const inbox = createInbox(nats.inboxPrefix)
  const answer = Promise.withResolvers<Ack>()
  const subscription = connection.subscribe(inbox, {
    max: 1,
    callback: (error, message) => {
      if (error) answer.reject(error)
      else if (message.data.length === 0) answer.reject(new Error('JetStream does not listen'))
      else answer.resolve(message.json<Ack>())
    },
  })
  const timer = setTimeout(() => answer.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  const stopListening = nats.onDisconnect(() => answer.reject(new Error('NATS went away')))
  const last = facts.length - 1
  try {
    let previous = ''
    for (const [index, fact] of facts.entries()) {
      const lines = `NATS/1.0\r
Nats-Msg-Id: ${fact.id}\r
Nats-Expected-Stream: ${name}\r
Nats-Expected-Last-Sequence: ${sequence + index}\r
${previous}${headerLines(fact, source)}\r
`
      const headers = new EncodedHeaders(lines)
      connection.publish(fact.type, fact.data, index === last ? { headers, reply: inbox } : { headers })
      previous = `Nats-Expected-Last-Msg-Id: ${fact.id}\r\n`
    }
    const ack = await answer.promise
    if (ack.error !== undefined) throw new PublishError(failureOf(ack.error), ack.error.description)
    if (ack.duplicate === true) throw new PublishError('moved', 'the stream had the fact already')
    if (ack.seq !== sequence + facts.length)
      throw new PublishError('moved', `the last fact stands at ${ack.seq}, not at ${sequence + facts.length}`)
  } catch (error) {
    if (error instanceof PublishError) throw error
    throw new PublishError('unanswered', 'the stream did not answer', { cause: error })
  } finally {
    clearTimeout(timer)
    stopListening()
    subscription.unsubscribe()
  }
}

// https://github.com/nats-io/nats-server/blob/v2.9.10/server/errors.json
const insufficientResources = 10_023
const wrongLastMessageId = 10_070
const storeFailed = 10_077

function failureOf(error: ApiError): PublishFailure {
  if ([JetStreamApiCodes.StreamWrongLastSequence, wrongLastMessageId].includes(error.err_code)) return 'moved'
  const full = /maximum (bytes|messages)|resources|no space/i.test(error.description)
  if (error.err_code === insufficientResources || (error.err_code === storeFailed && full)) return 'full'
  return 'refused'
}
