//! The relay on a stream in memory: when it sends, what it repairs unasked, and what it forgets.
import { afterEach, describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { type Instant, instantOf, processClock } from '../../contracts/time.ts'
import { MemoryStream } from './memory-stream.fixture.ts'
import { relayMetrics } from './metrics.ts'
import { type RelayOptions, startRelay } from './relay.ts'
import { RelayCore, type RelayLimits, relayLimits } from './relay-core.ts'
import {
  announceNumbers,
  eventually,
  metricOf,
  openTestStore,
  silent,
  type TestStore,
  testOutbox,
} from './suite.fixture.ts'
import { realTimer } from './wait.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function opened(): Promise<TestStore> {
  const store = await openTestStore()
  cleanups.push(() => store.close())
  return store
}

async function running(options: Partial<RelayOptions> = {}) {
  const store = options.store === undefined ? await opened() : (options.store as TestStore)
  const stream = new MemoryStream()
  const now = processClock()
  const outbox = testOutbox(now)
  const registry = new Registry()
  // Without patience for the poll: what is sent here was rung for.
  const relay = startRelay({ store, stream, outbox, now, log: silent, registry, pollMs: 60_000, ...options })
  cleanups.push(() => relay.stop())
  const announce = (from: number, count: number) => announceNumbers(store, outbox.announce, { from, count })
  return { store, stream, registry, relay, announce }
}

const idsOf = async (store: TestStore): Promise<string[]> => {
  const { outbox } = {
    outbox: await store.read((tx) =>
      tx.db.select().from(tx.tables.outbox).orderBy(tx.tables.outbox.position),
    ),
  }
  return outbox.map((row) => row.id)
}

describe('a relay', () => {
  test('sends at once what is announced, without waiting for its poll', async () => {
    const { stream, announce } = await running()
    await eventually(() => stream.messages.length === 0)
    await announce(0, 3)
    await eventually(() => stream.messages.length === 3, { withinMs: 1_000 })
    await announce(3, 1)
    await eventually(() => stream.messages.length === 4, { withinMs: 1_000 })
  })

  test('finds by its poll what another process has announced', async () => {
    const store = await opened()
    const { stream } = await running({ store, pollMs: 20 })
    await announceNumbers(store, testOutbox().announce, { from: 0, count: 3 })
    await eventually(() => stream.messages.length === 3, { withinMs: 2_000 })
  })

  test('repairs a stream that went back while there was nothing to send: at its return, and unasked', async () => {
    const { store, stream, registry, announce } = await running({ checkMs: 20, pollMs: 20 })
    await announce(0, 30)
    await eventually(() => stream.messages.length === 30)
    stream.goBackTo(10)
    await eventually(() => stream.messages.length === 30)
    // Gone without a word, as when somebody deletes and makes it anew while the connection stands.
    const resyncs = await metricOf(registry, 'outbox_resyncs_total')
    stream.vanishSilently()
    await eventually(() => stream.messages.length === 30)
    expect(await metricOf(registry, 'outbox_resyncs_total')).toBeGreaterThan(resyncs ?? 0)
    expect(stream.ids).toEqual(await idsOf(store))
    expect(await metricOf(registry, 'outbox_repaired_total')).toBe(50)
  })

  test('what was torn out of the middle comes again at the end', async () => {
    const { store, stream, announce } = await running({ checkMs: 20, pollMs: 20 })
    await announce(0, 10)
    await eventually(() => stream.messages.length === 10)
    const ids = await idsOf(store)
    stream.punch(3)
    stream.punch(7)
    await eventually(() => stream.messages.length === 10)
    const torn = [ids[2], ids[6]]
    expect(stream.ids).toEqual([...ids.filter((id) => !torn.includes(id)), ...torn] as string[])
  })

  test('a failure is tried again and told by its gauge; the answer comes from a single fact', async () => {
    const { stream, registry, announce } = await running({ backoff: { firstMs: 1, maxMs: 5 } })
    await announce(0, 5)
    await eventually(() => stream.messages.length === 5)
    stream.messagesMax = 8
    await announce(5, 10)
    await eventually(async () => (await metricOf(registry, 'outbox_stream_full')) === 1)
    expect(await metricOf(registry, 'outbox_unsent')).toBe(7)
    stream.messagesMax = 100
    await eventually(() => stream.messages.length === 15)
    await eventually(async () => (await metricOf(registry, 'outbox_stream_full')) === 0)
  })

  test('what a stranger puts into the stream costs a comparison each and no waiting', async () => {
    const pollMs = 60_000
    const waits: number[] = []
    const { store, stream, registry, announce } = await running({
      pollMs,
      backoff: { firstMs: 30_000, maxMs: 30_000 },
      setTimer: (run, ms) => {
        waits.push(ms)
        return realTimer(run, ms)
      },
    })
    for (const number of [0, 1, 2]) {
      // A relay that is not idle would hear of the fact while it waits for something else.
      await eventually(() => waits.at(-1) === pollMs)
      waits.length = 0
      await announce(number, 1)
      await eventually(() => stream.ids.length === number + 1, { withinMs: 5_000 })
      stream.put('counter.strange', {}, 'hello')
      stream.put('counter.strange', {}, 'hello again')
    }
    expect(stream.ids).toEqual(await idsOf(store))
    expect(await metricOf(registry, 'outbox_resyncs_total')).toBe(3)
  })

  test('stops within the window that is under way, and leaves the rest where it is', async () => {
    const { store, stream, relay, announce } = await running({ limits: { windowMax: 1 } })
    await announce(0, 200)
    await relay.stop()
    const sent = stream.messages.length
    await new Promise((resolve) => setImmediate(resolve))
    expect(stream.messages.length).toBe(sent)
    expect(stream.ids).toEqual((await idsOf(store)).slice(0, sent))
  })

  test('a store that is closed spoils no metric but its own', async () => {
    const store = await openTestStore()
    const { registry, relay } = await running({ store })
    await relay.stop()
    await store.close()
    expect(await registry.metrics()).toContain('outbox_unsent Nan')
  })
})

describe('pruning', () => {
  const minute = 60_000
  let at = instantOf(1_700_000_000_000)
  const later = (ms: number) => {
    at = (at + ms) as Instant
  }

  async function core(limits: Partial<RelayLimits>) {
    const store = await opened()
    const stream = new MemoryStream()
    const now = () => at
    const made = () =>
      new RelayCore({
        store,
        stream,
        now,
        log: silent,
        metrics: relayMetrics(new Registry(), store, now),
        limits: { ...relayLimits, ...limits },
        held: { mustHold: async () => undefined },
      })
    const { announce } = testOutbox(now)
    const send = async (relay: RelayCore, from: number, count: number) => {
      await announceNumbers(store, announce, { from, count })
      while ((await relay.publishWindow()) > 0) {}
    }
    const left = async () => (await idsOf(store)).length
    return { stream, store, made, send, left, announce }
  }

  /** As its loop does: every so often. */
  async function passTime(relay: RelayCore, ms: number, every = minute): Promise<void> {
    for (let passed = 0; passed < ms; passed += every) {
      later(every)
      while ((await relay.prune()) > 0) {}
    }
  }

  test('sent rows go after their day, and not before', async () => {
    const { made, send, left } = await core({})
    const relay = made()
    await relay.resync()
    await send(relay, 0, 50)
    await passTime(relay, 12 * 60 * minute, 10 * minute)
    await send(relay, 50, 50)
    await passTime(relay, 11 * 60 * minute, 10 * minute)
    expect(await left()).toBe(100)
    await passTime(relay, 2 * 60 * minute, 10 * minute)
    expect(await left()).toBe(50)
  })

  test('sent rows beyond the newest so many go, but never before they have settled', async () => {
    const { made, send, left } = await core({ keepRows: 20 })
    const relay = made()
    await relay.resync()
    await send(relay, 0, 100)
    await passTime(relay, 14 * minute)
    expect(await left()).toBe(100)
    await passTime(relay, 3 * minute)
    expect(await left()).toBe(20)
  })

  test('a clock that was set forward over a restart prunes nothing that has just been sent', async () => {
    const { made, send, left } = await core({})
    const relay = made()
    await relay.resync()
    await send(relay, 0, 10)
    later(48 * 60 * minute)
    const restarted = made()
    await restarted.resync()
    await passTime(restarted, 14 * minute)
    expect(await left()).toBe(10)
    await passTime(restarted, 3 * minute)
    expect(await left()).toBe(0)
  })

  test('what was not sent, or was lost again, stays however old it is', async () => {
    const { made, send, left, stream, store, announce } = await core({})
    const relay = made()
    await relay.resync()
    await send(relay, 0, 10)
    await announceNumbers(store, announce, { from: 10, count: 5 })
    stream.goBackTo(4)
    await relay.resync()
    await passTime(relay, 3 * 24 * 60 * minute, 60 * minute)
    expect(await left()).toBe(11)
    while ((await relay.publishWindow()) > 0) {}
    expect(stream.messages).toHaveLength(15)
  })

  test('a stream that was lost after pruning gets what is left, in order', async () => {
    const { made, send, stream, store } = await core({ keepRows: 20 })
    const relay = made()
    await relay.resync()
    await send(relay, 0, 60)
    await passTime(relay, 20 * minute)
    stream.vanish()
    await relay.resync()
    while ((await relay.publishWindow()) > 0) {}
    expect(stream.ids).toEqual(await idsOf(store))
    expect(stream.messages).toHaveLength(20)
  })

  test('a stream that is lost again before it was repaired comes back in the old order', async () => {
    const { made, send, stream, store } = await core({ windowMax: 4 })
    const relay = made()
    await relay.resync()
    await send(relay, 0, 20)
    // Emptied, it goes on with higher numbers than those that were lost had; then it begins anew.
    stream.expireUpTo(20)
    await relay.resync()
    await relay.publishWindow()
    await relay.publishWindow()
    stream.vanish()
    await relay.resync()
    await relay.publishWindow()
    stream.vanish()
    await relay.resync()
    while ((await relay.publishWindow()) > 0) {}
    expect(stream.ids).toEqual(await idsOf(store))
  })

  test('what the stream has dropped by its own age is not taken for lost', async () => {
    const { made, send, stream } = await core({ keepMs: Number.MAX_SAFE_INTEGER })
    const relay = made()
    await relay.resync()
    await send(relay, 0, 10)
    later(8 * 24 * 60 * minute)
    stream.expireUpTo(10)
    await relay.resync()
    expect(await relay.publishWindow()).toBe(0)
  })
})
