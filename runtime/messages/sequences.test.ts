//! Random histories of announcing, sending, losing and reading, on a stream in memory: in the end every fact had one effect.
import { expect, test } from 'bun:test'
import { inArray, isNotNull } from 'drizzle-orm'
import fc from 'fast-check'
import { processClock } from '../../contracts/time.ts'
import { PlaceMoved } from './apply.ts'
import type { Tables } from './conformance/schema.ts'
import { Interrupted, PublishError, type Reading } from './fact-stream.ts'
import { handlersByType } from './handler.ts'
import { MemoryStream } from './memory-stream.fixture.ts'
import { readerMetrics, relayMetrics } from './metrics.ts'
import { ReaderCore } from './reader-core.ts'
import { RelayCore, relayLimits } from './relay-core.ts'
import { isStoreAway } from './retry.ts'
import {
  announceNumbers,
  type Break,
  breakable,
  counting,
  effectsOf,
  openTestStore,
  registry,
  silent,
  type TestStore,
  testOutbox,
} from './suite.fixture.ts'

type Action =
  | { kind: 'announce'; key: string; count: number }
  | { kind: 'relay'; which: number; loseAfter: number | undefined; breaks: Break | undefined }
  | { kind: 'restartRelay'; which: number }
  | { kind: 'goBack'; share: number }
  | { kind: 'vanish' }
  | { kind: 'purge' }
  | { kind: 'prune'; count: number }
  | { kind: 'foreign'; subject: string }
  | { kind: 'restart' }
  | { kind: 'read'; which: number; max: number; breaks: Break | undefined }
  | { kind: 'restartReader'; which: number }

const breaks = fc.constantFrom<Break | undefined>(
  undefined,
  undefined,
  undefined,
  'before',
  'undone',
  'unanswered',
)
const which = fc.nat({ max: 2 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('announce' as const),
      key: fc.constantFrom('a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('relay' as const),
      which,
      loseAfter: fc.option(fc.nat({ max: 5 }), { nil: undefined, freq: 4 }),
      breaks,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restartRelay' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('goBack' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('vanish' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('prune' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('foreign' as const),
      subject: fc.constantFrom('counter.counted', 'counter.ignored'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      which,
      max: fc.integer({ min: 1, max: 8 }),
      breaks,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restartReader' as const), which }) },
)

const expected = (error: unknown) =>
  error instanceof PublishError ||
  error instanceof Interrupted ||
  error instanceof PlaceMoved ||
  isStoreAway(error)

/** A relay as its process has it: one that failed compares first, one that was restarted has forgotten all. */
class TestRelay {
  readonly #store
  readonly #stream
  #core: RelayCore
  #outOfStep = true

  constructor(store: TestStore, stream: MemoryStream) {
    this.#store = breakable(store)
    this.#stream = stream
    this.#core = this.#made()
    stream.onReturn(() => {
      this.#outOfStep = true
    })
  }

  restart(): void {
    this.#core = this.#made()
    this.#outOfStep = true
  }

  async step(breaks?: Break): Promise<number> {
    try {
      if (this.#outOfStep) await this.#core.resync()
      this.#outOfStep = false
      this.#store.breakNext = breaks
      return await this.#core.publishWindow()
    } catch (error) {
      if (!expected(error)) throw error
      this.#outOfStep = true
      return -1
    } finally {
      this.#store.breakNext = undefined
    }
  }

  #made(): RelayCore {
    const now = processClock()
    return new RelayCore({
      store: this.#store,
      stream: this.#stream,
      now,
      log: silent,
      metrics: relayMetrics(registry(), this.#store, now),
      limits: { ...relayLimits, windowMax: 8 },
      held: { mustHold: async () => undefined },
    })
  }
}

class TestReader {
  readonly store: TestStore
  readonly #breakable
  readonly #stream
  #core: ReaderCore<Tables>
  #reading: Reading | undefined

  constructor(store: TestStore, stream: MemoryStream) {
    this.store = store
    this.#breakable = breakable(store)
    this.#stream = stream
    this.#core = this.#made()
    // A reading that has ended says so when it is asked for more; here nobody waits for it.
    stream.onReturn(() => {
      this.#reading = undefined
    })
  }

  restart(): void {
    this.#reading = undefined
    this.#core = this.#made()
  }

  /** False where there was nothing to read. */
  async step(max: number, breaks?: Break): Promise<boolean> {
    try {
      this.#reading ??= await this.#core.open()
      if (this.#reading.pending === 0 && (await this.#core.isInPlace())) return false
      const messages = await this.#reading.next(max)
      this.#breakable.breakNext = breaks
      await this.#core.apply(this.#core.hear(messages))
    } catch (error) {
      if (!expected(error)) throw error
      this.#reading = undefined
    } finally {
      this.#breakable.breakNext = undefined
    }
    return true
  }

  #made(): ReaderCore<Tables> {
    return new ReaderCore({
      store: this.#breakable,
      stream: this.#stream,
      handlers: handlersByType([counting()]),
      now: processClock(),
      log: silent,
      metrics: readerMetrics(registry()),
      held: { mustHold: async () => undefined },
    })
  }
}

async function history(actions: readonly Action[], dropsRepeats: boolean): Promise<void> {
  const stream = new MemoryStream()
  stream.dropsRepeats = dropsRepeats
  const announcing = await openTestStore()
  const { announce } = testOutbox()
  const relays = [new TestRelay(announcing, stream), new TestRelay(announcing, stream)]
  const stores = [await openTestStore(), await openTestStore()] as const
  // The last is a second process of the first one's service: both believe that they are the reader.
  const readers = [stores[0], stores[1], stores[0]].map((store) => new TestReader(store, stream))
  const announced: Record<string, number> = { a: 0, b: 0, c: 0 }

  for (const step of actions) {
    switch (step.kind) {
      case 'announce': {
        const from = announced[step.key] ?? 0
        await announceNumbers(announcing, announce, { key: step.key, from, count: step.count })
        announced[step.key] = from + step.count
        break
      }
      case 'relay':
        stream.loseAfter = step.loseAfter
        await relays[step.which % 2]?.step(step.breaks)
        stream.loseAfter = undefined
        break
      case 'restartRelay':
        relays[step.which % 2]?.restart()
        break
      case 'goBack':
        stream.goBackTo(Math.floor(stream.messages.length * step.share))
        break
      case 'foreign':
        stream.put(step.subject, {}, 'not ours')
        break
      case 'prune':
        // What an outbox forgets has been in the stream for long, and all have read it.
        await healed(async () => (await relays[0]?.step()) === 0)
        for (const index of [0, 1]) await healed(async () => !(await readers[index]?.step(5)))
        await dropOldestSent(announcing, step.count)
        break
      case 'purge':
        stream.expireUpTo((await stream.state()).lastSequence)
        stream.restart()
        break
      case 'vanish':
        stream.vanish()
        break
      case 'restart':
        stream.restart()
        break
      case 'read':
        await readers[step.which]?.step(step.max, step.breaks)
        break
      case 'restartReader':
        readers[step.which]?.restart()
    }
  }

  // The faults stop. One relay is left; it compares at its next connect, as every relay does.
  relays[0]?.restart()
  await healed(async () => (await relays[0]?.step()) === 0)
  for (const [index, store] of stores.entries()) {
    await healed(async () => !(await readers[index]?.step(5)))
    const effects = await effectsOf(store)
    for (const [key, count] of Object.entries(announced)) {
      const numbers = effects.filter((effect) => effect.key === key).map((effect) => effect.number)
      expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index))
    }
    await store.close()
  }
  // The stream itself holds each fact once, in the order in which they were announced.
  const rows = await announcing.read((tx) =>
    tx.db.select({ id: tx.tables.outbox.id }).from(tx.tables.outbox).orderBy(tx.tables.outbox.position),
  )
  const kept = new Set<string>(rows.map((row) => row.id))
  expect(stream.ids.filter((id) => kept.has(id))).toEqual([...kept])
  expect(new Set(stream.ids).size).toBe(stream.ids.length)
  await announcing.close()
}

async function dropOldestSent(store: TestStore, count: number): Promise<void> {
  await store.write(async (tx) => {
    const { outbox } = tx.tables
    const oldest = tx.db
      .select({ position: outbox.position })
      .from(outbox)
      .where(isNotNull(outbox.sentAt))
      .orderBy(outbox.streamSequence)
      .limit(count)
    await tx.db.delete(outbox).where(inArray(outbox.position, oldest))
  })
}

/** Repeats a step until it says that there is nothing left to do; that must come soon. */
async function healed(step: () => Promise<boolean>): Promise<void> {
  for (let steps = 0; steps < 1_000; steps += 1) if (await step()) return
  throw new Error('it does not come to rest')
}

const runs = Number(process.env.MESSAGES_HISTORIES ?? 150)

test(
  'whatever is lost, torn or restarted, every fact has one effect in every reader, in the order of its key',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), fc.boolean(), history),
      { numRuns: runs },
    )
  },
  60_000 + runs * 50,
)
