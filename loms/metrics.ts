//! The order metrics of document C, under its names.
import { Counter, Histogram, type Registry } from 'prom-client'
import { type Currency, exponents } from '../contracts/money.ts'
import type { OrderStatus } from '../contracts/order-status.ts'
import { type Order, totalOf } from './domain/order.ts'

export type OrderMetrics = {
  /** An order was written in a status that it was not in before. */
  reached(order: Order): void
}

const major = (amount: number, currency: Currency): number => amount / 10 ** exponents[currency]

export function orderMetrics(registry: Registry): OrderMetrics {
  const registers = [registry]
  const total = new Counter({
    name: 'oms_orders_total',
    help: 'Orders that reached a status.',
    labelNames: ['status'],
    registers,
  })
  const value = new Histogram({
    name: 'oms_order_value',
    help: 'Value of confirmed orders, in major units of their currency.',
    buckets: [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000],
    registers,
  })
  const processing = new Histogram({
    name: 'oms_processing_time',
    help: 'Seconds from placing an order to its payment.',
    buckets: [0.01, 0.1, 1, 5, 15, 60, 120, 300, 600, 3600],
    registers,
  })
  const counters = new Map<OrderStatus, { inc(): void }>()
  return {
    reached(order) {
      const counter = counters.get(order.status) ?? total.labels(order.status)
      counters.set(order.status, counter)
      counter.inc()
      if (order.status !== 'confirmed') return
      processing.observe((order.paidAt - order.placedAt) / 1000)
      const sum = totalOf(order.lines, order.currency)
      if (sum !== undefined) value.observe(major(sum.amount, order.currency))
    },
  }
}
