//! Senders and recipients on a real nats-server, with stores of both engines.
import { afterAll, afterEach, beforeAll, describe, setDefaultTimeout, test } from 'bun:test'
import { Registry } from 'prom-client'
import { processClock } from '../../contracts/time.ts'
import { startNatsServer, type TestNats } from '../../tests/harness/nats.ts'
import { hasPostgres, startPostgres, type TestPostgres } from '../../tests/harness/postgres.ts'
import { connectNats, type Nats } from '../nats.ts'
import type { Tables } from './conformance/schema.ts'
import type { Handler } from './handler.ts'
import { jetStream, type StreamLimits } from './jetstream.ts'
import type { Outbox } from './outbox.ts'
import { type ReaderOptions, startReader } from './reader.ts'
import { type RelayOptions, startRelay } from './relay.ts'
import {
  announceNumbers,
  counterStream,
  counting,
  eventually,
  numbersOf,
  openFileStore,
  openTestStore,
  silent,
  type TestStore,
  testOutbox,
} from './suite.fixture.ts'

export const now = processClock()
let postgres: TestPostgres | undefined

const cleanups: (() => Promise<unknown> | unknown)[] = []

/** For `afterEach`: ends what the test has begun. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

export type Engine = 'sqlite' | 'postgres'

export async function storeOf(engine: Engine): Promise<TestStore> {
  if (engine === 'sqlite') {
    const { store, remove } = await openFileStore()
    cleanups.push(remove)
    return store
  }
  if (postgres === undefined) throw new Error('PostgreSQL is absent')
  const store = await openTestStore(await postgres.createDatabase())
  cleanups.push(() => store.close())
  return store
}

export async function natsServer(): Promise<TestNats> {
  const server = await startNatsServer()
  cleanups.push(() => server.stop())
  return server
}

export function linkTo(url: string): Nats {
  const onClosed = (error: Error) => {
    throw error
  }
  const nats = connectNats({ url, name: 'test', log: silent, registry: new Registry(), onClosed })
  cleanups.push(() => nats.close())
  return nats
}

export type Sender = {
  readonly store: TestStore
  readonly outbox: Outbox
  readonly registry: Registry
  stop(): Promise<void>
  announce(from: number, count: number, key?: string): Promise<void>
}

export function sender(
  store: TestStore,
  nats: Nats,
  options: Partial<RelayOptions> & { streamLimits?: Partial<StreamLimits> } = {},
): Sender {
  const registry = new Registry()
  const outbox = testOutbox(now)
  const stream = jetStream({
    nats,
    stream: counterStream,
    limits: options.streamLimits ?? {},
    timeoutMs: 2_000,
  })
  const relay = startRelay({ store, stream, outbox, now, log: silent, registry, ...options })
  cleanups.push(() => relay.stop())
  return {
    store,
    outbox,
    registry,
    stop: relay.stop,
    announce: (from, count, key = 'a') => announceNumbers(store, outbox.announce, { key, from, count }),
  }
}

export type Recipient = { readonly store: TestStore; readonly registry: Registry; stop(): Promise<void> }

export function recipient(
  store: TestStore,
  nats: Nats,
  options: Partial<ReaderOptions<Tables>> = {},
): Recipient {
  const registry = new Registry()
  const stream = jetStream({ nats, stream: counterStream, timeoutMs: 2_000 })
  const handlers: Handler<Tables>[] = [counting()]
  const reader = startReader({ store, stream, handlers, now, log: silent, registry, ...options })
  cleanups.push(() => reader.stop())
  return { store, registry, stop: reader.stop }
}

export const hasRead = (store: TestStore, count: number, key = 'a') =>
  eventually(async () => (await numbersOf(store, key)).length >= count, {
    what: `reading ${count} of ${key}`,
  })

export const sentAll = (store: TestStore) =>
  eventually(
    async () => {
      const rows = await store.read((tx) =>
        tx.db.select({ sentAt: tx.tables.outbox.sentAt }).from(tx.tables.outbox),
      )
      return rows.every((row) => row.sentAt !== null)
    },
    { what: 'sending all' },
  )

export async function streamIds(nats: Nats): Promise<string[]> {
  const pieces = await Array.fromAsync(jetStream({ nats, stream: counterStream }).idsAfter(0))
  return pieces.flat().map((each) => each.id ?? '')
}

export const outboxIds = async (store: TestStore) =>
  (
    await store.read((tx) =>
      tx.db.select({ id: tx.tables.outbox.id }).from(tx.tables.outbox).orderBy(tx.tables.outbox.position),
    )
  ).map((row) => row.id as string)

/** Runs the tests on SQLite and, where it is installed, on PostgreSQL. */
export function onBothEngines(promises: (engine: Engine) => void): void {
  // Real processes come and go here, on machines that may have more to do.
  setDefaultTimeout(60_000)
  afterEach(cleanUp)
  describe('on SQLite:', () => promises('sqlite'))
  if (hasPostgres()) {
    describe('on PostgreSQL:', () => {
      beforeAll(async () => {
        postgres = await startPostgres()
      })
      afterAll(() => postgres?.stop())
      promises('postgres')
    })
  } else test.skip('PostgreSQL is not on this machine: nothing here is tested on it', () => undefined)
}
