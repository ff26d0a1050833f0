//! Relays and readers that die, collide, or meet what is not theirs, on a real nats-server: each fact once, in order.
import { expect, test } from 'bun:test'
import { jetstreamManager } from '@nats-io/jetstream'
import {
  hasRead,
  linkTo,
  natsServer,
  now,
  onBothEngines,
  outboxIds,
  recipient,
  sender,
  sentAll,
  storeOf,
  streamIds,
} from './faults.fixture.ts'
import {
  announceNumbers,
  breakable,
  eventually,
  metricOf,
  numbersOf,
  testOutbox,
  upTo,
} from './suite.fixture.ts'

onBothEngines((engine) => {
  test('two relays at once, without a lease: the stream has each fact once, each key in order', async () => {
    const server = await natsServer()
    const store = await storeOf(engine)
    const first = sender(store, linkTo(server.url), { pollMs: 5 })
    const nats = linkTo(server.url)
    const second = sender(store, nats, { pollMs: 5 })
    const to = recipient(await storeOf(engine), nats)
    for (let from = 0; from < 300; from += 50)
      await Promise.all([first.announce(from, 50, 'a'), second.announce(from, 50, 'b')])
    await sentAll(store)
    // Two transactions that ran side by side on PostgreSQL may be sent in the other order than they began.
    expect((await streamIds(nats)).sort()).toEqual((await outboxIds(store)).sort())
    for (const key of ['a', 'b']) {
      await hasRead(to.store, 300, key)
      expect(await numbersOf(to.store, key)).toEqual(upTo(300))
    }
  })

  test('a relay that dies between publishing and marking publishes nothing twice', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const store = await storeOf(engine)
    const broken = breakable(store)
    const { announce } = testOutbox(now)
    await announceNumbers(store, announce, { from: 0, count: 200 })
    // What was published is not marked, three times over; then nothing is sure but that the window was answered.
    for (let death = 0; death < 3; death += 1) {
      const relay = sender(broken, nats, {
        limits: { windowMax: 50 },
        backoff: { firstMs: 60_000, maxMs: 60_000 },
      })
      broken.breakNext = 'before'
      await eventually(() => broken.breakNext === undefined)
      await relay.stop()
    }
    const last = sender(broken, nats, { limits: { windowMax: 50 } })
    await sentAll(store)
    expect(await streamIds(nats)).toEqual(await outboxIds(store))
    await last.stop()
  })

  test('a reader that dies before its commit, or after it without knowing, has every effect once', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    await from.announce(0, 600)
    await sentAll(from.store)
    const store = await storeOf(engine)
    const broken = breakable(store)
    for (const how of ['before', 'undone', 'unanswered', 'undone', 'unanswered'] as const) {
      broken.breakNext = how
      const reader = recipient(broken, nats, { batchMax: 20, backoff: { firstMs: 60_000, maxMs: 60_000 } })
      await eventually(() => broken.breakNext === undefined)
      await reader.stop()
    }
    recipient(store, nats)
    await hasRead(store, 600)
    expect(await numbersOf(store)).toEqual(upTo(600))
  })

  test('a full stream keeps the old, the outbox keeps the new, and a larger one takes them in order', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const store = await storeOf(engine)
    const small = sender(store, nats, {
      streamLimits: { bytesMax: 32 * 1024 },
      backoff: { firstMs: 5, maxMs: 20 },
    })
    await small.announce(0, 300)
    await eventually(async () => (await metricOf(small.registry, 'outbox_stream_full')) === 1)
    expect(await metricOf(small.registry, 'outbox_unsent')).toBeGreaterThan(0)
    expect(await metricOf(small.registry, 'outbox_oldest_unsent_seconds')).toBeGreaterThan(0)
    const kept = await streamIds(nats)
    expect(kept.length).toBeGreaterThan(0)
    expect(await outboxIds(store).then((ids) => ids.slice(0, kept.length))).toEqual(kept)
    await small.stop()
    const large = sender(store, nats, { streamLimits: { bytesMax: 1024 * 1024 } })
    await sentAll(store)
    expect(await streamIds(nats)).toEqual(await outboxIds(store))
    expect(await metricOf(large.registry, 'outbox_stream_full')).toBe(0)
  })

  test('facts of no concern and messages that are none move the place and stop nobody', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    const to = recipient(await storeOf(engine), nats)
    await from.announce(0, 3)
    await sentAll(from.store)
    const connection = await nats.whenConnected()
    for (const [subject, data] of [
      ['counter.ignored', '{}'],
      ['counter.nonsense', 'x'.repeat(900_000)],
      ['counter.counted', 'not json'],
      ['counter.counted', new Uint8Array([0, 255, 254])],
      ['counter.counted', ''],
    ] as const)
      await connection.request(subject, data, { timeout: 5_000 })
    await from.announce(3, 3)
    await hasRead(to.store, 6)
    expect(await numbersOf(to.store)).toEqual(upTo(6))
    const rows = await to.store.read((tx) => tx.db.select().from(tx.tables.deadLetters))
    expect(rows.map((row) => [row.subject, row.state, row.encoding])).toEqual([
      ['counter.counted', 'failed', 'text'],
      ['counter.counted', 'failed', 'base64'],
      ['counter.counted', 'failed', 'text'],
    ])
    expect(rows.every((row) => row.reason === 'it has no event id (ce-id)')).toBe(true)
    // Counted once the place is written, which is what was waited for.
    await eventually(async () => (await metricOf(to.registry, 'reader_dead_letters')) === 3)
  })

  test('a reader whose place fell off the stream counts the gap and goes on', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    const first = recipient(await storeOf(engine), nats)
    await from.announce(0, 10)
    await hasRead(first.store, 10)
    await first.stop()
    await from.announce(10, 30)
    await sentAll(from.store)
    await from.stop()
    const jsm = await jetstreamManager(await nats.whenConnected())
    await jsm.streams.purge('COUNTER', { seq: 26 })
    const second = recipient(first.store, nats)
    await hasRead(first.store, 25)
    expect(await numbersOf(first.store)).toEqual([...upTo(10), ...upTo(40).slice(25)])
    expect(await metricOf(second.registry, 'reader_gap_total')).toBe(15)
  })
})
