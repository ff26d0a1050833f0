//! How an order becomes what the resources show of it.
import { add, type Money, money, times, toDecimal } from '../contracts/money.ts'
import type { OrderView } from '../contracts/order-view.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { type Order, type OrderLine, totalOf } from './domain/order.ts'
import type { Details } from './store/details.ts'

/** Prices include tax; this is the part of the total that is tax, in percent on top of the net. */
const taxPercent = 20

/** An order of the RPC surfaces may have lines that nobody gave a price: then it has no sums either. */
export function orderView(order: Order, details?: Details): OrderView {
  const total = totalOf(order.lines, order.currency)
  return {
    id: String(order.id),
    tenant_id: order.tenantId,
    customer_id: String(order.userId),
    status: order.status,
    ...((order.status === 'failed' || order.status === 'cancelled') && { status_reason: order.reason }),
    ...(order.status === 'failed' && order.note !== undefined && { status_note: order.note }),
    items: order.lines.map(itemView),
    ...(total && sumsOf(total)),
    currency: order.currency,
    ...(details?.shippingAddress && { shipping_address: details.shippingAddress }),
    ...(details?.billingAddress && { billing_address: details.billingAddress }),
    ...(details?.delivery && { delivery: details.delivery }),
    payment_method: order.paymentMethod,
    ...(details?.notes != null && { notes: details.notes }),
    ...(order.status === 'cancelled' && order.note !== undefined && { cancel_reason: order.note }),
    ...(order.status === 'pending' && { pay_by: toRfc3339(order.payBy) }),
    created_at: toRfc3339(order.placedAt),
    updated_at: toRfc3339(order.updatedAt),
  }
}

function itemView({ sku, quantity, product }: OrderLine): OrderView['items'][number] {
  const line = { id: String(sku), sku: String(sku), quantity }
  if (product === undefined) return line
  const { id, name, price } = product
  return { ...line, product_id: id, name, price: toDecimal(price), total: toDecimal(times(price, quantity)) }
}

function sumsOf(total: Money) {
  const none = toDecimal(money(0, total.currency))
  return {
    subtotal: toDecimal(total),
    discount: none,
    shipping_cost: none,
    tax: toDecimal(taxWithin(total)),
    total: toDecimal(add(total, money(0, total.currency))),
  }
}

/** The tax in a price that includes it, to the nearest minor unit. */
export function taxWithin(total: Money): Money {
  return money(Math.round((total.amount * taxPercent) / (100 + taxPercent)), total.currency)
}
