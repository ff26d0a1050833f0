//! A message as a pull consumer delivers it, read no further than it is looked at.
import type { Msg } from '@nats-io/transport-node'
import type { Message } from './fact-stream.ts'

export class WireMessage implements Message {
  readonly sequence: number
  /** The how-manieth message of its consumer. */
  readonly delivered: number
  /** How many the stream holds after it. */
  readonly pending: number
  readonly takenAtNanos: string
  readonly #received: Msg

  private constructor(received: Msg, tokens: readonly string[]) {
    // $JS.ACK.<stream>.<consumer>.<times>.<sequence>.<delivered>.<time>.<pending>; newer servers may put a domain and an
    // account before the stream, and something random at the end.
    const start = tokens.length === 9 ? 5 : 7
    this.sequence = Number(tokens[start])
    this.delivered = Number(tokens[start + 1])
    this.takenAtNanos = tokens[start + 2] ?? ''
    this.pending = Number(tokens[start + 3])
    this.#received = received
  }

  /** Undefined for what is no message of the stream but a word of the server about the reading. */
  static of(received: Msg): WireMessage | undefined {
    const { reply } = received
    return reply?.startsWith('$JS.ACK.') ? new WireMessage(received, reply.split('.')) : undefined
  }

  get subject(): string {
    return this.#received.subject
  }

  get data(): Uint8Array {
    return this.#received.data
  }

  get bytes(): number {
    return this.#received.data.length
  }

  header(name: string): string | undefined {
    const { headers } = this.#received
    return headers?.has(name) ? headers.get(name) : undefined
  }

  headers(): Record<string, string> {
    const all = [...(this.#received.headers ?? [])]
    return Object.fromEntries(all.map(([key, values]) => [key, values[0] ?? '']))
  }
}
