//! What customers are told.
import { describe, expect, test } from 'bun:test'
import type { OrderId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import { type ShipmentNews, tell, toldShipments } from './notice.ts'

const orderId = 12n as OrderId
const messages: Record<OrderStatus, string> = {
  pending: 'Order 12 is placed and waits for payment.',
  confirmed: 'Order 12 is paid.',
  processing: 'Order 12 is being packed.',
  shipped: 'Order 12 is packed and given out for delivery or pick-up.',
  delivered: 'Order 12 is complete.',
  failed: 'Order 12 could not be placed.',
  cancelled: 'Order 12 is cancelled.',
  refunded: 'Order 12 is refunded.',
}

const ofOrder = (status: OrderStatus, reason?: string, id = orderId) =>
  tell({ kind: `order.${status}`, order: { id, status, reason } })

describe('of an order', () => {
  for (const status of orderStatuses) {
    test(`that is ${status} it is one sentence that names the order`, () => {
      expect(ofOrder(status)).toEqual({
        kind: `order.${status}`,
        orderId,
        status,
        details: {},
        message: messages[status],
      })
    })
  }

  test('that the clock called off it says why', () => {
    expect(ofOrder('cancelled', 'expired')).toMatchObject({
      message: 'Order 12 is cancelled: it was not paid in time.',
      details: { reason: 'expired' },
    })
  })

  test('that found no stock it says why', () => {
    const { message } = ofOrder('failed', 'insufficient_stock')
    expect(message).toBe('Order 12 could not be placed: there is not enough in stock.')
  })

  test('that the customer called off it need not say so', () => {
    expect(ofOrder('cancelled', 'customer').message).toBe(messages.cancelled)
  })

  test('past 2^53 it names it exactly', () => {
    const late = 9_223_372_036_854_775_807n as OrderId
    expect(ofOrder('confirmed', undefined, late).message).toBe('Order 9223372036854775807 is paid.')
  })

  test('a reason that is no code is not passed on', () => {
    for (const reason of ['Call +380991234567', '', 'x'.repeat(65), 'Expired']) {
      expect(ofOrder('failed', reason)).toMatchObject({ details: {}, message: messages.failed })
    }
  })
})

describe('of money', () => {
  const amount = money(150_005, 'UAH')

  test('it names the amount and the order, and what is meant for programs', () => {
    expect(tell({ kind: 'wallet.topped_up', amount })).toEqual({
      kind: 'wallet.topped_up',
      orderId: null,
      status: null,
      details: { amount },
      message: '1500.05 UAH was added to your wallet.',
    })
    expect(tell({ kind: 'wallet.charged', amount, orderId })).toEqual({
      kind: 'wallet.charged',
      orderId,
      status: null,
      details: { amount },
      message: '1500.05 UAH was paid from your wallet for order 12.',
    })
  })

  test('that is given back it says where it went', () => {
    const payment = { id: 'pay_1', provider: 'wallet' } as const
    expect(tell({ kind: 'payment.refunded', amount, orderId, payment })).toEqual({
      kind: 'payment.refunded',
      orderId,
      status: null,
      details: { amount, payment },
      message: '1500.05 UAH was returned to your wallet for order 12.',
    })
    const elsewhere = { id: 'pay_1', provider: 'liqpay' } as const
    expect(tell({ kind: 'payment.refunded', amount, orderId, payment: elsewhere }).message).toBe(
      '1500.05 UAH was returned for order 12.',
    )
  })
})

describe('of a parcel', () => {
  const parcels: Record<ShipmentNews['status'], Record<string, string>> = {
    sent: {
      courier: 'A courier is on the way with order 12.',
      pickup: 'Order 12 waits for you at its pick-up point.',
      nova_poshta: 'Order 12 is with the carrier.',
    },
    received: { courier: 'Order 12 was handed over.' },
    cancelled: { courier: 'The delivery of order 12 is called off.' },
  }
  for (const status of toldShipments)
    for (const [carrier, message] of Object.entries(parcels[status]))
      test(`that is ${status} by ${carrier}`, () => {
        const shipment = { id: 'shp_1', status, carrier } as const
        expect(tell({ kind: 'shipment.updated', orderId, shipment })).toEqual({
          kind: 'shipment.updated',
          orderId,
          status: null,
          details: { shipment },
          message,
        })
      })
})

test.each([
  ['courier', 'A courier is on the way with order 12.'],
  ['pickup', 'Order 12 waits for you at its pick-up point.'],
])('an order and its parcel by %s say two things of one event, and both are true', (carrier, parcel) => {
  const ofParcel = (status: ShipmentNews['status']) =>
    tell({ kind: 'shipment.updated', orderId, shipment: { id: 'shp_1', status, carrier } }).message
  expect([ofOrder('shipped').message, ofParcel('sent')]).toEqual([
    'Order 12 is packed and given out for delivery or pick-up.',
    parcel,
  ])
  expect([ofOrder('delivered').message, ofParcel('received')]).toEqual([
    'Order 12 is complete.',
    'Order 12 was handed over.',
  ])
})

test('of an account it is a welcome, by no name', () => {
  expect(tell({ kind: 'user.registered' })).toEqual({
    kind: 'user.registered',
    orderId: null,
    status: null,
    details: {},
    message: 'Welcome! Your account and its wallet are ready.',
  })
})
