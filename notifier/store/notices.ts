//! Notices as rows.
import { and, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { EventId, NoticeId, OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import type { Instant } from '../../contracts/time.ts'
import { integer } from '../../runtime/store/columns.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { Notice } from '../domain/notice.ts'
import type { Q, Tx } from './schema.ts'

const insertNotice = query(
  (
    { db, tables: { notices } }: Q,
    p: Params<{
      id: NoticeId
      tenantId: TenantId
      userId: UserId
      orderId: OrderId
      status: OrderStatus
      message: string
      moment: Instant
      eventId: EventId
    }>,
  ) =>
    db
      .insert(notices)
      .values({
        id: p.id,
        tenantId: p.tenantId,
        userId: p.userId,
        orderId: p.orderId,
        status: p.status,
        message: p.message,
        moment: p.moment,
        eventId: p.eventId,
      })
      .onConflictDoNothing({ target: notices.eventId })
      .returning({ id: notices.id }),
)

const newestNotices = query(
  (
    { db, tables: { notices: t } }: Q,
    p: Params<{ tenantId: TenantId; userId: UserId; from: Instant; to: Instant; limit: number }>,
  ) =>
    db
      .select({
        id: t.id,
        tenantId: t.tenantId,
        userId: t.userId,
        orderId: t.orderId,
        status: t.status,
        message: t.message,
        moment: t.moment,
        eventId: t.eventId,
      })
      .from(t)
      .where(
        and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId), gte(t.moment, p.from), lt(t.moment, p.to)),
      )
      .orderBy(desc(t.moment), desc(t.arrival))
      .limit(p.limit),
)

/** False, and nothing written, where the fact was told before. */
export async function putNotice(tx: Tx, notice: Notice): Promise<boolean> {
  const inserted = await insertNotice(tx, notice)
  return inserted.length === 1
}

export type History = {
  readonly tenantId: TenantId
  readonly userId: UserId
  /** Inclusive. */
  readonly from: Instant
  /** Exclusive. */
  readonly to: Instant
  readonly limit: number
}

/** A page of everything that the customer was told, the newest first, and how much there is. */
export async function noticePage(
  tx: Tx,
  { tenantId, userId }: Pick<History, 'tenantId' | 'userId'>,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly notices: readonly Notice[]; readonly total: number }> {
  const { notices: t } = tx.tables
  const theirs = and(eq(t.tenantId, tenantId), eq(t.userId, userId))
  const notices = await tx.db
    .select()
    .from(t)
    .where(theirs)
    .orderBy(desc(t.moment), desc(t.arrival))
    .limit(page.limit)
    .offset(page.offset)
  const [counted] = await tx.db
    .select({ total: integer(sql`count(*)`) })
    .from(t)
    .where(theirs)
  return { notices, total: counted?.total ?? 0 }
}

/** The customer's notices of a time, the newest first: by the moment of the change, then by the order of arrival. */
export function noticesOf(tx: Tx, history: History): Promise<Notice[]> {
  return newestNotices(tx, history)
}
