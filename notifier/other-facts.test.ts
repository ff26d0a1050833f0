//! Facts about accounts, money and parcels, published to real streams, as the notices they become.
import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { accountsStream, UserRegistered } from '../contracts/events/accounts.ts'
import {
  billingStream,
  PaymentRefunded,
  WalletCharged,
  WalletHeld,
  WalletRefused,
  WalletToppedUp,
} from '../contracts/events/billing.ts'
import { deliveryStream, ShipmentUpdated, shipmentStatuses } from '../contracts/events/delivery.ts'
import type { TenantId } from '../contracts/ids.ts'
import {
  customerFields,
  fact,
  moment,
  type ReadingNotifier,
  startBus,
  startNotifier,
} from './consumers.fixture.ts'
import { accountsFacts, billingFacts, deliveryFacts } from './consumers.ts'

const bus = await startBus()
afterAll(() => bus[Symbol.asyncDispose]())
let notifier: ReadingNotifier
afterEach(() => notifier.stop())

const money = { ...customerFields, amount: 150_000, currency: 'UAH' }
const toppedUp = (own: Partial<Record<keyof typeof money, unknown>> = {}) =>
  fact(WalletToppedUp, String(own.user_id ?? 1), { ...money, ...own } as typeof money)
const charged = (order_id: number) => fact(WalletCharged, order_id, { ...money, order_id })
const parcel = {
  ...customerFields,
  shipment_id: 'shp_1',
  order_id: 12,
  carrier: 'courier',
  version: 1,
}

const seen = async (user = 1n) =>
  (await notifier.told(user)).map(({ kind, orderId, message }) => [kind, orderId, message])

describe('accounts:', () => {
  test('a new account is welcomed, and the welcome says nothing of whose it is', async () => {
    notifier = await startNotifier(bus, accountsStream, accountsFacts)
    const registered = { ...customerFields, user_id: 7, role: 'customer' as const }
    // As a later version might, by mistake.
    const talkative = { ...registered, email: 'olena@example.org', phone: '+380991234567' }
    await notifier.publish(fact(UserRegistered, 7, talkative))
    await notifier.untilPrinted(1)
    const [notice, ...more] = await notifier.told(7n)
    expect(more).toEqual([])
    expect(notice).toMatchObject({
      kind: 'user.registered',
      orderId: null,
      status: null,
      details: {},
      moment,
    })
    expect(`${JSON.stringify(notice?.details)} ${notifier.logText()}`).not.toMatch(/olena|38099/)
  })
})

describe('billing:', () => {
  const start = async () => {
    notifier = await startNotifier(bus, billingStream, billingFacts)
  }

  test('what comes into a wallet, leaves it and comes back is told, in order', async () => {
    await start()
    const refund = { ...money, order_id: 12, payment_id: 'pay_1', provider: 'wallet' }
    await notifier.publish(toppedUp(), charged(12), fact(PaymentRefunded, 12, refund))
    await notifier.untilPrinted(3)
    expect(await seen()).toEqual([
      ['wallet.topped_up', null, '1500.00 UAH was added to your wallet.'],
      ['wallet.charged', 12n, '1500.00 UAH was paid from your wallet for order 12.'],
      ['payment.refunded', 12n, '1500.00 UAH was returned to your wallet for order 12.'],
    ] as never)
    expect((await notifier.told()).map(({ details }) => details)).toEqual([
      { amount: { amount: 150_000, currency: 'UAH' } },
      { amount: { amount: 150_000, currency: 'UAH' } },
      { amount: { amount: 150_000, currency: 'UAH' }, payment: { id: 'pay_1', provider: 'wallet' } },
    ] as never)
  })

  test('what is held or refused is told by loms, of the order', async () => {
    await start()
    await notifier.publish(
      fact(WalletHeld, 12, { ...money, order_id: 12 }),
      fact(WalletRefused, 13, { ...money, order_id: 13, reason: 'insufficient_funds' }),
      toppedUp(),
    )
    await notifier.untilPrinted(1)
    expect(await seen()).toHaveLength(1)
  })

  test('a fact that is read again is not told again, whatever the reader remembers', async () => {
    await start()
    await notifier.publish(toppedUp())
    await notifier.untilPrinted(1)
    await notifier.restart((store) =>
      store.write(async ({ db, tables: { places, inbox } }) => {
        await db.delete(places)
        await db.delete(inbox)
      }),
    )
    await notifier.publish(charged(12))
    await notifier.untilPrinted(2)
    expect((await seen()).map(([kind]) => kind)).toEqual(['wallet.topped_up', 'wallet.charged'])
    expect(notifier.printed()).toHaveLength(2)
  })

  test('each customer is told their own, in each tenant', async () => {
    await start()
    await notifier.publish(toppedUp(), toppedUp({ user_id: 2 }), toppedUp({ tenant_id: 'other' }))
    await notifier.untilPrinted(3)
    expect(await notifier.told(1n)).toHaveLength(1)
    expect(await notifier.told(2n)).toHaveLength(1)
    expect(await notifier.told(1n, 'other' as TenantId)).toHaveLength(1)
    expect(await notifier.told(2n, 'other' as TenantId)).toEqual([])
  })

  test('money that nobody knows, or a time that is none, is put aside; other customers are told', async () => {
    await start()
    await notifier.publish(
      toppedUp({ currency: 'constructor' }),
      toppedUp({ user_id: 2, moment: 'yesterday' }),
      toppedUp({ user_id: 3 }),
      toppedUp({ user_id: 1 }),
    )
    await notifier.untilPrinted(1)
    expect(await notifier.told(3n)).toHaveLength(1)
    expect([...(await notifier.told(1n)), ...(await notifier.told(2n))]).toEqual([])
    expect(await notifier.letters()).toEqual([
      { key: '1', state: 'failed' },
      { key: '2', state: 'failed' },
      { key: '1', state: 'parked' },
    ])
  })
})

describe('delivery:', () => {
  const start = async () => {
    notifier = await startNotifier(bus, deliveryStream, deliveryFacts)
  }

  test('a parcel is told when it is sent, received or called off, and not while it is only planned', async () => {
    await start()
    const facts = shipmentStatuses.map((status, index) =>
      fact(ShipmentUpdated, 12, { ...parcel, status, version: index + 1 }),
    )
    await notifier.publish(...facts)
    await notifier.untilPrinted(3)
    expect(await seen()).toEqual([
      ['shipment.updated', 12n, 'A courier is on the way with order 12.'],
      ['shipment.updated', 12n, 'Order 12 was handed over.'],
      ['shipment.updated', 12n, 'The delivery of order 12 is called off.'],
    ] as never)
    expect((await notifier.told())[0]?.details).toEqual({
      shipment: { id: 'shp_1', status: 'sent', carrier: 'courier' },
    })
  })

  test('a fact whose names are no names is put aside', async () => {
    await start()
    const sent = { ...parcel, status: 'sent' as const }
    await notifier.publish(
      fact(ShipmentUpdated, 1, { ...sent, order_id: 1, carrier: 'Olena, +380991234567' }),
      fact(ShipmentUpdated, 2, { ...sent, order_id: 2, shipment_id: '../../etc' }),
      fact(ShipmentUpdated, 3, { ...sent, order_id: 3 }),
    )
    await notifier.untilPrinted(1)
    expect((await seen()).map(([, orderId]) => orderId)).toEqual([3n] as never)
    expect(await notifier.letters()).toEqual([
      { key: '1', state: 'failed' },
      { key: '2', state: 'failed' },
    ])
    expect(notifier.logText()).not.toContain('38099')
  })
})
