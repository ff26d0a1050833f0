//! A message as a pull consumer delivers it, read no further than it is looked at.
import type { Msg } from '@nats-io/transport-node'
import type { Message } from './fact-stream.ts'

/** The client's messages know how long they were in all; its types do not say so. */
type Sized = { size?(): number }

export class WireMessage implements Message {
  readonly sequence: number
  /** The how-manieth message of its consumer. */
  readonly delivered: number
  /** How many the stream holds after it. */
  readonly pending: number
  readonly takenAtNanos: string
  readonly subject: string
  readonly data: Uint8Array
  readonly #received: Msg
  #lines: string | undefined

  private constructor(received: Msg, reply: string) {
    // $JS.ACK.<stream>.<consumer>.<times>.<sequence>.<delivered>.<time>.<pending>; newer servers may put a domain and an
    // account before the stream, and something random at the end.
    const tokens = reply.split('.')
    const start = tokens.length === 9 ? 5 : 7
    this.sequence = Number(tokens[start])
    this.delivered = Number(tokens[start + 1])
    this.takenAtNanos = tokens[start + 2] ?? ''
    this.pending = Number(tokens[start + 3])
    this.subject = received.subject
    this.data = received.data
    this.#received = received
  }

  /** Undefined for what is no message of the stream but a word of the server about the reading. */
  static of(received: Msg): WireMessage | undefined {
    const { reply } = received
    return reply?.startsWith('$JS.ACK.') ? new WireMessage(received, reply) : undefined
  }

  /** As it came, with subject and headers. */
  get bytes(): number {
    return (this.#received as Sized).size?.() ?? this.data.length
  }

  header(name: string): string | undefined {
    this.#lines ??= this.#read()
    const from = this.#lines.indexOf(`\r\n${name}:`)
    if (from === -1) return undefined
    const start = from + name.length + 3
    return this.#lines.slice(start, this.#lines.indexOf('\r\n', start)).trim()
  }

  headers(): Record<string, string> {
    this.#lines ??= this.#read()
    const lines = this.#lines.split('\r\n').slice(1)
    const pairs = lines.map((line) => [line.slice(0, line.indexOf(':')), line] as const)
    // The first of a name counts, as in `header`.
    return Object.fromEntries(
      pairs.filter(([name]) => name !== '').map(([name]) => [name, this.header(name) ?? '']),
    )
  }

  /**
   * The header lines as they came. The client's own headers cost more than all the rest of reading a message, so the
   * text is taken from where it lies: right before the data.
   */
  #read(): string {
    const { subject, reply = '' } = this.#received
    const length = this.bytes - subject.length - reply.length - this.data.length
    const start = this.data.byteOffset - length
    if (length > 0 && start >= 0) {
      const text = Buffer.from(this.data.buffer, start, length).toString('utf8')
      if (text.startsWith('NATS/1.0') && text.endsWith('\r\n\r\n')) return text
    }
    const pairs = [...(this.#received.headers ?? [])].map(([name, values]) => `${name}: ${values[0] ?? ''}`)
    return ['NATS/1.0', ...pairs, '\r\n'].join('\r\n')
  }
}
