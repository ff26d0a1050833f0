//! Questions and answers between processes: what they see of NATS request-reply, over ways on which things go wrong.
import {
  type Msg,
  type NatsConnection,
  NoRespondersError,
  RequestError,
  type Subscription,
  TimeoutError,
} from '@nats-io/transport-node'
import type { Nats } from '../../runtime/nats.ts'
import { never, type Process } from './process.ts'
import type { Way, Weather } from './weather.ts'

type Answerer = {
  readonly process: Process
  readonly callback: (error: Error | null, message: Msg) => void
}

type Asked = {
  readonly process: Process
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: Msg['headers']
  readonly resolve: (reply: { data: Uint8Array }) => void
  readonly reject: (error: Error) => void
}

/** How long a client takes to see that its server is gone. */
const noticedUs = 50

export class Bus {
  #isAway = false
  readonly #weather: Weather
  readonly #answerers = new Map<string, Answerer>()
  readonly #onDisconnect = new Set<() => void>()

  constructor(weather: Weather) {
    this.#weather = weather
  }

  /** The connection of a process, as far as questions need one. */
  natsOf(process: Process): Nats {
    const connection = {
      subscribe: (subject: string, { callback }: { callback: Answerer['callback'] }) => {
        this.#answerers.set(subject, { process, callback })
        return {} as Subscription // nobody closes it: the process dies
      },
      request: (subject: string, data: Uint8Array, { headers, timeout }: RequestOf) =>
        this.#ask(process, { subject, data, headers, timeout }),
    } as unknown as NatsConnection
    return {
      current: () => (this.#isAway ? undefined : connection),
      whenConnected: async () => connection,
      onDisconnect: (listener) => this.#listen(process, listener),
    } as Nats
  }

  /** Whoever asks learns of it at once, and what is on its way does not arrive. */
  leave(): void {
    this.#isAway = true
    for (const listener of [...this.#onDisconnect]) listener()
  }

  comeBack(): void {
    this.#isAway = false
  }

  #listen(process: Process, listener: () => void): () => void {
    const heard = () => process.after(noticedUs, listener)
    this.#onDisconnect.add(heard)
    return () => this.#onDisconnect.delete(heard)
  }

  #ask(process: Process, { subject, data, headers, timeout }: Question): Promise<{ data: Uint8Array }> {
    if (!process.passes('before a question')) return never()
    const asked = new Promise<{ data: Uint8Array }>((resolve, reject) => {
      const asking = { process, subject, data, headers, resolve, reject }
      process.setTimer(() => reject(new TimeoutError()), timeout)
      this.#weather.send(wayOf(process, subject), () => this.#arrive(asking))
    })
    return process.live(asked, 'after a question')
  }

  #arrive(asked: Asked): void {
    const { process, subject, data, headers } = asked
    const answerer = this.#answerers.get(subject)
    if (this.#isAway) return
    const back = answersOf(process, subject)
    if (answerer === undefined || !answerer.process.isAlive) {
      const nobody = new RequestError('nobody there', { cause: new NoRespondersError(subject) })
      this.#weather.send(back, () => asked.reject(nobody))
      return
    }
    answerer.process.world.note(subject)
    const respond = (text: string) => {
      if (!answerer.process.passes('before an answer') || this.#isAway) return
      this.#weather.send(back, () => asked.resolve({ data: Buffer.from(text) }))
    }
    const reply = '_INBOX.simulated'
    answerer.callback(null, { subject, reply, data, headers, respond } as unknown as Msg)
  }
}

type RequestOf = { readonly headers: Msg['headers']; readonly timeout: number }
type Question = RequestOf & { readonly subject: string; readonly data: Uint8Array }

/** `rpc.<service>.v1.<Method>` */
const serviceOf = (subject: string) => subject.split('.')[1] as Process['service']
const wayOf = (process: Process, subject: string): Way => `${process.service}>${serviceOf(subject)}`
const answersOf = (process: Process, subject: string): Way => `${serviceOf(subject)}>${process.service}`
