//! What loms tells the others when an order changes: pure, from the order to its facts.
import type { PaymentCompleted } from '../contracts/events/billing.ts'
import type { DataOf } from '../contracts/events/define.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderDelivered,
  OrderPaymentRefused,
  OrderProcessing,
  OrderRejected,
  OrderShipped,
  StockReleased,
  StockReserved,
} from '../contracts/events/loms.ts'
import type { OrderStatus } from '../contracts/order-status.ts'
import type { Delivery } from '../contracts/rpc/delivery.ts'
import { int64ToJson } from '../contracts/scalars.ts'
import { type Instant, toRfc3339 } from '../contracts/time.ts'
import { type Fact, fact } from '../runtime/messages/outbox.ts'
import { type Change, type Order, type OrderIn, totalOf } from './domain/order.ts'
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
export function placedFacts(
  order: OrderIn<'pending'>,
  allocations: readonly Allocation[],
  delivery?: Delivery,
): Fact[] {
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
    ...(delivery && { delivery }),
  }
  return [
    fact(OrderCreated, keyOf(order), created),
    fact(StockReserved, keyOf(order), stockFields(order, allocations)),
  ]
}

/** The order could not be placed. */
export function rejectedFacts(order: OrderIn<'failed'>): Fact[] {
  return [rejectedFact(null, order)]
}

function rejectedFact(previous: OrderStatus | null, order: OrderIn<'failed'>): Fact {
  const { reason, shortages } = order
  const rejected = { ...orderFields(order, previous), reason, shortages: [...shortages] }
  return fact(OrderRejected, keyOf(order), rejected)
}

/** The order changed from `previous`; `moved` is the stock that was given back. */
export function changedFacts(
  previous: OrderStatus,
  { order, stock }: Change,
  moved: readonly Allocation[],
): Fact[] {
  const facts = [stepFact(previous, order)]
  if (stock === 'released' || stock === 'expired') {
    facts.push(fact(StockReleased, keyOf(order), { ...stockFields(order, moved), reason: stock }))
  }
  return facts
}

function stepFact(previous: OrderStatus, order: Change['order']): Fact {
  const fields = orderFields(order, previous)
  switch (order.status) {
    case 'confirmed': {
      const confirmed = { ...fields, ...totalField(order), currency: order.currency }
      return fact(OrderConfirmed, keyOf(order), confirmed)
    }
    case 'cancelled':
      return fact(OrderCancelled, keyOf(order), { ...fields, reason: order.reason })
    case 'failed':
      return rejectedFact(previous, order)
    case 'processing':
      return fact(OrderProcessing, keyOf(order), fields)
    case 'shipped':
      return fact(OrderShipped, keyOf(order), fields)
    case 'delivered':
      return fact(OrderDelivered, keyOf(order), fields)
    case 'refunded':
      throw new Error('no step of ours refunds an order yet')
  }
}

/** The order did not take what was paid for it. */
export function paymentRefusedFact(
  payment: DataOf<typeof PaymentCompleted>,
  reason: string,
  moment: Instant,
): Fact {
  const { order_id, user_id, tenant_id, payment_id, amount, currency } = payment
  const paid = { order_id, user_id, tenant_id, payment_id, amount, currency }
  return fact(OrderPaymentRefused, String(order_id), { ...paid, reason, moment: toRfc3339(moment) })
}
