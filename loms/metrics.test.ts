//! Document C's metrics: what is counted, once each, and in which unit.
import { expect, test } from 'bun:test'
import type { OrderId, ProductId, Sku } from '../contracts/ids.ts'
import { defaultTenant } from '../contracts/ids.ts'
import { callOf, items, lomsInMemory, paymentWindowMs, user } from './fixture.ts'
import { createOrder } from './operations/create-order.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { payOrder } from './operations/pay-order.ts'
import { putProduct } from './store/catalog.ts'

test('every order is counted once in each status it reaches, its value and its wait when it is paid', async () => {
  const loms = await lomsInMemory([[1, 1, 10]])
  await loms.store.write((tx) =>
    putProduct(tx, {
      tenantId: defaultTenant,
      sku: 1 as Sku,
      productId: 'prod_1' as ProductId,
      name: 'Чай',
      price: 12_950,
      currency: 'UAH',
      weightGrams: 1,
      withdrawn: false,
      version: 1,
    }),
  )
  const create = (quantity: number, key: string) =>
    createOrder(loms.deps, callOf(loms, { key }), { userId: user(1), items: items([1, quantity]) })
  await create(2, 'a')
  await create(2, 'a')
  await create(99, 'b')
  await create(1, 'c')
  loms.pass(2500)
  for (const _ of [1, 2]) await payOrder(loms.deps, callOf(loms), { orderId: 1n as OrderId })
  loms.pass(paymentWindowMs)
  await expireOrders(loms.deps)

  const samplesOf = async (name: string) =>
    (await loms.registry.getSingleMetric(name)?.get())?.values.filter(({ labels }) => !('le' in labels))
  expect(await samplesOf('oms_orders_total')).toEqual(
    ['pending', 'failed', 'confirmed', 'cancelled'].map((status) => ({
      value: status === 'pending' ? 2 : 1,
      labels: { status },
    })) as never,
  )
  const [value, wait] = [await samplesOf('oms_order_value'), await samplesOf('oms_processing_time')]
  expect(value?.map(({ value }) => value)).toEqual([259, 1])
  expect(wait?.map(({ value }) => value)).toEqual([2.5, 1])
  await loms.store.close()
})
