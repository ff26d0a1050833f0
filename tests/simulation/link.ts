//! A process's link to a stream: the stream is real as far as it goes (memory-stream.fixture.ts), the way there is the weather's.
import {
  type FactStream,
  Interrupted,
  type Message,
  type OutgoingFact,
  PublishError,
  type Reading,
  type StreamState,
} from '../../runtime/messages/fact-stream.ts'
import type { MemoryStream } from '../../runtime/messages/memory-stream.fixture.ts'
import { never, type Process } from './process.ts'
import type { Place, Way, Weather } from './weather.ts'

const timeoutMs = 1_000

export class StreamLink implements FactStream {
  readonly name: string
  readonly ageMaxMs: number
  readonly #process: Process
  readonly #stream: MemoryStream
  readonly #weather: Weather
  readonly #there: Way
  readonly #back: Way

  constructor(process: Process, stream: MemoryStream, weather: Weather) {
    this.#process = process
    this.#stream = stream
    this.#weather = weather
    this.name = stream.name
    this.ageMaxMs = stream.ageMaxMs
    // The streams of the simulation are named for the services that announce there.
    const place = stream.name as Place
    this.#there = `${process.service}>${place}`
    this.#back = `${place}>${process.service}`
  }

  whenReachable(): Promise<void> {
    return this.#process.live(this.#stream.whenReachable(), 'when the bus is there')
  }

  onReturn(listener: () => void): () => void {
    return this.#stream.onReturn(() => this.#process.after(50, listener))
  }

  ensure(): Promise<void> {
    return this.#ask(() => this.#stream.ensure())
  }

  state(): Promise<StreamState | undefined> {
    return this.#ask(() => this.#stream.state())
  }

  holes(): Promise<readonly number[]> {
    return this.#ask(() => this.#stream.holes())
  }

  messageAt(sequence: number): Promise<Message | undefined> {
    return this.#ask(() => this.#stream.messageAt(sequence))
  }

  async *idsAfter(sequence: number): AsyncGenerator<readonly { sequence: number; id: string | undefined }[]> {
    yield await this.#ask(async () => (await Array.fromAsync(this.#stream.idsAfter(sequence))).flat())
  }

  async publish(facts: readonly OutgoingFact[], sequence: number): Promise<void> {
    if (!this.#process.passes('before a window is published')) return await never()
    try {
      await this.#ask(() => this.#stream.publish(facts, sequence))
    } catch (error) {
      if (error instanceof Interrupted) throw new PublishError('unanswered', error.message, { cause: error })
      throw error
    }
    if (!this.#process.passes('after a window was published')) return await never()
  }

  async read(from: number): Promise<Reading> {
    const reading = await this.#ask(() => this.#stream.read(from))
    const process = this.#process
    return {
      after: reading.after,
      next: (max) => this.#next(reading, max),
      get pending() {
        return process.isAlive ? reading.pending : 0
      },
      close: () => reading.close(),
    }
  }

  /** What was asked may be done although nobody hears of it. */
  #ask<T>(run: () => Promise<T>): Promise<T> {
    const process = this.#process
    const asked = new Promise<T>((resolve, reject) => {
      process.setTimer(() => reject(new Interrupted('the stream did not answer in time')), timeoutMs)
      this.#weather.send(this.#there, () =>
        run().then(
          (value) => this.#weather.send(this.#back, () => resolve(value)),
          (error) => this.#weather.send(this.#back, () => reject(error)),
        ),
      )
    })
    return process.live(asked, 'after the stream answered')
  }

  /** Waits as long as it takes. A delivery that is lost ends the reading, as a gap does: what is read has none. */
  #next(reading: Reading, max: number): Promise<readonly Message[]> {
    const process = this.#process
    const asked = new Promise<readonly Message[]>((resolve, reject) => {
      const lost = () => process.setTimer(() => reject(new Interrupted('messages did not arrive')), timeoutMs)
      reading
        .next(max)
        .then((messages) => this.#weather.send(this.#back, () => resolve(messages), lost), reject)
    })
    return process.live(asked, 'after messages arrived')
  }
}
