//! Facts of loms, published to a real stream, as the notices they become.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import type { DataOf, EventType } from '../contracts/events/define.ts'
import {
  lomsStream,
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderRejected,
  StockReserved,
} from '../contracts/events/loms.ts'
import { newId } from '../contracts/ids.ts'
import { instantOf, processClock, toRfc3339 } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import type { OutgoingFact } from '../runtime/messages/fact-stream.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { type Reader, startReader } from '../runtime/messages/reader.ts'
import { connectNats } from '../runtime/nats.ts'
import { startNatsServer } from '../tests/harness/nats.ts'
import { lomsFacts } from './consumers.ts'
import { openNotifier, shop, userOf } from './fixture.ts'
import { printNotices } from './print-notices.ts'
import { noticesOf } from './store/notices.ts'
import type { NotifierStore } from './store/schema.ts'

const server = await startNatsServer()
const nats = connectNats({
  url: server.url,
  name: 'notifier',
  log: createLog('notifier', 'silent'),
  registry: new Registry(),
  onClosed: (error) => {
    throw error
  },
})
await nats.whenConnected()
afterAll(async () => {
  await nats.close()
  await server.stop()
})

const moment = instantOf(Date.UTC(2025, 5, 1, 10))
const orderFields = {
  user_id: 1,
  tenant_id: shop,
  previous_status: null,
  version: 1,
  moment: toRfc3339(moment),
}

const created = (order_id: number | string, own: Partial<OrderCreated> = {}) =>
  fact(OrderCreated, order_id, {
    ...orderFields,
    order_id,
    status: 'pending',
    items: [{ sku: 1 as never, count: 1 }],
    currency: 'UAH',
    payment_method: 'rpc',
    pay_by: toRfc3339(moment),
    ...own,
  })

const confirmed = (order_id: number) =>
  fact(OrderConfirmed, order_id, {
    ...orderFields,
    order_id,
    status: 'confirmed',
    version: 2,
    currency: 'UAH',
  })

const cancelled = (order_id: number, reason: OrderCancelled['reason']) =>
  fact(OrderCancelled, order_id, { ...orderFields, order_id, status: 'cancelled', version: 2, reason })

const rejected = (order_id: number) =>
  fact(OrderRejected, order_id, {
    ...orderFields,
    order_id,
    status: 'failed',
    reason: 'insufficient_stock',
    shortages: [],
  })

/** A fact as loms' relay publishes it; one that its own schema refuses is a mistake of the test. */
function fact<E extends EventType>(event: E, orderId: number | string, data: DataOf<E>): OutgoingFact {
  const problem = event.problemOf(data)
  if (problem !== undefined) throw new Error(`${event.type}: ${problem}`)
  const { type } = event
  const text = JSON.stringify(data)
  return {
    id: newId('event'),
    type,
    key: String(orderId),
    tenantId: shop,
    moment,
    traceparent: null,
    data: text,
  }
}

/** A notifier of its own over a stream of its own. */
async function startNotifier(name: string) {
  const stream = jetStream({
    nats,
    stream: { service: 'loms', name, subjects: lomsStream.subjects },
  })
  await stream.ensure()
  const store = await openNotifier()
  const lines: { readonly msg: string; readonly level: string }[] = []
  const waiting: { readonly until: () => boolean; readonly resolve: () => void }[] = []
  const look = () => {
    for (const each of waiting) if (each.until()) each.resolve()
  }
  const log = createLog('notifier', 'info', {
    destination: {
      write(line) {
        lines.push(JSON.parse(line))
        look()
      },
    },
  })
  let sequence = 0
  let reader: Reader | undefined
  const start = () => {
    const printing = printNotices(store, log)
    reader = startReader({
      store: printing.store,
      stream,
      handlers: lomsFacts({ newId, noted: printing.noted }),
      now: processClock(),
      log,
      registry: new Registry(),
      retryDelaysMs: [1, 1],
    })
  }
  start()
  return {
    store,
    /** What was printed about notices, in order. */
    printed: () => lines.filter(({ level }) => level === 'info').map(({ msg }) => msg),
    async publish(...facts: OutgoingFact[]) {
      await stream.publish(facts, sequence)
      sequence += facts.length
    },
    /** Resolves when so many notices were printed. */
    async untilPrinted(count: number) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ until: () => lines.filter(({ level }) => level === 'info').length >= count, resolve })
      look()
      await promise
    },
    async restart(change: (store: NotifierStore) => Promise<unknown>) {
      await reader?.stop()
      await change(store)
      start()
    },
    async stop() {
      await reader?.stop()
      await store.close()
      await (await nats.whenConnected()).request(`$JS.API.STREAM.DELETE.${name}`)
    },
  }
}

let notifier: Awaited<ReturnType<typeof startNotifier>>
beforeEach(async () => {
  notifier = await startNotifier('LOMS')
})
afterEach(() => notifier.stop())

/** Oldest first. */
const history = async (user = 1n) => {
  const time = { from: instantOf(0), to: instantOf(Number.MAX_SAFE_INTEGER) }
  const notices = await notifier.store.read((tx) =>
    noticesOf(tx, { tenantId: shop, userId: userOf(user), ...time, limit: 1000 }),
  )
  return notices.toReversed()
}

describe('a fact about an order', () => {
  test('is a notice to its customer, in order, and a line in the log', async () => {
    const facts = [created(1), confirmed(1), created(2), cancelled(2, 'expired'), rejected(3)]
    await notifier.publish(...facts)
    await notifier.untilPrinted(5)
    const notices = await history()
    expect(notices.map(({ status, message }) => [status, message])).toEqual([
      ['pending', 'Order 1 is placed and waits for payment.'],
      ['confirmed', 'Order 1 is paid.'],
      ['pending', 'Order 2 is placed and waits for payment.'],
      ['cancelled', 'Order 2 is cancelled: it was not paid in time.'],
      ['failed', 'Order 3 could not be placed: there is not enough in stock.'],
    ])
    expect(notices.map(({ eventId }) => eventId)).toEqual(facts.map(({ id }) => id))
    expect(notices.every((notice) => notice.moment === moment)).toBe(true)
    expect(notifier.printed()).toEqual(notices.map(({ message }) => message))
  })

  test('with ids past 2^53 keeps them exactly', async () => {
    const last = '9223372036854775807'
    await notifier.publish(created(last, { user_id: last }))
    await notifier.untilPrinted(1)
    expect(await history(BigInt(last))).toMatchObject([{ orderId: BigInt(last), userId: BigInt(last) }])
  })

  test('with fields that we do not know is told like any other', async () => {
    await notifier.publish(created(1, { gift: true } as object))
    await notifier.untilPrinted(1)
    expect(await history()).toHaveLength(1)
  })

  test('that is read again is not told again', async () => {
    await notifier.publish(created(1))
    await notifier.untilPrinted(1)
    await notifier.restart((store) =>
      store.write(async ({ db, tables: { places } }) => await db.delete(places)),
    )
    await notifier.publish(created(2))
    await notifier.untilPrinted(2)
    expect((await history()).map(({ orderId }) => orderId)).toEqual([1n, 2n] as never)
  })

  test('that is read again by a reader that has forgotten it is not told again either', async () => {
    await notifier.publish(created(1))
    await notifier.untilPrinted(1)
    await notifier.restart((store) =>
      store.write(async ({ db, tables: { places, inbox } }) => {
        await db.delete(places)
        await db.delete(inbox)
      }),
    )
    await notifier.publish(created(2))
    await notifier.untilPrinted(2)
    expect((await history()).map(({ orderId }) => orderId)).toEqual([1n, 2n] as never)
    expect(notifier.printed()).toHaveLength(2)
  })
})

describe('what is no notice', () => {
  test('does not hold up what is: facts about stock, and facts about orders that we do not know yet', async () => {
    const later = { ...confirmed(1), type: 'order.lost' }
    const stock = { order_id: 1, tenant_id: shop, lines: [], moment: toRfc3339(moment) }
    await notifier.publish(fact(StockReserved, 1, stock), later, created(1))
    await notifier.untilPrinted(1)
    expect(await history()).toHaveLength(1)
  })

  test('but a fact without a time is put aside; its order’s later facts wait, other orders’ do not', async () => {
    await notifier.publish(created(1, { moment: 'yesterday' }), confirmed(1), created(2))
    await notifier.untilPrinted(1)
    expect((await history()).map(({ orderId }) => orderId)).toEqual([2n] as never)
    const letters = await notifier.store.read(async ({ db, tables: { deadLetters } }) =>
      db.select({ key: deadLetters.key, state: deadLetters.state }).from(deadLetters),
    )
    expect(letters).toEqual([
      { key: '1', state: 'failed' },
      { key: '1', state: 'parked' },
    ])
  })
})
