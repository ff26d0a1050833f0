//! A stream in memory for tests and simulations: what JetStream promises, and every way for it to break that promise.
import { headerLines } from './envelope.ts'
import {
  type FactStream,
  Interrupted,
  type Message,
  type OutgoingFact,
  PublishError,
  type Reading,
} from './fact-stream.ts'

type Stored = Message & { readonly id: string | undefined }

export class MemoryStream implements FactStream {
  readonly name: string
  readonly ageMaxMs = 7 * 24 * 60 * 60 * 1000
  readonly #source: string
  #stored: Stored[] = []
  #first = 1
  #last = 0
  /** Every restart, rollback or deletion begins another life; readings do not survive it. */
  #life = 0
  #isAway = false
  #taken = 0
  readonly #listeners = new Set<() => void>()
  #wakes = new Set<() => void>()
  #returned: PromiseWithResolvers<void> | undefined
  /** The most that the stream holds. */
  messagesMax = Number.POSITIVE_INFINITY
  /** Whether repeats are recognised by their id; a server does for two minutes only. */
  dropsRepeats = true
  /** How many of the next window are stored before the connection is lost; undefined: all goes well. */
  loseAfter: number | undefined

  constructor(name = 'TEST', source = 'test') {
    this.name = name
    this.#source = source
  }

  get messages(): readonly Stored[] {
    return this.#stored
  }

  /** The ids in the stream, in order. */
  get ids(): string[] {
    return this.#stored.flatMap(({ id }) => (id === undefined ? [] : [id]))
  }

  /** Puts something in that no relay would. */
  put(subject: string, headers: Readonly<Record<string, string>>, data: string | Uint8Array): number {
    this.#last += 1
    const stored: Stored = {
      sequence: this.#last,
      subject,
      header: (name) => headers[name],
      headers: () => ({ ...headers }),
      data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
      id: headers['ce-id'],
      takenAtNanos: String(this.#taken),
    }
    this.#taken += 1
    this.#stored.push(stored)
    this.#wake()
    return this.#last
  }

  /** The server comes back with what it had when `sequence` was the last. */
  goBackTo(sequence: number): void {
    this.#stored = this.#stored.filter((message) => message.sequence <= sequence)
    this.#last = Math.max(this.#first - 1, Math.min(this.#last, sequence))
    this.restart()
  }

  /** Its store is gone. */
  vanish(): void {
    this.vanishSilently()
    this.restart()
  }

  /** Deleted and made anew while every connection stands. */
  vanishSilently(): void {
    this.#stored = []
    this.#first = 1
    this.#last = 0
    this.#life += 1
    this.#wake()
  }

  /** Becomes another stream under those who read it, which no server is known to do. */
  becomeEmpty(): void {
    this.#stored = []
    this.#last = 0
  }

  punch(sequence: number): void {
    this.#stored = this.#stored.filter((message) => message.sequence !== sequence)
  }

  expireUpTo(sequence: number): void {
    this.#stored = this.#stored.filter((message) => message.sequence > sequence)
    this.#first = Math.max(this.#first, Math.min(sequence, this.#last) + 1)
  }

  restart(): void {
    this.leave()
    this.comeBack()
  }

  leave(): void {
    this.#isAway = true
    this.#life += 1
    this.#wake()
  }

  comeBack(): void {
    this.#isAway = false
    this.#returned?.resolve()
    this.#returned = undefined
    for (const listener of this.#listeners) listener()
  }

  async whenReachable(): Promise<void> {
    if (!this.#isAway) return
    this.#returned ??= Promise.withResolvers<void>()
    await this.#returned.promise
  }

  onReturn(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async ensure(): Promise<void> {
    this.#mustBeThere()
  }

  async state() {
    this.#mustBeThere()
    const holes = this.#last - this.#first + 1 - this.#stored.length
    return { firstSequence: this.#first, lastSequence: this.#last, holes }
  }

  async holes(): Promise<readonly number[]> {
    this.#mustBeThere()
    const present = new Set(this.#stored.map((message) => message.sequence))
    const all = Array.from({ length: this.#last - this.#first + 1 }, (_, index) => this.#first + index)
    return all.filter((sequence) => !present.has(sequence))
  }

  async messageAt(sequence: number): Promise<Message | undefined> {
    this.#mustBeThere()
    return this.#stored.find((message) => message.sequence === sequence)
  }

  async *idsAfter(sequence: number) {
    this.#mustBeThere()
    const after = this.#stored.filter((message) => message.sequence > sequence)
    for (let from = 0; from < after.length; from += 100)
      yield after.slice(from, from + 100).map(({ sequence: at, id }) => ({ sequence: at, id }))
  }

  async publish(facts: readonly OutgoingFact[], sequence: number): Promise<void> {
    this.#mustBeThere()
    const { loseAfter } = this
    this.loseAfter = undefined
    let refusal: PublishError | undefined
    let previous: string | undefined
    // As nats-server does: each one is judged for itself, whatever became of those before it.
    for (const [index, fact] of facts.entries()) {
      if (index === loseAfter) break
      refusal = this.#refusal(fact, sequence + index, previous)
      if (refusal === undefined) this.put(fact.type, headersOf(fact, this.#source), fact.data)
      previous = fact.id
    }
    if (loseAfter !== undefined) throw new PublishError('unanswered', 'the connection was lost')
    if (refusal !== undefined) throw refusal
  }

  #refusal(fact: OutgoingFact, sequence: number, previous: string | undefined): PublishError | undefined {
    if (this.dropsRepeats && this.ids.includes(fact.id))
      return new PublishError('moved', 'the stream had the fact already')
    if (this.#last !== sequence) return new PublishError('moved', `wrong last sequence: ${this.#last}`)
    if (previous !== undefined && this.#stored.at(-1)?.id !== previous)
      return new PublishError('moved', `wrong last message: ${this.#stored.at(-1)?.id}`)
    if (this.#stored.length >= this.messagesMax) return new PublishError('full', 'maximum messages exceeded')
    return undefined
  }

  async read(from: number): Promise<Reading> {
    this.#mustBeThere()
    const life = this.#life
    // As nats-server does: what lies outside of the stream is taken for its beginning or its end.
    let after = Math.min(Math.max(from, this.#first), this.#last + 1) - 1
    let closed = false
    const alive = () => !closed && life === this.#life
    const waiting = () => this.#stored.filter((message) => message.sequence > after)
    const next = async (max: number): Promise<readonly Message[]> => {
      while (alive() && waiting().length === 0) await new Promise<void>((resolve) => this.#wakes.add(resolve))
      if (!alive()) throw new Interrupted('the reading has ended')
      const messages = waiting().slice(0, max)
      after = messages.at(-1)?.sequence ?? after
      return messages
    }
    return {
      after,
      next,
      get pending() {
        return alive() ? waiting().length : 0
      },
      close: () => {
        closed = true
        this.#wake()
      },
    }
  }

  #mustBeThere(): void {
    if (this.#isAway) throw new Interrupted('the stream is away')
  }

  #wake(): void {
    const wakes = this.#wakes
    this.#wakes = new Set()
    for (const wake of wakes) wake()
  }
}

function headersOf(fact: OutgoingFact, source: string): Record<string, string> {
  const lines = headerLines(fact, source).split('\r\n').filter(Boolean)
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
}
