//! Notices as rows.
import { and, asc, desc, eq, gt, gte, isNotNull, lt, sql } from 'drizzle-orm'
import type { EventId, NoticeId, OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { OrderStatus } from '../../contracts/order-status.ts'
import type { Instant } from '../../contracts/time.ts'
import { integer } from '../../runtime/store/columns.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { Notice, NoticeDetails } from '../domain/notice.ts'
import type { Q, Tx } from './schema.ts'

/** Whose notices they are. */
export type Owner = { readonly tenantId: TenantId; readonly userId: UserId }

/** Where somebody is in what they are told: the number of a notice in the order of arrival; 0 before the first. */
export type Arrival = bigint

const insertNotice = query(
  (
    { db, tables: { notices } }: Q,
    p: Params<{
      id: NoticeId
      tenantId: TenantId
      userId: UserId
      kind: string
      orderId: OrderId | null
      status: OrderStatus | null
      details: NoticeDetails
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
        kind: p.kind,
        orderId: p.orderId,
        status: p.status,
        details: p.details,
        message: p.message,
        moment: p.moment,
        eventId: p.eventId,
      })
      .onConflictDoNothing({ target: notices.eventId })
      .returning({ id: notices.id }),
)

// Any constant will do, as long as nobody else locks by it.
const arrivalLock = 4_711_101
const lockArrivals = query(({ db }: Q, _: Params<object>) =>
  db
    .select({ locked: sql`pg_advisory_xact_lock(${sql.raw(String(arrivalLock))})` })
    .from(sql`(select 1) as one`),
)

/** False, and nothing written, where the fact was told before. */
export async function putNotice(tx: Tx, notice: Notice): Promise<boolean> {
  // PostgreSQL numbers rows when they are written, and shows them when they are committed: who reads on from the last
  // number would miss one of another transaction that is committed later. SQLite has one writer.
  if (tx.dialect === 'postgres') await lockArrivals(tx, {})
  const inserted = await insertNotice(tx, notice)
  return inserted.length === 1
}

const columnsOf = ({ notices: t }: Q['tables']) => ({
  id: t.id,
  tenantId: t.tenantId,
  userId: t.userId,
  kind: t.kind,
  orderId: t.orderId,
  status: t.status,
  details: t.details,
  message: t.message,
  moment: t.moment,
  eventId: t.eventId,
})

const newestOrderNotices = query(
  (
    { db, tables }: Q,
    p: Params<{ tenantId: TenantId; userId: UserId; from: Instant; to: Instant; limit: number }>,
  ) => {
    const { notices: t } = tables
    const isAsked = [
      eq(t.tenantId, p.tenantId),
      eq(t.userId, p.userId),
      gte(t.moment, p.from),
      lt(t.moment, p.to),
    ]
    return db
      .select(columnsOf(tables))
      .from(t)
      .where(and(...isAsked, isNotNull(t.status)))
      .orderBy(desc(t.moment), desc(t.arrival))
      .limit(p.limit)
  },
)

export type History = Owner & {
  /** Inclusive. */
  readonly from: Instant
  /** Exclusive. */
  readonly to: Instant
  readonly limit: number
}

/** A notice of a step of an order. */
export type OrderNotice = Notice & { readonly orderId: OrderId; readonly status: OrderStatus }

/** The customer's notices of orders of a time, the newest first: by the moment of the change, then by the order of arrival. */
export async function noticesOf(tx: Tx, history: History): Promise<OrderNotice[]> {
  const notices: Notice[] = await newestOrderNotices(tx, history)
  return notices.filter((notice): notice is OrderNotice => notice.status !== null && notice.orderId !== null)
}

/** A page of everything that the customer was told, the newest first, and how much there is. */
export async function noticePage(
  tx: Tx,
  { tenantId, userId }: Owner,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly notices: readonly Notice[]; readonly total: number }> {
  const { notices: t } = tx.tables
  const theirs = and(eq(t.tenantId, tenantId), eq(t.userId, userId))
  const notices = await tx.db
    .select(columnsOf(tx.tables))
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

const arrivalById = query(
  ({ db, tables: { notices: t } }: Q, p: Params<{ tenantId: TenantId; userId: UserId; id: NoticeId }>) =>
    db
      .select({ arrival: t.arrival })
      .from(t)
      .where(and(eq(t.id, p.id), eq(t.tenantId, p.tenantId), eq(t.userId, p.userId))),
)

/** Undefined where the customer was told no such notice. */
export async function arrivalOf(tx: Tx, owner: Owner, id: NoticeId): Promise<Arrival | undefined> {
  const [row] = await arrivalById(tx, { ...owner, id })
  return row?.arrival
}

const lastArrival = query(
  ({ db, tables: { notices: t } }: Q, p: Params<{ tenantId: TenantId; userId: UserId }>) =>
    db
      .select({ arrival: t.arrival, id: t.id })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId)))
      .orderBy(desc(t.arrival))
      .limit(1),
)

/** The last that the customer was told; undefined where there was none. */
export async function newestNotice(
  tx: Tx,
  owner: Owner,
): Promise<{ readonly id: NoticeId; readonly arrival: Arrival } | undefined> {
  const [row] = await lastArrival(tx, owner)
  return row
}

const selectAfter = query(
  ({ db, tables }: Q, p: Params<{ tenantId: TenantId; userId: UserId; after: Arrival; limit: number }>) => {
    const { notices: t } = tables
    return db
      .select({ ...columnsOf(tables), arrival: t.arrival })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId), gt(t.arrival, p.after)))
      .orderBy(asc(t.arrival))
      .limit(p.limit)
  },
)

export type ArrivedNotice = Notice & { readonly arrival: Arrival }

/** What the customer was told after that, in the order of arrival. */
export function noticesAfter(
  tx: Tx,
  owner: Owner,
  { after, limit }: { readonly after: Arrival; readonly limit: number },
): Promise<ArrivedNotice[]> {
  return selectAfter(tx, { ...owner, after, limit })
}

const ownersAfter = query(({ db, tables: { notices: t } }: Q, p: Params<{ after: Arrival; limit: number }>) =>
  db
    .select({ arrival: t.arrival, tenantId: t.tenantId, userId: t.userId })
    .from(t)
    .where(gt(t.arrival, p.after))
    .orderBy(asc(t.arrival))
    .limit(p.limit),
)

/** Who was told something after that, whoever they are, in the order of arrival. */
export function ownersTold(
  tx: Tx,
  after: Arrival,
  limit: number,
): Promise<(Owner & { readonly arrival: Arrival })[]> {
  return ownersAfter(tx, { after, limit })
}

/** The last notice of all. */
export async function lastOfAll(tx: Tx): Promise<Arrival> {
  const { notices: t } = tx.tables
  const [row] = await tx.db.select({ arrival: t.arrival }).from(t).orderBy(desc(t.arrival)).limit(1)
  return row?.arrival ?? 0n
}
