//! What customers are told.
import { describe, expect, test } from 'bun:test'
import type { OrderId } from '../../contracts/ids.ts'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import { messageOf } from './notice.ts'

const orderId = 12n as OrderId
const messages: Record<OrderStatus, string> = {
  pending: 'Order 12 is placed and waits for payment.',
  confirmed: 'Order 12 is paid.',
  processing: 'Order 12 is being packed.',
  shipped: 'Order 12 is on its way.',
  delivered: 'Order 12 is delivered.',
  failed: 'Order 12 could not be placed.',
  cancelled: 'Order 12 is cancelled.',
  refunded: 'Order 12 is refunded.',
}

describe('the message', () => {
  for (const status of orderStatuses) {
    test(`of ${status} is one sentence that names the order`, () => {
      expect(messageOf({ orderId, status, reason: undefined })).toBe(messages[status])
    })
  }

  test('of an order that the clock called off says why', () => {
    const message = messageOf({ orderId, status: 'cancelled', reason: 'expired' })
    expect(message).toBe('Order 12 is cancelled: it was not paid in time.')
  })

  test('of an order that found no stock says why', () => {
    const message = messageOf({ orderId, status: 'failed', reason: 'insufficient_stock' })
    expect(message).toBe('Order 12 could not be placed: there is not enough in stock.')
  })

  test('of an order that the customer called off need not say it', () => {
    expect(messageOf({ orderId, status: 'cancelled', reason: 'customer' })).toBe(messages.cancelled)
  })

  test('names an order past 2^53 exactly', () => {
    const late = 9_223_372_036_854_775_807n as OrderId
    expect(messageOf({ orderId: late, status: 'confirmed', reason: undefined })).toBe(
      'Order 9223372036854775807 is paid.',
    )
  })
})
