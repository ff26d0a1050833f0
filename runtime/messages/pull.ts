//! Reads a stream with an ephemeral pull consumer of our own. At any doubt it ends: who reads on has to look where they are.
// The client's ordered consumer starts itself again behind our back, on a stream that may have gone back meanwhile.
import type { JetStreamManager } from '@nats-io/jetstream'
import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node'
import { Interrupted, type Message, type Reading } from './fact-stream.ts'
import { WireMessage } from './wire-message.ts'

export type PullOptions = {
  readonly nats: { readonly inboxPrefix?: string; onDisconnect(listener: () => void): () => void }
  readonly connection: NatsConnection
  readonly jsm: JetStreamManager
  readonly stream: string
  readonly from: number
  readonly headersOnly: boolean
}

const nanosPerMs = 1_000_000
const pullMessages = 256
// A connection that does not keep up is cut off at 64 MiB (nats.conf).
const pullBytes = 8 * 1024 * 1024
const heldMessages = 2 * pullMessages
const heldBytes = 2 * pullBytes
const expiresMs = 30_000
const heartbeatMs = 1_000
const silenceMsMax = 3_000
// Left behind by a crash, the server drops it after this.
const inactiveMs = 60_000

export async function openPull(options: PullOptions): Promise<Reading> {
  const { jsm, stream, from, headersOnly } = options
  const consumer = await jsm.consumers.add(stream, {
    deliver_policy: 'by_start_sequence',
    opt_start_seq: from,
    ack_policy: 'none',
    replay_policy: 'instant',
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: inactiveMs * nanosPerMs,
    ...(headersOnly ? { headers_only: true } : {}),
  })
  return new Pull(options, consumer.name, consumer.delivered.stream_seq, consumer.num_pending)
}

class Pull implements Reading {
  readonly after: number
  readonly #options: PullOptions
  readonly #consumer: string
  readonly #inbox: string
  readonly #request: string
  readonly #subscription: Subscription
  readonly #stopListening: () => void
  readonly #watch: Timer
  #held: WireMessage[] = []
  #heldBytes = 0
  /** How many the server may still send for what was asked. */
  #asked = 0
  /** The consumer's own count, which has no gaps unless something was lost on the way. */
  #delivered = 0
  #left: number
  #heardAt = performance.now()
  #ended: Interrupted | undefined
  #wake: (() => void) | undefined

  constructor(options: PullOptions, consumer: string, after: number, pending: number) {
    this.#options = options
    this.#consumer = consumer
    this.#inbox = createInbox(options.nats.inboxPrefix)
    this.after = after
    this.#left = pending
    this.#request = `$JS.API.CONSUMER.MSG.NEXT.${options.stream}.${consumer}`
    this.#subscription = options.connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error) this.#end(error.message)
        else this.#receive(message)
      },
    })
    this.#stopListening = options.nats.onDisconnect(() => this.#end('NATS is away'))
    this.#watch = setInterval(() => this.#mustHear(), heartbeatMs)
    this.#pull()
  }

  get pending(): number {
    return this.#left + this.#held.length
  }

  async next(max: number): Promise<readonly Message[]> {
    while (this.#held.length === 0) {
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    const taken = this.#held.splice(0, max)
    for (const message of taken) this.#heldBytes -= message.bytes
    this.#pull()
    return taken
  }

  close(): void {
    this.#end('closed')
  }

  #receive(received: Msg): void {
    this.#heardAt = performance.now()
    const message = WireMessage.of(received)
    if (message === undefined) this.#hear(received)
    else this.#hold(message)
    this.#pull()
  }

  #hold(message: WireMessage): void {
    this.#delivered += 1
    this.#asked -= 1
    if (message.delivered !== this.#delivered) {
      this.#end(`message ${message.delivered} came after ${this.#delivered - 1}`)
      return
    }
    this.#left = message.pending
    this.#held.push(message)
    this.#heldBytes += message.bytes
    this.#wake?.()
  }

  /** What the server says about the reading itself. */
  #hear({ headers }: Msg): void {
    const { code = 0, description = '' } = headers ?? {}
    const numberOf = (name: string) => Number(headers?.get(name) || 0)
    if (code === 100) {
      const missing = numberOf('Nats-Last-Consumer') - this.#delivered
      if (missing > 0) this.#end(`${missing} messages did not arrive`)
    } else if (code === 408 || (code === 409 && /MaxBytes|Batch Completed/i.test(description))) {
      // What was asked for is over, in time or in bytes; the rest is asked for anew.
      this.#asked = Math.max(0, this.#asked - numberOf('Nats-Pending-Messages'))
    } else {
      this.#end(`${code} ${description}`)
    }
  }

  #pull(): void {
    const full = this.#held.length >= heldMessages || this.#heldBytes >= heldBytes
    if (this.#ended !== undefined || full || this.#asked > pullMessages / 2) return
    if (this.#asked === 0) this.#heardAt = performance.now()
    this.#asked += pullMessages
    const request = {
      batch: pullMessages,
      max_bytes: pullBytes,
      expires: expiresMs * nanosPerMs,
      idle_heartbeat: heartbeatMs * nanosPerMs,
    }
    try {
      this.#options.connection.publish(this.#request, JSON.stringify(request), { reply: this.#inbox })
    } catch (error) {
      this.#end('NATS is away', error)
    }
  }

  /** While something is asked for, the server sends it or a heartbeat. */
  #mustHear(): void {
    if (this.#asked > 0 && performance.now() - this.#heardAt > silenceMsMax)
      this.#end(`the stream was silent for ${silenceMsMax} ms`)
  }

  #end(reason: string, cause?: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = new Interrupted(`reading ended: ${reason}`, { cause })
    clearInterval(this.#watch)
    this.#stopListening()
    if (!this.#options.connection.isClosed()) this.#subscription.unsubscribe()
    this.#wake?.()
    // It would be dropped by itself, later; where the stream or NATS is gone, it is gone already.
    this.#options.jsm.consumers.delete(this.#options.stream, this.#consumer).catch(() => undefined)
  }
}
