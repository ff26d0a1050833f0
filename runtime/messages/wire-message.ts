//! A message as a pull consumer delivers it, read no further than it is looked at.
import type { Msg } from '@nats-io/transport-node'
import { bytesOf, headerIn, headersIn, headerText } from '../nats-headers.ts'
import type { Message } from './fact-stream.ts'

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
    return bytesOf(this.#received)
  }

  header(name: string): string | undefined {
    this.#lines ??= headerText(this.#received)
    return headerIn(this.#lines, name)
  }

  headers(): Record<string, string> {
    this.#lines ??= headerText(this.#received)
    return headersIn(this.#lines)
  }
}
