//! Sagas as rows: one transaction writes the step and what it makes of the order.
import { and, asc, eq, gt, lte, sql } from 'drizzle-orm'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { locked } from '../../runtime/store/columns.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { RejectReason } from '../domain/order.ts'
import type { SagaState } from '../domain/saga.ts'
import type { Q, Tables, Tx } from './schema.ts'

export type Saga = Tables['sagas']['$inferSelect']
type Id = { tenantId: TenantId; orderId: OrderId }

export const insertSaga = query(({ db, tables: { sagas: t } }: Q, p: Params<Saga>) =>
  db.insert(t).values({
    tenantId: p.tenantId,
    orderId: p.orderId,
    userId: p.userId,
    amount: p.amount,
    currency: p.currency,
    state: p.state,
    held: p.held,
    accepted: p.accepted,
    reason: p.reason,
    attempts: p.attempts,
    retryAt: p.retryAt,
    keyScope: p.keyScope,
    key: p.key,
    startedAt: p.startedAt,
    updatedAt: p.updatedAt,
  }),
)

const sagaRow = query(({ db, tables: { sagas: t } }: Q, p: Params<Id>) =>
  locked(
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))),
  ),
)

const readRow = query(({ db, tables: { sagas: t } }: Q, p: Params<Id>) =>
  db
    .select()
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))),
)

/** Held until the transaction ends. The order is to be locked first: everybody takes the two in this order. */
export async function lockSaga(tx: Tx, id: Id): Promise<Saga | undefined> {
  return (await sagaRow(tx, id))[0]
}

export async function sagaOf(tx: Tx, id: Id): Promise<Saga | undefined> {
  return (await readRow(tx, id))[0]
}

type Moved = Id & {
  state: SagaState
  held: boolean
  accepted: boolean
  reason: RejectReason | null
  attempts: number
  retryAt: Instant | null
  updatedAt: Instant
}

export const putSaga = command(({ db, tables: { sagas: t } }: Q, p: Params<Moved>) =>
  db
    .update(t)
    .set({
      state: p.state,
      held: p.held,
      accepted: p.accepted,
      reason: p.reason,
      attempts: p.attempts,
      retryAt: p.retryAt,
      updatedAt: p.updatedAt,
    })
    .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))),
)

const dueRows = query(({ db, tables: { sagas: t } }: Q, p: Params<{ now: Instant; limit: number }>) =>
  db
    .select({ tenantId: t.tenantId, orderId: t.orderId, retryAt: t.retryAt })
    .from(t)
    .where(and(sql`${t.retryAt} is not null`, lte(t.retryAt, p.now)))
    .orderBy(asc(t.retryAt))
    .limit(p.limit),
)

/** Those that somebody has to take up, the longest waiting first. */
export const dueSagas = (tx: Tx, now: Instant, limit: number) => dueRows(tx, { now, limit })

const nearestRow = query(({ db, tables: { sagas: t } }: Q, _: Params<Record<never, never>>) =>
  db
    .select({ retryAt: t.retryAt })
    .from(t)
    .where(sql`${t.retryAt} is not null`)
    .orderBy(asc(t.retryAt))
    .limit(1),
)

export async function nearestRetry(tx: Tx): Promise<Instant | undefined> {
  const [row] = await nearestRow(tx, {})
  return row?.retryAt ?? undefined
}

/** Takes it up until `until`, unless somebody else was faster: 1 where it is ours. */
export const claimSaga = command(
  ({ db, tables: { sagas: t } }: Q, p: Params<Id & { seen: Instant; until: Instant }>) =>
    db
      .update(t)
      .set({ retryAt: p.until })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId), eq(t.retryAt, p.seen))),
)

/** Whatever anybody has taken up, or put off, for longer than until `after` is due now. */
export const makeSagasDue = command(
  ({ db, tables: { sagas: t } }: Q, p: Params<{ now: Instant; after: Instant }>) =>
    db.update(t).set({ retryAt: p.now }).where(gt(t.retryAt, p.after)),
)

/** What is not over, the oldest first; for people who look. */
export function openSagas(tx: Tx, limit: number): Promise<Saga[]> {
  const t = tx.tables.sagas
  return (
    tx.db
      .select()
      .from(t)
      // Written as in the index, which the engines take for no other words.
      .where(sql`${t.state} not in ('done', 'undone')`)
      .orderBy(asc(t.startedAt))
      .limit(limit)
  )
}

/** Whose key the saga answers. */
export function holderOf({ tenantId, keyScope, key }: Saga) {
  return keyScope === null || key === null
    ? { tenantId }
    : { tenantId, idempotency: { scope: keyScope, key } }
}
