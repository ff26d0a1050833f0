//! How a reader keeps its place and finds it again, on a stream in memory.
import { afterEach, describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { instantOf, processClock } from '../../contracts/time.ts'
import type { Tx } from '../store/store.ts'
import type { Tables } from './conformance/schema.ts'
import { outgoing } from './fact-stream.suite.fixture.ts'
import { handlersByType } from './handler.ts'
import { MemoryStream } from './memory-stream.fixture.ts'
import { readerMetrics } from './metrics.ts'
import { cleanUp, inbox, opened, placeOf, put, reading } from './reader.fixture.ts'
import { ReaderCore } from './reader-core.ts'
import {
  breakable,
  counting,
  effectsOf,
  eventually,
  Ignored,
  metricOf,
  numbersOf,
  silent,
  upTo,
} from './suite.fixture.ts'

afterEach(cleanUp)

describe('the place', () => {
  test('moves over facts of no concern, which leave nothing in the inbox', async () => {
    const { stream, store } = await reading()
    await stream.publish(
      [
        outgoing(0, { type: Ignored.type, data: '{}' }),
        outgoing(1),
        outgoing(2, { type: 'counter.unknown', data: '!' }),
      ],
      0,
    )
    await eventually(async () => (await placeOf(store))?.sequence === 3)
    expect(await inbox(store)).toHaveLength(1)
    expect((await placeOf(store))?.eventId).toBe(stream.ids[2] ?? '')
  })

  test('is not passed by a fact that was not applied, wherever the reader is stopped', async () => {
    const stream = new MemoryStream()
    const store = await opened()
    await put(stream, upTo(40))
    let calls = 0
    for (let stops = 0; stops < 12; stops += 1) {
      const { reader } = await reading({
        store,
        stream,
        batchMax: 5,
        handlers: [
          counting((_, number) => {
            calls += 1
            if (number % 7 === 3 && calls % 3 !== 0) throw new Error('sometimes')
          }),
        ],
        retryDelaysMs: Array.from({ length: 50 }, () => 0),
      })
      await new Promise((resolve) => setImmediate(resolve))
      await reader.stop()
    }
    const { numbers } = await reading({ store, stream })
    expect(await numbers(40)).toEqual(upTo(40))
  })

  test('is proved by the reading itself: a stream exchanged after it was looked at is not read on', async () => {
    const stream = new MemoryStream()
    const { reader, store, numbers } = await reading({ stream })
    await put(stream, [0, 1, 2])
    await numbers(3)
    await reader.stop()
    // Between look and reading it becomes another stream of the same length, without anybody being told.
    const read = stream.read.bind(stream)
    stream.read = async (from) => {
      stream.read = read
      stream.vanishSilently()
      await put(stream, [3, 4, 5])
      return await read(from)
    }
    const again = await reading({ stream, store })
    expect(await again.numbers(6)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('is found again when the stream becomes another one while nothing is read, without a word', async () => {
    const stream = new MemoryStream()
    const { numbers } = await reading({ stream, checkMs: 10 })
    await put(stream, [0, 1, 2])
    await numbers(3)
    stream.vanishSilently()
    await put(stream, [3, 4, 5])
    expect(await numbers(6)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('is looked at in idle times too: not even a stream that changes under its reading goes unnoticed', async () => {
    const stream = new MemoryStream()
    const { numbers } = await reading({ stream, checkMs: 10 })
    await put(stream, [0, 1, 2])
    await numbers(3)
    stream.becomeEmpty()
    await put(stream, [3, 4, 5])
    expect(await numbers(6)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('before the first message is proved too: the reading must begin where it was meant to', async () => {
    const stream = new MemoryStream()
    const { reader, store, numbers } = await reading({ stream })
    await put(stream, [0, 1, 2])
    await numbers(3)
    await reader.stop()
    stream.expireUpTo(3)
    const read = stream.read.bind(stream)
    stream.read = async (from) => {
      stream.read = read
      stream.vanishSilently()
      await put(stream, [3, 4])
      return await read(from)
    }
    const again = await reading({ stream, store })
    expect(await again.numbers(5)).toEqual([0, 1, 2, 3, 4])
  })

  test('is remembered where it is now: to go back a second time is not to begin anew', async () => {
    const stream = new MemoryStream()
    const { numbers, registry } = await reading({ stream })
    await put(stream, upTo(40))
    await numbers(40)
    // Filled again by an outbox that had pruned the first ten: everything stands ten places earlier.
    const kept = stream.messages.slice(10)
    stream.vanishSilently()
    for (const { subject, headers, data } of kept) stream.put(subject, headers(), data)
    stream.restart()
    const repeated = async () =>
      (await registry.getSingleMetric('reader_facts_total')?.get())?.values.find(
        ({ labels }) => labels.outcome === 'repeated',
      )?.value ?? 0
    await eventually(async () => (await repeated()) === 30)
    stream.goBackTo(20)
    await put(stream, [40])
    await numbers(41)
    expect(await repeated()).toBe(30)
  })

  test('is not confused by one fact that stands in the stream twice, in one batch or in two', async () => {
    const stream = new MemoryStream()
    await put(stream, [0, 1])
    const [first] = stream.messages
    if (first === undefined) throw new Error('no message')
    stream.put(first.subject, first.headers(), first.data)
    await put(stream, [2])
    const { numbers, store } = await reading({ stream })
    await numbers(3)
    stream.put(first.subject, first.headers(), first.data)
    await put(stream, [3])
    await numbers(4)
    expect(await numbersOf(store)).toEqual([0, 1, 2, 3])
  })

  test('of two processes that both believe to be the reader is moved by one; each fact has one effect', async () => {
    const stream = new MemoryStream()
    const store = await opened()
    await put(stream, upTo(300))
    const first = await reading({ store, stream, batchMax: 3 })
    await reading({ store, stream, batchMax: 5 })
    expect(await first.numbers(300)).toEqual(upTo(300))
    await eventually(async () => (await placeOf(store))?.sequence === 300)
    expect(await effectsOf(store)).toHaveLength(300)
  })

  test('that another process has moved is never overwritten', async () => {
    const stream = new MemoryStream()
    const store = await opened()
    await put(stream, upTo(4))
    const core = () =>
      new ReaderCore({
        store,
        stream,
        handlers: handlersByType([counting()]),
        now: processClock(),
        log: silent,
        metrics: readerMetrics(new Registry()),
        held: { mustHold: async () => undefined },
      })
    const [paused, active] = [core(), core()]
    const held = await (await paused.open()).next(2)
    await active.apply(active.hear(await (await active.open()).next(4)))
    await expect(paused.apply(paused.hear(held))).rejects.toThrow('another process reads TEST')
    expect((await placeOf(store))?.sequence).toBe(4)
    expect(await numbersOf(store)).toEqual(upTo(4))
  })

  test('in holes goes on over them, and counts what is missing', async () => {
    const stream = new MemoryStream()
    await put(stream, upTo(6))
    stream.punch(2)
    stream.punch(4)
    const { numbers, registry } = await reading({ stream })
    expect(await numbers(4)).toEqual([0, 2, 4, 5])
    expect(await metricOf(registry, 'reader_gap_total')).toBe(2)
  })
})

test('the inbox remembers a fact for its month: until then it would be known again', async () => {
  const store = await opened()
  const dayMs = 24 * 60 * 60 * 1000
  let at = instantOf(1_700_000_000_000)
  const stream = new MemoryStream()
  let writes = 0
  const counted = {
    ...store,
    write: <R>(body: (tx: Tx<Tables>) => Promise<R>) => {
      writes += 1
      return store.write(body)
    },
  }
  const { numbers } = await reading({ stream, store: counted, now: () => at, pruneMs: 1 })
  await put(stream, [0, 1, 2])
  await numbers(3)
  at = instantOf(at + 29 * dayMs)
  await put(stream, [3])
  await numbers(4)
  const seen = writes
  await eventually(() => writes > seen + 2)
  expect(await inbox(store)).toHaveLength(4)
  at = instantOf(at + 2 * dayMs)
  await eventually(async () => (await inbox(store)).length === 1)
  expect((await inbox(store)).map((row) => row.sequence)).toEqual([4])
})

test('a store that breaks under it costs no effect and doubles none', async () => {
  const store = await opened()
  const broken = breakable(store)
  const stream = new MemoryStream()
  const { numbers } = await reading({ store: broken, stream, batchMax: 7 })
  for (let from = 0; from < 200; from += 20) {
    broken.breakNext = (['before', 'undone', 'unanswered'] as const)[(from / 20) % 3]
    await put(stream, upTo(from + 20).slice(from))
    await numbers(from + 20)
  }
  expect(await numbersOf(store)).toEqual(upTo(200))
})
