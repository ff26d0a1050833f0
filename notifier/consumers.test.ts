//! Facts of loms, published to a real stream, as the notices they become.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  lomsStream,
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderRejected,
  StockReserved,
} from '../contracts/events/loms.ts'
import { toRfc3339 } from '../contracts/time.ts'
import {
  customerFields,
  fact,
  moment,
  type ReadingNotifier,
  startBus,
  startNotifier,
} from './consumers.fixture.ts'
import { lomsFacts } from './consumers.ts'
import { shop } from './fixture.ts'

const bus = await startBus()
afterAll(() => bus[Symbol.asyncDispose]())

const orderFields = { ...customerFields, previous_status: null, version: 1 }

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

let notifier: ReadingNotifier
beforeEach(async () => {
  notifier = await startNotifier(bus, lomsStream, lomsFacts)
})
afterEach(() => notifier.stop())

describe('a fact about an order', () => {
  test('is a notice to its customer, in order, and a line in the log', async () => {
    const facts = [created(1), confirmed(1), created(2), cancelled(2, 'expired'), rejected(3)]
    await notifier.publish(...facts)
    await notifier.untilPrinted(5)
    const notices = await notifier.told()
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
    expect(await notifier.told(BigInt(last))).toMatchObject([{ orderId: BigInt(last), userId: BigInt(last) }])
  })

  test('that says where its customer lives is told without it, and so is the log', async () => {
    const address = { city: 'Київ', address: 'Хрещатик, 1', phone: '+380991234567', name: 'Олена' }
    await notifier.publish(created(1, { delivery: { method: 'courier', address } }))
    await notifier.untilPrinted(1)
    const kept = JSON.stringify(await notifier.told(), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    expect(kept).toContain('Order 1 is placed')
    for (const text of [kept, notifier.logText()]) expect(text).not.toMatch(/Київ|Хрещатик|38099|Олена/)
  })

  test('with fields that we do not know is told like any other', async () => {
    await notifier.publish(created(1, { gift: true } as object))
    await notifier.untilPrinted(1)
    expect(await notifier.told()).toHaveLength(1)
  })

  test('that is read again is not told again', async () => {
    await notifier.publish(created(1))
    await notifier.untilPrinted(1)
    await notifier.restart((store) =>
      store.write(async ({ db, tables: { places } }) => await db.delete(places)),
    )
    await notifier.publish(created(2))
    await notifier.untilPrinted(2)
    expect((await notifier.told()).map(({ orderId }) => orderId)).toEqual([1n, 2n] as never)
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
    expect((await notifier.told()).map(({ orderId }) => orderId)).toEqual([1n, 2n] as never)
    expect(notifier.printed()).toHaveLength(2)
  })
})

describe('what is no notice', () => {
  test('does not hold up what is: facts about stock, and facts about orders that we do not know yet', async () => {
    const later = { ...confirmed(1), type: 'order.lost' }
    const stock = { order_id: 1, tenant_id: shop, lines: [], moment: toRfc3339(moment) }
    await notifier.publish(fact(StockReserved, 1, stock), later, created(1))
    await notifier.untilPrinted(1)
    expect(await notifier.told()).toHaveLength(1)
  })

  test('but a fact without a time is put aside; its order’s later facts wait, other orders’ do not', async () => {
    await notifier.publish(created(1, { moment: 'yesterday' }), confirmed(1), created(2))
    await notifier.untilPrinted(1)
    expect((await notifier.told()).map(({ orderId }) => orderId)).toEqual([2n] as never)
    expect(await notifier.letters()).toEqual([
      { key: '1', state: 'failed' },
      { key: '1', state: 'parked' },
    ])
  })
})
