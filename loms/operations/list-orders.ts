//! `GET /api/v1/orders`: a page of orders with what they have beside their lines.

import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import { type Details, detailsOf } from '../store/details.ts'
import { listOrders as listed, type OrderFilter } from '../store/order-list.ts'

export type OrderWithDetails = { readonly order: Order; readonly details: Details | undefined }
export type OrderPage = { readonly orders: readonly OrderWithDetails[]; readonly total: number }

export async function listOrders(
  deps: Pick<Deps, 'store'>,
  filter: OrderFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<OrderPage> {
  return await deps.store.read(async (tx) => {
    const { orders, total } = await listed(tx, filter, page)
    const ids = orders.map(({ id }) => id)
    const details = await detailsOf(tx, filter.tenantId, ids)
    return { orders: orders.map((order) => ({ order, details: details.get(order.id) })), total }
  })
}
