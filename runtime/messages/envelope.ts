//! CloudEvents 1.0 in NATS headers (binary mode): what is written around a fact's data, and how it is read again.
import { defaultTenant, type EventId, type TenantId } from '../../contracts/ids.ts'
import { type Instant, parseRfc3339, toRfc3339 } from '../../contracts/time.ts'
import { readJson } from '../json.ts'
import type { Message, OutgoingFact } from './fact-stream.ts'

/** What is known of a fact beside its data. */
export type Envelope = {
  readonly id: EventId
  readonly type: string
  readonly key: string
  readonly tenantId: TenantId
  readonly moment: Instant
  readonly source: string
  readonly traceparent?: string
}

// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values
// What is not visible ASCII, and `"` and `%`, is percent-encoded; no value can end its line.
const plain = /^[\x21\x23\x24\x26-\x7e]*$/
const special = /[^\x21\x23\x24\x26-\x7e]/gu

const encodeValue = (text: string): string =>
  plain.test(text) ? text : text.toWellFormed().replace(special, (char) => percent(char))

const percent = (char: string): string =>
  [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

/** The lines of one fact, in the form that NATS has on the wire; `first` goes before them. */
export function headerLines(fact: OutgoingFact, source: string): string {
  const trace = fact.traceparent === null ? '' : `traceparent: ${fact.traceparent}\r\n`
  return `ce-specversion: 1.0\r
ce-id: ${fact.id}\r
ce-type: ${fact.type}\r
ce-source: ${source}\r
ce-time: ${toRfc3339(fact.moment)}\r
ce-subject: ${encodeValue(fact.key)}\r
ce-tenantid: ${encodeValue(fact.tenantId)}\r
${trace}Content-Type: application/json\r
`
}

const idPattern = /^[\x21-\x7e]{1,128}$/
const keyLengthMax = 255

/** The event's id; undefined where there is none that could be one. */
export function eventIdOf(header: string | undefined): EventId | undefined {
  // What others announce need not look like ours: any visible text is an id.
  return header !== undefined && idPattern.test(header) ? (header as EventId) : undefined
}

/** What identifies a message, whatever it is: its event's id, or when it came and a digest of what it holds. */
export function identityOf(message: Message): string {
  const id = eventIdOf(message.header('ce-id'))
  if (id !== undefined) return id
  const digest = new Bun.CryptoHasher('sha256').update(`${message.subject}\n`).update(message.data)
  // With the time: the same text put in twice is two messages, and a place must not take one for the other.
  return `unidentified_${message.takenAtNanos}_${digest.digest('hex').slice(0, 16)}`
}

/** The type that a message claims; where it claims none, its subject. */
export const typeOf = (message: Message): string => message.header('ce-type') ?? message.subject

/** The key and tenant, as far as they can be read: also of what cannot be read otherwise. */
export function keyOf(message: Message): { readonly key: string; readonly tenantId: TenantId } {
  const tenantId = textOf(message.header('ce-tenantid'))
  return {
    key: textOf(message.header('ce-subject')) ?? '',
    tenantId: (tenantId ?? defaultTenant) as TenantId,
  }
}

/** The envelope, or in words why there is none. */
export function readEnvelope(message: Message): Envelope | string {
  const id = eventIdOf(message.header('ce-id'))
  if (id === undefined) return 'it has no event id (ce-id)'
  const type = typeOf(message)
  if (type !== message.subject) return 'its type (ce-type) is not its subject'
  const { key, tenantId } = keyOf(message)
  if (key === '') return 'it has no key (ce-subject)'
  const moment = parseRfc3339(message.header('ce-time') ?? '')
  if (moment === undefined) return 'it has no time (ce-time)'
  const traceparent = message.header('traceparent')
  const source = message.header('ce-source') ?? ''
  return { id, type, key, tenantId, moment, source, ...(traceparent === undefined ? {} : { traceparent }) }
}

function textOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = decodeValue(header)
  // Neither engine is asked to keep a NUL.
  return text.length > 0 && text.length <= keyLengthMax && !text.includes('\0') ? text : undefined
}

function decodeValue(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}

/** The data as JSON, or in words why it is none. */
export function readData(data: Uint8Array): { readonly value: unknown } | string {
  const value = readJson(data)
  return value === undefined ? 'its data is not JSON, or holds U+0000' : { value }
}
