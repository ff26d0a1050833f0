//! What loms tells the others when an order changes: pure, from the order to its facts.
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderRejected,
  StockReleased,
  StockReserved,
} from '../contracts/events/loms.ts'
import type { OrderStatus } from '../contracts/order-status.ts'
import { int64ToJson } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { type Fact, fact } from '../runtime/messages/outbox.ts'
import { type Ending, type Order, type OrderIn, totalOf } from './domain/order.ts'
import type { Allocation } from './domain/stock.ts'

function orderFields(order: Order, previousStatus: OrderStatus | null) {
  return {
    order_id: int64ToJson(order.id),
    user_id: int64ToJson(order.userId),
    tenant_id: order.tenantId,
    status: order.status,
    previous_status: previousStatus,
    version: order.version,
    moment: toRfc3339(order.updatedAt),
  }
}

function totalField(order: Order): { total?: number } {
  const total = totalOf(order.lines, order.currency)
  return total === undefined ? {} : { total: total.amount }
}

function stockFields(order: Order, lines: readonly Allocation[]) {
  return {
    order_id: int64ToJson(order.id),
    tenant_id: order.tenantId,
    lines: lines.map(({ sku, warehouseId, quantity }) => ({
      sku,
      warehouse_id: int64ToJson(warehouseId),
      count: quantity,
    })),
    moment: toRfc3339(order.updatedAt),
  }
}

const keyOf = (order: Order): string => String(order.id)

/** The order was placed and its stock reserved. */
export function placedFacts(order: OrderIn<'pending'>, allocations: readonly Allocation[]): Fact[] {
  const created = {
    ...orderFields(order, null),
    ...totalField(order),
    items: order.lines.map(({ sku, quantity, product }) => ({
      sku,
      count: quantity,
      ...(product && { name: product.name, price: product.price.amount }),
    })),
    currency: order.currency,
    payment_method: order.paymentMethod,
    pay_by: toRfc3339(order.payBy),
  }
  return [
    fact(OrderCreated, keyOf(order), created),
    fact(StockReserved, keyOf(order), stockFields(order, allocations)),
  ]
}

/** The order could not be placed. */
export function rejectedFacts(order: OrderIn<'failed'>): Fact[] {
  const rejected = {
    ...orderFields(order, null),
    reason: 'insufficient_stock',
    shortages: [...order.shortages],
  }
  return [fact(OrderRejected, keyOf(order), rejected)]
}

/** The order changed from `previous`, and its reservations ended. */
export function changedFacts(
  previous: OrderStatus,
  order: OrderIn<'confirmed'> | OrderIn<'cancelled'>,
  ending: Ending,
  ended: readonly Allocation[],
): Fact[] {
  const facts = [
    order.status === 'confirmed'
      ? fact(OrderConfirmed, keyOf(order), {
          ...orderFields(order, previous),
          ...totalField(order),
          currency: order.currency,
        })
      : fact(OrderCancelled, keyOf(order), { ...orderFields(order, previous), reason: order.reason }),
  ]
  if (ending !== 'committed') {
    facts.push(fact(StockReleased, keyOf(order), { ...stockFields(order, ended), reason: ending }))
  }
  return facts
}
