//! What may be announced, and that it is announced only together with what makes it true.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { defineEvent } from '../../contracts/events/define.ts'
import { newId, type TenantId } from '../../contracts/ids.ts'
import { instantOf } from '../../contracts/time.ts'
import { createOutbox, type Fact, fact } from './outbox.ts'
import { Counted, counterStream, openTestStore, type TestStore } from './suite.fixture.ts'

const moment = instantOf(1_700_000_000_000)
const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const cause = { tenantId: 'shop' as TenantId, traceparent: trace }
const outbox = createOutbox({ stream: counterStream, now: () => moment, newId, dataBytesMax: 200 })

let store: TestStore
beforeEach(async () => {
  store = await openTestStore()
})
afterEach(() => store.close())

const announce = (...facts: Fact[]) => store.write((tx) => outbox.announce(tx, cause, facts))
const rows = () =>
  store.read((tx) => tx.db.select().from(tx.tables.outbox).orderBy(tx.tables.outbox.position))

describe('announce', () => {
  test('writes every fact with what is known of it, in order, to be sent', async () => {
    await announce(fact(Counted, 'a', { number: 1 }), fact(Counted, 'b', { number: 2, padding: 'ї' }))
    const known = {
      type: 'counter.counted',
      tenantId: 'shop' as TenantId,
      moment,
      traceparent: trace,
      sentAt: null,
      streamSequence: null,
    }
    expect(await rows()).toEqual([
      {
        ...known,
        position: 1n,
        id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
        key: 'a',
        data: '{"number":1}',
      },
      { ...known, position: 2n, id: expect.any(String), key: 'b', data: '{"number":2,"padding":"ї"}' },
    ])
  })

  test('what is undone was never announced', async () => {
    const undone = store.write(async (tx) => {
      await outbox.announce(tx, cause, [fact(Counted, 'a', { number: 1 })])
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await rows()).toEqual([])
  })

  const Strange = defineEvent('clock.ticked', Type.Object({}))
  test.each<[string, Fact, string]>([
    [
      'breaks its schema',
      { event: Counted, key: 'a', data: { number: -1 } },
      'breaks its own schema: /number',
    ],
    ['is no data', { event: Counted, key: 'a', data: undefined }, 'breaks its own schema'],
    ['belongs to another service', fact(Strange, 'a', {}), 'counter does not announce clock.ticked'],
    ['has no key', fact(Counted, '', { number: 1 }), 'has no key'],
    ['has too long a key', fact(Counted, 'k'.repeat(256), { number: 1 }), 'has no key'],
    ['has a key with a NUL', fact(Counted, 'a\0', { number: 1 }), 'has no key'],
    ['is too large', fact(Counted, 'a', { number: 1, padding: 'ї'.repeat(100) }), 'is larger than 200 bytes'],
  ])('a fact that %s is a bug: it undoes the body', async (_, each, message) => {
    await expect(announce(fact(Counted, 'a', { number: 0 }), each)).rejects.toThrow(message)
    expect(await rows()).toEqual([])
  })

  test('the size is that of the bytes, to the byte', async () => {
    const room = 200 - '{"number":1,"padding":""}'.length
    await announce(fact(Counted, 'a', { number: 1, padding: 'x'.repeat(room) }))
    await expect(announce(fact(Counted, 'a', { number: 1, padding: 'x'.repeat(room + 1) }))).rejects.toThrow(
      'larger',
    )
  })

  test('a trace that is none is left out; it is not worth a fact', async () => {
    const write = (traceparent?: string) =>
      store.write((tx) => outbox.announce(tx, { ...cause, traceparent }, [fact(Counted, 'a', { number: 1 })]))
    await write('nonsense\r\n')
    // No message of NATS has room for it, and it would hold up all that come after it.
    await write(`00-${'a'.repeat(1024 * 1024)}-b7ad6b7169203331-01`)
    await write(undefined)
    expect((await rows()).map((row) => row.traceparent)).toEqual([null, null, null])
  })

  test('who listens is told after the commit, until they stop', async () => {
    const told = Promise.withResolvers<number>()
    const stop = outbox.onAnnounced(async () => told.resolve((await rows()).length))
    await announce(fact(Counted, 'a', { number: 1 }))
    expect(await told.promise).toBe(1)
    stop()
    await announce(fact(Counted, 'a', { number: 2 }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await rows()).toHaveLength(2)
  })

  test('who listens is told once for all that was announced until then', async () => {
    const deferred: (() => void)[] = []
    const waiting = createOutbox({
      stream: counterStream,
      now: () => moment,
      newId,
      defer: (run) => deferred.push(run),
    })
    let times = 0
    waiting.onAnnounced(() => {
      times += 1
    })
    const again = () => store.write((tx) => waiting.announce(tx, cause, [fact(Counted, 'a', { number: 1 })]))
    await again()
    await again()
    expect(deferred).toHaveLength(1)
    deferred.pop()?.()
    await again()
    deferred.pop()?.()
    expect(times).toBe(2)
  })
})
