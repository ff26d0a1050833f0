//! Orders as people page through them, the newest first.
import { and, desc, eq, sql } from 'drizzle-orm'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import { integer } from '../../runtime/store/columns.ts'
import type { Order } from '../domain/order.ts'
import { orderOf } from './orders.ts'
import type { Tx } from './schema.ts'

export type OrderFilter = {
  readonly tenantId: TenantId
  readonly userId?: UserId | undefined
  readonly status?: OrderStatus | undefined
}

/** One page of the orders that fit, and how many fit in all. */
export async function listOrders(
  tx: Tx,
  { tenantId, userId, status }: OrderFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly orders: readonly Order[]; readonly total: number }> {
  const { orders: t } = tx.tables
  const fits = and(
    eq(t.tenantId, tenantId),
    userId === undefined ? undefined : eq(t.userId, userId),
    status === undefined ? undefined : eq(t.status, status),
  )
  const ids = await tx.db
    .select({ id: t.id })
    .from(t)
    .where(fits)
    .orderBy(desc(t.id))
    .limit(page.limit)
    .offset(page.offset)
  const [counted] = await tx.db
    .select({ total: integer(sql`count(*)`) })
    .from(t)
    .where(fits)
  // A prepared query each: a page has a hundred at most.
  const orders = await Promise.all(ids.map(({ id }) => orderOf(tx, tenantId, id)))
  return { orders: orders.filter((order) => order !== undefined), total: counted?.total ?? 0 }
}
