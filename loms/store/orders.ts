//! Orders and their lines: rows to the domain's union and back, and the queries on them.
import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import type { CheckoutId, OrderId, ProductId, TenantId, UserId } from '../../contracts/ids.ts'
import { type Currency, money } from '../../contracts/money.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import type { Instant } from '../../contracts/time.ts'
import { locked } from '../../runtime/store/columns.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Order, OrderLine, Placed, RejectReason } from '../domain/order.ts'
import type { Shortage } from '../domain/stock.ts'
import type { Q, Tables, Tx } from './schema.ts'

type OrderRow = Tables['orders']['$inferSelect']
type LineRow = Tables['orderLines']['$inferSelect']

const insertOrder = query(
  (
    { db, tables: { orders } }: Q,
    p: Params<{
      tenantId: TenantId
      userId: UserId
      checkoutId: CheckoutId | null
      status: OrderStatus
      currency: Currency
      paymentMethod: string
      placedAt: Instant
      payBy: Instant | null
      rejectReason: RejectReason | null
      shortages: readonly Shortage[] | null
    }>,
  ) =>
    db
      .insert(orders)
      .values({
        tenantId: p.tenantId,
        userId: p.userId,
        checkoutId: p.checkoutId,
        status: p.status,
        version: 1,
        currency: p.currency,
        paymentMethod: p.paymentMethod,
        placedAt: p.placedAt,
        updatedAt: p.placedAt,
        payBy: p.payBy,
        rejectReason: p.rejectReason,
        shortages: p.shortages,
      })
      .returning({ id: orders.id }),
)

const insertLine = query(({ db, tables: { orderLines } }: Q, p: Params<LineRow>) =>
  db.insert(orderLines).values({
    tenantId: p.tenantId,
    orderId: p.orderId,
    sku: p.sku,
    quantity: p.quantity,
    productId: p.productId,
    name: p.name,
    price: p.price,
  }),
)

const orderRow = query(({ db, tables: { orders: t } }: Q, p: Params<{ tenantId: TenantId; id: OrderId }>) =>
  db
    .select()
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))),
)

const lockedOrderRow = query(
  ({ db, tables: { orders: t } }: Q, p: Params<{ tenantId: TenantId; id: OrderId }>) =>
    locked(
      db
        .select()
        .from(t)
        .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))),
    ),
)

const lineRows = query(
  ({ db, tables: { orderLines: t } }: Q, p: Params<{ tenantId: TenantId; id: OrderId }>) =>
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.id)))
      .orderBy(asc(t.sku)),
)

const updateOrder = command(
  (
    { db, tables: { orders: t } }: Q,
    p: Params<{
      tenantId: TenantId
      id: OrderId
      previousVersion: number
      status: OrderStatus
      version: number
      updatedAt: Instant
      paidAt: Instant | null
      paymentId: OrderRow['paymentId']
      cancelledAt: Instant | null
      cancelReason: OrderRow['cancelReason']
      cancelNote: string | null
      rejectReason: RejectReason | null
      shortages: OrderRow['shortages']
    }>,
  ) =>
    db
      .update(t)
      .set({
        status: p.status,
        version: p.version,
        updatedAt: p.updatedAt,
        paidAt: p.paidAt,
        paymentId: p.paymentId,
        cancelledAt: p.cancelledAt,
        cancelReason: p.cancelReason,
        cancelNote: p.cancelNote,
        rejectReason: p.rejectReason,
        shortages: p.shortages,
      })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id), eq(t.version, p.previousVersion))),
)

// A literal and not a parameter: only then does the planner know that the index of unpaid orders has all that is asked for.
const isPending = (t: Tables['orders']) => sql`${t.status} = 'pending'`

const dueRows = query(({ db, tables: { orders: t } }: Q, p: Params<{ now: Instant; limit: number }>) =>
  db
    .select({ tenantId: t.tenantId, id: t.id })
    .from(t)
    .where(and(isPending(t), lte(t.payBy, p.now)))
    .orderBy(asc(t.payBy))
    .limit(p.limit),
)

const nearestDeadlineRow = query(({ db, tables: { orders: t } }: Q, _: Params<Record<never, never>>) =>
  db
    .select({ payBy: min(t.payBy) })
    .from(t)
    .where(isPending(t)),
)

/** What an order is before it has its number. */
export type NewOrder = Omit<Placed, 'id' | 'version' | 'updatedAt'> &
  (
    | { readonly status: 'pending'; readonly payBy: Instant }
    | { readonly status: 'failed'; readonly reason: RejectReason; readonly shortages: readonly Shortage[] }
  )

/** Writes a new order with its lines; the answer is the order with its number. */
export async function putNewOrder(tx: Tx, order: NewOrder): Promise<Order> {
  const [row] = await insertOrder(tx, {
    tenantId: order.tenantId,
    userId: order.userId,
    checkoutId: order.checkoutId ?? null,
    status: order.status,
    currency: order.currency,
    paymentMethod: order.paymentMethod,
    placedAt: order.placedAt,
    payBy: order.status === 'pending' ? order.payBy : null,
    rejectReason: order.status === 'failed' ? order.reason : null,
    shortages: order.status === 'failed' ? order.shortages : null,
  })
  if (row === undefined) throw new Error('an inserted order came back without its number')
  await Promise.all(order.lines.map((line) => insertLine(tx, lineRow(order.tenantId, row.id, line))))
  return { ...order, id: row.id, version: 1, updatedAt: order.placedAt }
}

/** The order whole, or undefined where this tenant has none of that number. */
export async function orderOf(tx: Tx, tenantId: TenantId, id: OrderId): Promise<Order | undefined> {
  const [row] = await orderRow(tx, { tenantId, id })
  return row && toOrder(row, await lineRows(tx, { tenantId, id }))
}

/** The same, held until the transaction ends, so that what is decided from it is still true when it is written. */
export async function lockOrder(tx: Tx, tenantId: TenantId, id: OrderId): Promise<Order | undefined> {
  const [row] = await lockedOrderRow(tx, { tenantId, id })
  return row && toOrder(row, await lineRows(tx, { tenantId, id }))
}

/** Writes the order's next state over the one it was decided from. */
export async function putOrder(tx: Tx, order: Order): Promise<void> {
  const updated = await updateOrder(tx, {
    tenantId: order.tenantId,
    id: order.id,
    previousVersion: order.version - 1,
    status: order.status,
    version: order.version,
    updatedAt: order.updatedAt,
    paidAt: 'paidAt' in order ? (order.paidAt ?? null) : null,
    paymentId: order.paymentId ?? null,
    cancelledAt: order.status === 'cancelled' ? order.cancelledAt : null,
    cancelReason: order.status === 'cancelled' ? order.reason : null,
    cancelNote: 'note' in order ? (order.note ?? null) : null,
    rejectReason: order.status === 'failed' ? order.reason : null,
    shortages: order.status === 'failed' ? order.shortages : null,
  })
  if (updated !== 1) throw new Error(`order ${order.id} was not at version ${order.version - 1} any more`)
}

/** Orders whose deadline has come, the oldest first. */
export function dueOrders(
  tx: Tx,
  now: Instant,
  limit: number,
): Promise<{ tenantId: TenantId; id: OrderId }[]> {
  return dueRows(tx, { now, limit })
}

/** When the next unpaid order is due, or undefined where none waits. */
export async function nearestDeadline(tx: Tx): Promise<Instant | undefined> {
  const [row] = await nearestDeadlineRow(tx, {})
  return row?.payBy ?? undefined
}

function lineRow(tenantId: TenantId, orderId: OrderId, { sku, quantity, product }: OrderLine): LineRow {
  return {
    tenantId,
    orderId,
    sku,
    quantity,
    productId: product?.id ?? null,
    name: product?.name ?? null,
    price: product?.price.amount ?? null,
  }
}

function toLine(row: LineRow, currency: Currency): OrderLine {
  const { sku, quantity, productId, name, price } = row
  if (productId === null || name === null || price === null) return { sku, quantity }
  return { sku, quantity, product: { id: productId as ProductId, name, price: money(price, currency) } }
}

/** What the CHECK constraints promise; a row that breaks it was not written by us. */
function present<T>(value: T | null, what: string, id: OrderId): T {
  if (value === null) throw new Error(`order ${id} has no ${what}`)
  return value
}

function toOrder(row: OrderRow, lines: readonly LineRow[]): Order {
  const placed: Placed = {
    id: row.id,
    tenantId: row.tenantId,
    userId: row.userId,
    checkoutId: row.checkoutId ?? undefined,
    lines: lines.map((line) => toLine(line, row.currency)),
    currency: row.currency,
    paymentMethod: row.paymentMethod,
    ...(row.paymentId !== null && { paymentId: row.paymentId }),
    version: row.version,
    placedAt: row.placedAt,
    updatedAt: row.updatedAt,
  }
  switch (row.status) {
    case 'pending':
      return { ...placed, status: 'pending', payBy: present(row.payBy, 'pay_by', row.id) }
    case 'failed':
      return {
        ...placed,
        status: 'failed',
        reason: present(row.rejectReason, 'reject_reason', row.id),
        ...(row.cancelNote !== null && { note: row.cancelNote }),
        shortages: present(row.shortages, 'shortages', row.id),
      }
    case 'cancelled':
      return {
        ...placed,
        status: 'cancelled',
        reason: present(row.cancelReason, 'cancel_reason', row.id),
        cancelledAt: present(row.cancelledAt, 'cancelled_at', row.id),
        ...(row.cancelNote !== null && { note: row.cancelNote }),
        ...(row.paidAt !== null && { paidAt: row.paidAt }),
      }
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
    case 'refunded':
      return { ...placed, status: row.status, paidAt: present(row.paidAt, 'paid_at', row.id) }
  }
}
