//! A reader on a stream in memory, and what its tests look at.
import { Registry } from 'prom-client'
import { processClock } from '../../contracts/time.ts'
import type { Tables } from './conformance/schema.ts'
import { outgoing } from './fact-stream.suite.fixture.ts'
import { MemoryStream } from './memory-stream.fixture.ts'
import { type ReaderOptions, startReader } from './reader.ts'
import { counting, eventually, numbersOf, openTestStore, silent, type TestStore } from './suite.fixture.ts'

const cleanups: (() => Promise<unknown>)[] = []

/** For `afterEach`: ends what the test has begun. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

export async function opened(): Promise<TestStore> {
  const store = await openTestStore()
  cleanups.push(() => store.close())
  return store
}

export async function reading(options: Partial<ReaderOptions<Tables>> & { stream?: MemoryStream } = {}) {
  const store = (options.store ?? (await opened())) as TestStore
  const stream = options.stream ?? new MemoryStream()
  const registry = new Registry()
  const reader = startReader({
    store,
    handlers: [counting()],
    now: processClock(),
    log: silent,
    registry,
    retryDelaysMs: [1, 1, 1],
    backoff: { firstMs: 1, maxMs: 5 },
    ...options,
    stream,
  })
  cleanups.push(() => reader.stop())
  const numbers = async (count: number, key = 'a') => {
    await eventually(async () => (await numbersOf(store, key)).length >= count)
    return await numbersOf(store, key)
  }
  return { store, stream, registry, reader, numbers }
}

/** Puts numbers of a key at the end of the stream. */
export const put = async (stream: MemoryStream, numbers: readonly number[], key = 'a') => {
  const { lastSequence } = await stream.state()
  await stream.publish(
    numbers.map((number) => outgoing(number, { key })),
    lastSequence,
  )
}

export const deadLetters = (store: TestStore) =>
  store.read((tx) => tx.db.select().from(tx.tables.deadLetters).orderBy(tx.tables.deadLetters.position))
export const inbox = (store: TestStore) =>
  store.read((tx) => tx.db.select().from(tx.tables.inbox).orderBy(tx.tables.inbox.sequence))
export const placeOf = async (store: TestStore) =>
  (await store.read((tx) => tx.db.select().from(tx.tables.places)))[0]
