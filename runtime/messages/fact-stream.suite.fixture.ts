//! What every FactStream must keep, the one in memory as well as JetStream: otherwise tests with the first say nothing about the second.
import { afterEach, describe, expect, test } from 'bun:test'
import { defaultTenant, newId } from '../../contracts/ids.ts'
import { instantOf } from '../../contracts/time.ts'
import { identityOf, readEnvelope } from './envelope.ts'
import { type FactStream, Interrupted, type Message, type OutgoingFact, PublishError } from './fact-stream.ts'

export type Bench = {
  readonly stream: FactStream
  /** Puts in what no relay would. */
  put(subject: string, headers: Readonly<Record<string, string>>, data: string): Promise<unknown>
  /** As a crash of the server and its return. */
  restart(): Promise<void>
  /** The stream is gone, and made anew. */
  vanish(): Promise<void>
  punch(sequence: number): Promise<unknown>
  expireUpTo(sequence: number): Promise<unknown>
  /** The stream takes so many messages and no more. */
  limitTo(messages: number): Promise<unknown>
  close(): Promise<void>
}

export function outgoing(number: number, extra: Partial<OutgoingFact> = {}): OutgoingFact {
  return {
    id: newId('event'),
    type: 'counter.counted',
    key: 'a',
    tenantId: defaultTenant,
    moment: instantOf(1_700_000_000_000 + number),
    traceparent: null,
    data: JSON.stringify({ number }),
    ...extra,
  }
}

const some = (count: number) => Array.from({ length: count }, (_, number) => outgoing(number))
const text = (message: Message | undefined) => message && new TextDecoder().decode(message.data)
const failureOf = async (promise: Promise<unknown>) =>
  await promise.then(
    () => 'none',
    (error: unknown) => (error instanceof PublishError ? error.failure : error),
  )

export function factStreamSuite(name: string, open: () => Promise<Bench>): void {
  let bench: Bench | undefined
  afterEach(async () => {
    await bench?.close()
    bench = undefined
  })
  const opened = async () => {
    bench = await open()
    await bench.stream.ensure()
    return { ...bench, stream: bench.stream }
  }

  describe(`${name}:`, () => {
    test('a new stream is empty and may be made twice', async () => {
      const { stream } = await opened()
      await stream.ensure()
      const state = await stream.state()
      expect(state?.lastSequence).toBe(0)
      expect(state?.holes).toBe(0)
      expect(await stream.messageAt(1)).toBeUndefined()
      expect(await Array.fromAsync(stream.idsAfter(0))).toEqual([])
    })

    test('a window stands in its order, right after the sequence that was told', async () => {
      const { stream } = await opened()
      const facts = some(300)
      await stream.publish(facts.slice(0, 100), 0)
      await stream.publish(facts.slice(100), 100)
      expect((await stream.state())?.lastSequence).toBe(300)
      const ids = (await Array.fromAsync(stream.idsAfter(0))).flat()
      expect(ids).toEqual(facts.map(({ id }, index) => ({ sequence: index + 1, id })))
      expect((await Array.fromAsync(stream.idsAfter(298))).flat().map((each) => each.sequence)).toEqual([
        299, 300,
      ])
      expect(text(await stream.messageAt(101))).toBe('{"number":100}')
    })

    test('everything that is said about a fact comes back as it was, in any script', async () => {
      const { stream } = await opened()
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const fact = outgoing(1, {
        key: 'ключ "%" \r\nNats-Msg-Id: x',
        tenantId: 'крамниця' as never,
        data: '{"text":"Ґанок"}',
        traceparent,
      })
      await stream.publish([fact], 0)
      const [read] = await (await stream.read(1)).next(1)
      for (const message of [read, await stream.messageAt(1)]) {
        if (message === undefined) throw new Error('no message')
        const { id, type, key, tenantId, moment } = fact
        expect(readEnvelope(message)).toEqual({
          id,
          type,
          key,
          tenantId,
          moment,
          traceparent,
          source: 'counter',
        })
        expect(text(message)).toBe(fact.data)
        expect(message.header('Content-Type')).toBe('application/json')
      }
    })

    test('another end than was told is refused, and nothing of the window is in', async () => {
      const { stream } = await opened()
      await stream.publish(some(3), 0)
      // Of these, the second finds the end where it expects it.
      expect(await failureOf(stream.publish(some(5), 2))).toBe('moved')
      expect(await failureOf(stream.publish(some(5), 4))).toBe('moved')
      expect((await stream.state())?.lastSequence).toBe(3)
    })

    test('a fact that is in is not put in again, nor what should come after it', async () => {
      const { stream } = await opened()
      const facts = some(4)
      await stream.publish(facts.slice(0, 2), 0)
      expect(await failureOf(stream.publish(facts.slice(1), 2))).toBe('moved')
      expect((await stream.state())?.lastSequence).toBe(2)
    })

    test('a full stream says so, and keeps what it has', async () => {
      const { stream, limitTo } = await opened()
      const facts = some(5)
      await stream.publish(facts.slice(0, 2), 0)
      await limitTo(2)
      expect(await failureOf(stream.publish(facts.slice(2, 3), 2))).toBe('full')
      expect(await failureOf(stream.publish(facts.slice(2), 2))).toMatch(/full|moved/)
      expect((await stream.state())?.lastSequence).toBe(2)
      expect((await stream.messageAt(1))?.header('ce-id')).toBe(facts[0]?.id)
    })

    test('a reading gives what there is from its sequence on, and then what comes', async () => {
      const { stream } = await opened()
      const facts = some(12)
      await stream.publish(facts.slice(0, 10), 0)
      const reading = await stream.read(4)
      expect(reading.after).toBe(3)
      const seen: Message[] = []
      while (seen.length < 7) seen.push(...(await reading.next(3)))
      expect(seen.map((message) => message.sequence)).toEqual([4, 5, 6, 7, 8, 9, 10])
      expect(reading.pending).toBe(0)
      const next = reading.next(10)
      await stream.publish(facts.slice(10), 10)
      const more = [...(await next)]
      while (more.length < 2) more.push(...(await reading.next(1)))
      expect(more.map(identityOf)).toEqual(facts.slice(10).map(({ id }) => id as string))
      reading.close()
    })

    test('a reading of an empty stream, or from beyond its end, says where it really begins', async () => {
      const { stream } = await opened()
      expect((await stream.read(1)).after).toBe(0)
      await stream.publish(some(3), 0)
      expect((await stream.read(4)).after).toBe(3)
      expect((await stream.read(9)).after).toBe(3)
    })

    test('more than any buffer holds is read in order and whole', async () => {
      const { stream } = await opened()
      const padding = 'x'.repeat(20_000)
      const facts = Array.from({ length: 1_500 }, (_, number) =>
        outgoing(number, { data: JSON.stringify({ number, padding }) }),
      )
      for (let from = 0; from < facts.length; from += 250)
        await stream.publish(facts.slice(from, from + 250), from)
      const reading = await stream.read(1)
      let at = 0
      while (at < facts.length)
        for (const message of await reading.next(100)) {
          expect(identityOf(message)).toBe(facts[at]?.id ?? '')
          at += 1
        }
      reading.close()
    })

    test('a reading ends with the life of the stream, and who waits is told', async () => {
      const { stream, restart, vanish } = await opened()
      await stream.publish(some(2), 0)
      const reading = await stream.read(3)
      const returned = new Promise<void>((resolve) => stream.onReturn(resolve))
      const told = reading.next(1).catch((error: unknown) => error)
      await restart()
      expect(await told).toBeInstanceOf(Interrupted)
      await returned
      await stream.whenReachable()
      expect((await stream.state())?.lastSequence).toBe(2)

      const another = await stream.read(3)
      const toldAgain = another.next(1).catch((error: unknown) => error)
      await vanish()
      await stream.publish(some(4), 0)
      expect(await toldAgain).toBeInstanceOf(Interrupted)
    })

    test('holes are counted and listed, and read over', async () => {
      const { stream, punch } = await opened()
      await stream.publish(some(6), 0)
      await punch(2)
      await punch(4)
      expect(await stream.state()).toEqual({ firstSequence: 1, lastSequence: 6, holes: 2 })
      expect(await stream.holes()).toEqual([2, 4])
      const reading = await stream.read(1)
      const seen: number[] = []
      while (seen.length < 4) seen.push(...(await reading.next(10)).map((message) => message.sequence))
      expect(seen).toEqual([1, 3, 5, 6])
      reading.close()
    })

    test('what has expired is gone from the beginning, also when that is all', async () => {
      const { stream, expireUpTo } = await opened()
      await stream.publish(some(5), 0)
      await expireUpTo(3)
      expect(await stream.state()).toEqual({ firstSequence: 4, lastSequence: 5, holes: 0 })
      expect((await stream.read(2)).after).toBe(3)
      await expireUpTo(5)
      expect(await stream.state()).toEqual({ firstSequence: 6, lastSequence: 5, holes: 0 })
      const reading = await stream.read(6)
      expect(reading.after).toBe(5)
      await stream.publish(some(1), 5)
      expect((await reading.next(1)).map((message) => message.sequence)).toEqual([6])
      reading.close()
    })

    test('the same text put in twice is two messages, and each is the same however it is read', async () => {
      const { stream, put } = await opened()
      await put('counter.counted', {}, 'not ours')
      await put('counter.counted', {}, 'not ours')
      const reading = await stream.read(1)
      const seen: string[] = []
      while (seen.length < 2) seen.push(...(await reading.next(10)).map(identityOf))
      expect(seen[0]).not.toBe(seen[1])
      for (const [index, identity] of seen.entries()) {
        const message = await stream.messageAt(index + 1)
        expect(message && identityOf(message)).toBe(identity)
      }
      reading.close()
    })
  })
}
