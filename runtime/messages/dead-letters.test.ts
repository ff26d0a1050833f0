//! Dead letters on both engines: looked at, handled again, given up, and what waited behind them.
import { afterEach, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { listDeadLetters, replayDeadLetter, showDeadLetter, skipDeadLetter } from './dead-letters.ts'
import { outgoing } from './fact-stream.suite.fixture.ts'
import { onBothEngines, storeOf } from './faults.fixture.ts'
import { handlersByType } from './handler.ts'
import { MemoryStream } from './memory-stream.fixture.ts'
import { cleanUp, deadLetters, inbox, placeOf, put, reading } from './reader.fixture.ts'
import { breakable, counting, eventually, metricOf, numbersOf } from './suite.fixture.ts'

onBothEngines((engine) => {
  afterEach(cleanUp)

  /** A reader whose handler fails on some numbers of key `a`, as long as it is told to. */
  async function failingOn(...numbers: number[]) {
    const bad = new Set(numbers)
    const handler = counting((_, number) => {
      if (bad.has(number)) throw new Error(`cannot count ${number}`)
    })
    const stream = new MemoryStream()
    const read = await reading({ store: await storeOf(engine), stream, handlers: [handler], checkMs: 10 })
    const parts = { store: read.store, handlers: new Map([['TEST', handlersByType([handler])]]) }
    const readTo = (sequence: number) =>
      eventually(async () => (await placeOf(read.store))?.sequence === sequence)
    const idOf = async (data: number) => {
      const row = (await deadLetters(read.store)).find((each) => each.data === `{"number":${data}}`)
      return row?.eventId ?? `no dead letter of ${data}`
    }
    return { ...read, bad, stream, parts, readTo, idOf }
  }

  test('are listed in their order and shown with all that was known of them', async () => {
    const { store, stream, readTo, idOf } = await failingOn(1)
    await put(stream, [0, 1, 2])
    await readTo(3)
    const listed = await listDeadLetters(store)
    expect(listed.map(({ state, key, attempts, reason }) => ({ state, key, attempts, reason }))).toEqual([
      { state: 'failed', key: 'a', attempts: 4, reason: 'Error: cannot count 1' },
      { state: 'parked', key: 'a', attempts: 0, reason: 'an earlier fact of its key has failed' },
    ])
    expect(await listDeadLetters(store, { after: listed[0]?.position ?? '', limit: 1 })).toEqual([
      listed[1] as never,
    ])
    const shown = await showDeadLetter(store, await idOf(1))
    expect(shown).toMatchObject({ ...listed[0], sequence: 2, data: '{"number":1}', encoding: 'text' })
    expect(shown?.headers).toMatchObject({
      'ce-type': 'counter.counted',
      'ce-subject': 'a',
      'ce-source': 'test',
    })
    expect(await showDeadLetter(store, 'evt_none')).toBeUndefined()
  })

  test('handled again, they have their effect, and then all that waited, in order; the key is free', async () => {
    const { store, stream, readTo, parts, bad, idOf, numbers } = await failingOn(1)
    await put(stream, [0, 1, 2, 3])
    await readTo(4)
    bad.clear()
    expect(await replayDeadLetter(parts, await idOf(1))).toEqual({ ok: true, replayed: 3 })
    await put(stream, [4])
    expect(await numbers(5)).toEqual([0, 1, 2, 3, 4])
    expect(await deadLetters(store)).toEqual([])
    expect((await inbox(store)).map((row) => row.outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
  })

  test('that fail again stay, with the new reason, and so does all behind them', async () => {
    const { store, stream, readTo, parts, idOf } = await failingOn(1)
    await put(stream, [0, 1, 2])
    await readTo(3)
    expect(await replayDeadLetter(parts, await idOf(1))).toEqual({
      ok: false,
      message: 'it failed again: Error: cannot count 1',
    })
    expect((await deadLetters(store)).map((row) => [row.state, row.attempts])).toEqual([
      ['failed', 5],
      ['parked', 0],
    ])
    expect(await numbersOf(store)).toEqual([0])
  })

  test('what waited and fails itself becomes the one that the rest waits for', async () => {
    const { store, stream, readTo, parts, bad, idOf } = await failingOn(1, 3)
    await put(stream, [0, 1, 2, 3, 4])
    await readTo(5)
    bad.delete(1)
    const third = await idOf(3)
    expect(await replayDeadLetter(parts, await idOf(1))).toEqual({
      ok: true,
      replayed: 2,
      failedAt: { id: third, reason: 'Error: cannot count 3' },
    })
    expect(await numbersOf(store)).toEqual([0, 1, 2])
    expect((await deadLetters(store)).map((row) => [row.data, row.state])).toEqual([
      ['{"number":3}', 'failed'],
      ['{"number":4}', 'parked'],
    ])
    expect(await skipDeadLetter(parts, third)).toEqual({ ok: true, replayed: 1 })
    expect(await numbersOf(store)).toEqual([0, 1, 2, 4])
    expect((await inbox(store)).map((row) => row.outcome)).toEqual(['ok', 'ok', 'ok', 'skipped', 'ok'])
  })

  test('are counted as they come, and as they are seen to', async () => {
    const { registry, stream, readTo, parts, idOf } = await failingOn(1)
    const counted = (count: number) =>
      eventually(async () => (await metricOf(registry, 'reader_dead_letters')) === count)
    await put(stream, [0, 1])
    await counted(1)
    await put(stream, [2])
    await counted(2)
    await readTo(3)
    await skipDeadLetter(parts, await idOf(1))
    await counted(0)
  })

  test('out of turn, unknown or already seen to, they are refused', async () => {
    const { stream, readTo, parts, idOf, bad } = await failingOn(1)
    await put(stream, [1, 2])
    await readTo(2)
    const [first, second] = [await idOf(1), await idOf(2)]
    const waits = { ok: false, message: `it waits behind ${first}, which comes first` } as const
    expect(await replayDeadLetter(parts, second)).toEqual(waits)
    expect(await skipDeadLetter(parts, second)).toEqual(waits)
    bad.clear()
    await replayDeadLetter(parts, first)
    expect(await replayDeadLetter(parts, first)).toEqual({
      ok: false,
      message: `there is no dead letter ${first}`,
    })
    expect(await skipDeadLetter(parts, 'evt_none')).toEqual({
      ok: false,
      message: 'there is no dead letter evt_none',
    })
    expect(await numbersOf(parts.store)).toEqual([1, 2])
  })

  test('of other keys and tenants wait for nobody', async () => {
    const { store, stream, readTo, numbers } = await failingOn(1)
    await put(stream, [1])
    await stream.publish(
      [outgoing(7, { tenantId: 'other' as never }), outgoing(8, { key: 'b' }), outgoing(9)],
      1,
    )
    await readTo(4)
    expect(await numbers(1)).toEqual([7])
    expect(await numbersOf(store, 'b')).toEqual([8])
    expect((await deadLetters(store)).map((row) => row.state)).toEqual(['failed', 'parked'])
  })

  test('what cannot be read stays unreadable; given up, it lets the rest go on', async () => {
    const { store, stream, readTo, parts, numbers } = await failingOn()
    await stream.publish([outgoing(1, { data: 'not json' }), outgoing(2)], 0)
    stream.put('counter.counted', {}, new Uint8Array([0, 255, 254]))
    await readTo(3)
    const [first, , foreign] = await listDeadLetters(store)
    expect(await replayDeadLetter(parts, first?.id ?? '')).toEqual({
      ok: false,
      message: 'it failed again: Error: its data is not JSON, or holds U+0000',
    })
    expect(await skipDeadLetter(parts, first?.id ?? '')).toEqual({ ok: true, replayed: 1 })
    expect(await numbers(1)).toEqual([2])
    expect((await showDeadLetter(store, foreign?.id ?? ''))?.data).toBe(
      Buffer.from([0, 255, 254]).toString('base64'),
    )
    expect(await skipDeadLetter(parts, foreign?.id ?? '')).toEqual({ ok: true, replayed: 0 })
    expect(await deadLetters(store)).toEqual([])
  })

  test('a fact that is known is not put aside twice, and one that was replayed is not handled again, when the stream goes back', async () => {
    const { store, stream, readTo, parts, bad, idOf, numbers } = await failingOn(1, 5)
    await put(stream, [0, 1, 2])
    await put(stream, [5], 'b')
    await readTo(4)
    bad.delete(1)
    await replayDeadLetter(parts, await idOf(1))
    const kept = [...stream.messages]
    stream.vanish()
    for (const { subject, headers, data } of kept) stream.put(subject, headers(), data)
    await put(stream, [3])
    expect(await numbers(4)).toEqual([0, 1, 2, 3])
    expect((await deadLetters(store)).map((row) => [row.key, row.state])).toEqual([['b', 'failed']])
  })

  test('while the reader parks behind one, it is not handled: nothing waits for what is gone', async () => {
    const entered = Promise.withResolvers<void>()
    const bad = new Set([0])
    const handler = counting(async (tx, number) => {
      if (bad.has(number)) throw new Error('cannot count')
      if (number !== 7) return
      // The batch has seen what is blocked; before it parks behind it, somebody comes to handle that.
      entered.resolve()
      if (tx.dialect === 'postgres')
        await tx.db.select({ slept: sql`pg_sleep(0.3)` }).from(sql`(select 1) as one`)
    })
    const stream = new MemoryStream()
    const { store, numbers } = await reading({ store: await storeOf(engine), stream, handlers: [handler] })
    await put(stream, [0])
    await eventually(async () => (await deadLetters(store)).length === 1)
    const [row] = await deadLetters(store)
    bad.clear()
    await stream.publish([outgoing(7, { key: 'b' }), outgoing(1), outgoing(2)], 1)
    await entered.promise
    const parts = { store, handlers: new Map([['TEST', handlersByType([handler])]]) }
    expect(await replayDeadLetter(parts, row?.eventId ?? '')).toMatchObject({ ok: true })
    expect(await numbers(3)).toEqual([0, 1, 2])
    expect(await deadLetters(store)).toEqual([])
  })

  test('a store that is away records no failure against them', async () => {
    const { store, stream, readTo, parts, bad, idOf } = await failingOn(0)
    await put(stream, [0])
    await readTo(1)
    bad.clear()
    const broken = breakable(store)
    broken.breakNext = 'undone'
    await expect(replayDeadLetter({ ...parts, store: broken }, await idOf(0))).rejects.toThrow(
      'broken by the test',
    )
    expect((await deadLetters(store)).map((row) => row.attempts)).toEqual([4])
    expect(await replayDeadLetter(parts, await idOf(0))).toEqual({ ok: true, replayed: 1 })
  })
})
