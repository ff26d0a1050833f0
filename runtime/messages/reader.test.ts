//! What a reader does with facts that fail and with refusals, on a stream in memory.
import { afterEach, describe, expect, test } from 'bun:test'
import pino from 'pino'
import { fail, ok } from '../../contracts/errors.ts'
import { Refusal } from '../refusal.ts'
import type { Tx } from '../store/store.ts'
import type { Tables } from './conformance/schema.ts'
import { outgoing } from './fact-stream.suite.fixture.ts'
import { type Handler, on, Unusable } from './handler.ts'
import { MemoryStream } from './memory-stream.fixture.ts'
import { cleanUp, deadLetters, inbox, opened, placeOf, put, reading } from './reader.fixture.ts'
import { Counted, counting, eventually, metricOf, numbersOf } from './suite.fixture.ts'
import { realTimer } from './wait.ts'

afterEach(cleanUp)

describe('a fact that fails', () => {
  test('is tried again in place, with its delays, and what comes after it waits', async () => {
    let failures = 0
    const delays: number[] = []
    const retryDelaysMs = [111, 333, 1_111, 2_777, 5_555]
    const { stream, numbers, store } = await reading({
      handlers: [
        counting((_, number) => {
          if (number === 1 && failures++ < 4) throw new Error('not yet')
        }),
      ],
      retryDelaysMs,
      setTimer: (run, ms) => {
        if (!retryDelaysMs.includes(ms)) return realTimer(run, ms)
        delays.push(ms)
        return realTimer(run, 0)
      },
    })
    await put(stream, [0, 1, 2])
    expect(await numbers(3)).toEqual([0, 1, 2])
    expect(delays).toEqual(retryDelaysMs.slice(0, 3))
    expect(await deadLetters(store)).toEqual([])
  })

  test('six times goes with its reason, parks what follows of its key, and nothing else', async () => {
    let attempts = 0
    const { stream, numbers, store, registry } = await reading({
      retryDelaysMs: [1, 1, 1, 1, 1],
      handlers: [
        counting((_, number) => {
          if (number !== 13) return
          attempts += 1
          throw new TypeError('a bug in the handler')
        }),
      ],
    })
    await put(stream, [0, 13, 2])
    await put(stream, [0, 1], 'b')
    await put(stream, [3])
    expect(await numbers(2, 'b')).toEqual([0, 1])
    await eventually(async () => (await placeOf(store))?.sequence === 6)
    expect(await numbersOf(store)).toEqual([0])
    expect(attempts).toBe(6 + 1) // once with the others, which it undid
    const rows = await deadLetters(store)
    expect(rows.map((row) => [row.state, row.sequence, row.key, row.data])).toEqual([
      ['failed', 2, 'a', '{"number":13}'],
      ['parked', 3, 'a', '{"number":2}'],
      ['parked', 6, 'a', '{"number":3}'],
    ])
    expect(rows[0]).toMatchObject({
      attempts: 6,
      reason: 'TypeError: a bug in the handler',
      type: 'counter.counted',
    })
    expect((await inbox(store)).map((row) => row.outcome)).toEqual([
      'ok',
      'dead',
      'parked',
      'ok',
      'ok',
      'parked',
    ])
    await eventually(async () => (await metricOf(registry, 'reader_dead_letters')) === 3)
  })

  test('leaves nothing of what it had done, nor does it take from the others what they did', async () => {
    const { stream, numbers, store } = await reading({
      handlers: [
        on(Counted, async (tx: Tx<Tables>, fact) => {
          const row = { eventId: fact.id, key: fact.key, number: fact.data.number }
          await tx.db.insert(tx.tables.effects).values(row)
          if (fact.data.number === 1) throw new Error('after its effect')
          return ok(undefined)
        }),
      ],
    })
    await put(stream, [0])
    await put(stream, [1], 'b')
    await put(stream, [2])
    expect(await numbers(2)).toEqual([0, 2])
    expect(await numbersOf(store, 'b')).toEqual([])
  })

  test('because the store is away is no failure: it is tried for as long as it takes', async () => {
    let refusals = 0
    const { stream, numbers, store } = await reading({
      handlers: [
        counting((_, number) => {
          if (number === 1 && refusals++ < 40) throw new Refusal('unavailable', 'away')
        }),
      ],
    })
    await put(stream, [0, 1, 2])
    expect(await numbers(3)).toEqual([0, 1, 2])
    expect(await deadLetters(store)).toEqual([])
  })

  test.each([
    ['no JSON', { data: '{"number":' }, 'its data is not JSON'],
    [
      'JSON that no store can keep',
      { data: '{"number":1,"of":"\\\\\\u0000"}' },
      'its data is not JSON, or holds U+0000',
    ],
    ['of another shape', { data: '{"number":"1"}' }, 'its data is not that of counter.counted: /number'],
  ])('for being %s goes at once', async (_, broken, reason) => {
    const { stream, numbers, store } = await reading({ retryDelaysMs: [60_000] })
    await put(stream, [0])
    await stream.publish([outgoing(1, { key: 'b', ...broken }), outgoing(2, { key: 'b' }), outgoing(3)], 1)
    expect(await numbers(2)).toEqual([0, 3])
    const rows = await deadLetters(store)
    expect(rows.map((row) => [row.state, row.key])).toEqual([
      ['failed', 'b'],
      ['parked', 'b'],
    ])
    expect(rows[0]?.reason).toStartWith(reason)
  })

  test('for being unreadable is told in the log, in one line for all of a batch, without its data', async () => {
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
    const stream = new MemoryStream()
    const broken = (number: number) => outgoing(number, { key: 'b', data: '{"number":"secret"}' })
    await stream.publish([outgoing(0), broken(1), broken(2), outgoing(3)], 0)
    const { numbers } = await reading({
      stream,
      log,
      retryDelaysMs: [1],
      handlers: [
        counting((_, number) => {
          if (number === 5) throw new TypeError('a bug in the handler')
        }),
      ],
    })
    expect(await numbers(2)).toEqual([0, 3])
    await eventually(() => lines.length === 1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 50,
      stream: stream.name,
      count: 2,
      sequence: 2,
      subject: 'counter.counted',
      reason: 'its data is not that of counter.counted: /number: Expected integer',
    })
    expect(lines.join('')).not.toContain('secret')

    // Also where another of its batch fails, and each has a transaction of its own.
    await stream.publish([broken(4), outgoing(5, { key: 'c' }), broken(6), outgoing(7)], 4)
    expect(await numbers(3)).toEqual([0, 3, 7])
    await eventually(() => lines.length === 3)
    const [failed, unreadable] = lines.slice(1).map((line) => JSON.parse(line))
    expect(failed).toMatchObject({ sequence: 6, error: 'TypeError' })
    expect(unreadable).toMatchObject({ sequence: 5, count: 2 })
  })

  test('for saying what nobody can act on goes at once, with what its handler says of it', async () => {
    const { stream, numbers, store } = await reading({
      retryDelaysMs: [60_000],
      handlers: [
        counting((_, number) => {
          if (number === 1) throw new Unusable('nobody counts to one')
        }),
      ],
    })
    await put(stream, [0, 1], 'b')
    await put(stream, [2])
    expect(await numbers(1)).toEqual([2])
    expect(await numbersOf(store, 'b')).toEqual([0])
    const rows = await deadLetters(store)
    expect(rows).toMatchObject([{ key: 'b', state: 'failed', reason: 'Unusable: nobody counts to one' }])
  })

  test('for lacking its id, key or time goes at once and blocks nobody, where its key is unknown', async () => {
    const { stream, numbers, store } = await reading()
    const headers = {
      'ce-id': 'evt_1',
      'ce-type': 'counter.counted',
      'ce-time': '2025-01-01T00:00:00Z',
      'ce-subject': 'a',
    }
    const without = (name: keyof typeof headers) =>
      Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
    stream.put('counter.counted', { ...without('ce-subject') }, '{"number":1}')
    stream.put(
      'counter.counted',
      { ...without('ce-time'), 'ce-id': 'evt_2', 'ce-subject': 'b' },
      '{"number":1}',
    )
    stream.put(
      'counter.counted',
      { ...headers, 'ce-type': 'counter.other', 'ce-id': 'evt_3', 'ce-subject': 'c' },
      '{"number":1}',
    )
    await put(stream, [0])
    expect(await numbers(1)).toEqual([0])
    expect((await deadLetters(store)).map((row) => [row.eventId, row.reason])).toEqual([
      ['evt_1', 'it has no key (ce-subject)'],
      ['evt_2', 'it has no time (ce-time)'],
      ['evt_3', 'its type (ce-type) is not its subject'],
    ])
  })
})

describe('a refusal', () => {
  test('is recorded by its code, and the reader goes on', async () => {
    const refusing: Handler<Tables> = on(Counted, async (tx: Tx<Tables>, fact) =>
      fact.data.number === 1 ? fail('route_not_found') : await counting().handle(tx, fact),
    )
    const { stream, numbers, store, registry } = await reading({ handlers: [refusing] })
    await put(stream, [0, 1, 2])
    expect(await numbers(2)).toEqual([0, 2])
    expect((await inbox(store)).map((row) => row.outcome)).toEqual(['ok', 'route_not_found', 'ok'])
    const counted = await registry.getSingleMetric('reader_facts_total')?.get()
    expect(counted?.values.map(({ labels, value }) => [labels.outcome, value])).toEqual([
      ['ok', 2],
      ['refused', 1],
    ])
  })

  test('that only means "not now" is none: the fact is tried again', async () => {
    let asked = 0
    const busy: Handler<Tables> = on(Counted, async (tx: Tx<Tables>, fact) =>
      asked++ < 3 ? fail('unavailable') : await counting().handle(tx, fact),
    )
    const { stream, numbers, store } = await reading({ handlers: [busy] })
    await put(stream, [0])
    expect(await numbers(1)).toEqual([0])
    expect((await inbox(store)).map((row) => row.outcome)).toEqual(['ok'])
  })
})

test('how far behind it is is told also while it cannot write', async () => {
  const store = await opened()
  const stream = new MemoryStream()
  let away = false
  const handlers = [
    counting(() => {
      if (away) throw new Refusal('unavailable', 'away')
    }),
  ]
  const { numbers, registry } = await reading({ store, stream, handlers, checkMs: 5 })
  await put(stream, [0])
  await numbers(1)
  away = true
  await put(stream, [1])
  await put(stream, [2, 3, 4])
  await eventually(async () => (await metricOf(registry, 'reader_lag')) === 4)
  away = false
  expect(await numbers(5)).toEqual([0, 1, 2, 3, 4])
  await eventually(async () => (await metricOf(registry, 'reader_lag')) === 0)
})
