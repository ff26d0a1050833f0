//! What an order has beside its lines: where it goes, who is billed, what the customer wrote.
import { and, eq } from 'drizzle-orm'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import { inJsonList } from '../../runtime/store/columns.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { Q, Tables, Tx } from './schema.ts'

export type DetailsRow = Tables['orderDetails']['$inferSelect']
export type Details = Omit<DetailsRow, 'tenantId' | 'orderId'>

export const insertDetails = query(({ db, tables: { orderDetails: t } }: Q, p: Params<DetailsRow>) =>
  db.insert(t).values({
    tenantId: p.tenantId,
    orderId: p.orderId,
    delivery: p.delivery,
    shippingAddress: p.shippingAddress,
    billingAddress: p.billingAddress,
    notes: p.notes,
  }),
)

const detailsRows = query(
  ({ db, dialect, tables: { orderDetails: t } }: Q, p: Params<{ tenantId: TenantId; orderIds: string }>) =>
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), inJsonList(dialect, t.orderId, p.orderIds))),
)

/** By order; an order of the RPC surfaces has none. */
export async function detailsOf(
  tx: Tx,
  tenantId: TenantId,
  orderIds: readonly OrderId[],
): Promise<ReadonlyMap<OrderId, Details>> {
  // Ids are written as they are: JSON has no int64 beyond 2^53, and SQL reads the digits.
  const rows = await detailsRows(tx, { tenantId, orderIds: `[${orderIds.join(',')}]` })
  return new Map(rows.map((row) => [row.orderId, row]))
}
