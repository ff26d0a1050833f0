//! The relay's side of the outbox table: what is to be sent, what was, and what the stream has lost.
import {
  and,
  asc,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  or,
  type SQL,
  type SQLWrapper,
  sql,
} from 'drizzle-orm'
import type { EventId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { type Dialect, inJsonList, integer } from '../store/columns.ts'
import { type Params, query } from '../store/store.ts'
import type { OutboxQ } from './tables.ts'

/** `column in (list)` for texts handed over as one JSON list. */
export function inJsonTexts(dialect: Dialect, column: SQLWrapper, jsonList: SQLWrapper): SQL {
  return dialect === 'sqlite'
    ? sql`${column} in (select value from json_each(${jsonList}))`
    : sql`${column} in (select jsonb_array_elements_text(${jsonList}::jsonb))`
}

const outgoing = (t: OutboxQ['tables']['outbox']) => ({
  position: t.position,
  id: t.id,
  type: t.type,
  key: t.key,
  tenantId: t.tenantId,
  moment: t.moment,
  traceparent: t.traceparent,
  data: t.data,
})

/** What the stream has lost, in the order in which it was there. */
export const lostRows = query(({ db, tables: { outbox: t } }: OutboxQ, p: Params<{ limit: number }>) =>
  db
    .select(outgoing(t))
    .from(t)
    .where(and(isNull(t.sentAt), isNotNull(t.streamSequence)))
    .orderBy(asc(t.streamSequence), asc(t.position))
    .limit(p.limit),
)

/** What was never sent, in the order in which it was announced. */
export const newRows = query(({ db, tables: { outbox: t } }: OutboxQ, p: Params<{ limit: number }>) =>
  db
    .select(outgoing(t))
    .from(t)
    .where(isNull(t.streamSequence))
    .orderBy(asc(t.streamSequence), asc(t.position))
    .limit(p.limit),
)

/** Marks a window: the first of the positions (a JSON list) stands at `after` + 1, and so on. */
export const markWindow = query(
  (
    { db, dialect, tables: { outbox: t } }: OutboxQ,
    p: Params<{ positions: string; after: number; sentAt: Instant }>,
  ) =>
    dialect === 'sqlite'
      ? db
          .update(t)
          .set({ sentAt: p.sentAt, streamSequence: sql`${p.after} + 1 + j.key` })
          .from(sql`json_each(${p.positions}) as j`)
          .where(sql`${t.position} = j.value`)
      : db
          .update(t)
          .set({ sentAt: p.sentAt, streamSequence: sql`${p.after}::bigint + j.nth` })
          .from(sql`jsonb_array_elements_text(${p.positions}::jsonb) with ordinality as j(value, nth)`)
          .where(sql`${t.position} = j.value::bigint`),
)

/** Marks one that was found in the stream, unless it is marked. */
export const markFound = query(
  ({ db, tables: { outbox: t } }: OutboxQ, p: Params<{ id: EventId; sequence: number; sentAt: Instant }>) =>
    db
      .update(t)
      .set({ sentAt: p.sentAt, streamSequence: p.sequence })
      .where(and(eq(t.id, p.id), isNull(t.sentAt))),
)

/** Of these ids (a JSON list), those that are in the outbox and not marked as sent. */
export const unmarkedAmong = query(
  ({ db, dialect, tables: { outbox: t } }: OutboxQ, p: Params<{ ids: string }>) =>
    db
      .select({ id: t.id })
      .from(t)
      .where(and(isNull(t.sentAt), inJsonTexts(dialect, t.id, p.ids))),
)

/** The sent row that stands `offset` rows before the last one that stands at `sequence` or before it. */
export const sentAtOrBefore = query(
  ({ db, tables: { outbox: t } }: OutboxQ, p: Params<{ sequence: number; since: Instant; offset: number }>) =>
    db
      .select({ id: t.id, sequence: t.streamSequence })
      .from(t)
      .where(and(lte(t.streamSequence, p.sequence), gt(t.sentAt, p.since)))
      .orderBy(desc(t.streamSequence))
      .limit(1)
      .offset(p.offset),
)

/** Where the first of the lost rows stood. */
export const firstLost = query(({ db, tables: { outbox: t } }: OutboxQ) =>
  db
    .select({ sequence: t.streamSequence })
    .from(t)
    .where(and(isNull(t.sentAt), isNotNull(t.streamSequence)))
    .orderBy(asc(t.streamSequence))
    .limit(1),
)

/**
 * Takes the mark from rows that stand after `sequence`, from the last one on. The sequence stays, for their order, but
 * for `shift`, which puts them before those that were lost already.
 */
export const unmarkAfter = query(
  (
    { db, tables: { outbox: t } }: OutboxQ,
    p: Params<{ sequence: number; since: Instant; shift: number; limit: number }>,
  ) =>
    db
      .update(t)
      .set({ sentAt: null, streamSequence: sql`${t.streamSequence} - ${p.shift}` })
      .where(
        inArray(
          t.position,
          db
            .select({ position: t.position })
            .from(t)
            .where(and(gt(t.streamSequence, p.sequence), gt(t.sentAt, p.since)))
            .orderBy(desc(t.streamSequence))
            .limit(p.limit),
        ),
      )
      .returning({ position: t.position }),
)

/** Takes the mark from the rows that stand at these sequences (a JSON list). */
export const unmarkAt = query(
  ({ db, dialect, tables: { outbox: t } }: OutboxQ, p: Params<{ sequences: string; since: Instant }>) =>
    db
      .update(t)
      .set({ sentAt: null })
      .where(and(inJsonList(dialect, t.streamSequence, p.sequences), gt(t.sentAt, p.since)))
      .returning({ position: t.position }),
)

type Prune = { sequence: number; before: Instant; surplusSequence: number; settled: Instant; limit: number }

/**
 * Of the first `limit` rows that stand at `sequence` or before it, drops those that were sent before `settled` and are
 * old (sent before `before`) or surplus (at `surplusSequence` or before it).
 */
export const dropSent = query(({ db, tables: { outbox: t } }: OutboxQ, p: Params<Prune>) => {
  // The first ones only: where they are to be kept, so are all that follow, and nothing is searched in vain.
  const first = db
    .select({ position: t.position })
    .from(t)
    .where(lte(t.streamSequence, p.sequence))
    .orderBy(asc(t.streamSequence))
    .limit(p.limit)
  return db
    .delete(t)
    .where(
      and(
        inArray(t.position, first),
        lt(t.sentAt, p.settled),
        or(lt(t.sentAt, p.before), lte(t.streamSequence, p.surplusSequence)),
      ),
    )
    .returning({ position: t.position })
})

/** How many wait, counted up to `limit`. */
export const countUnsent = query(({ db, tables: { outbox: t } }: OutboxQ, p: Params<{ limit: number }>) => {
  const fresh = db
    .select({ position: t.position })
    .from(t)
    .where(isNull(t.streamSequence))
    .limit(p.limit)
    .as('fresh')
  return db.select({ count: integer(sql`count(*)`) }).from(fresh)
})

export const countLost = query(({ db, tables: { outbox: t } }: OutboxQ, p: Params<{ limit: number }>) => {
  const lost = db
    .select({ position: t.position })
    .from(t)
    .where(and(isNull(t.sentAt), isNotNull(t.streamSequence)))
    .limit(p.limit)
    .as('lost')
  return db.select({ count: integer(sql`count(*)`) }).from(lost)
})

/** The first that was never sent, and the last of all: their distance tells about how many wait where they are too many to count. */
export const firstNew = query(({ db, tables: { outbox: t } }: OutboxQ) =>
  db
    .select({ position: t.position, moment: t.moment })
    .from(t)
    .where(isNull(t.streamSequence))
    .orderBy(asc(t.streamSequence), asc(t.position))
    .limit(1),
)

export const lastRow = query(({ db, tables: { outbox: t } }: OutboxQ) =>
  db.select({ position: t.position }).from(t).orderBy(desc(t.position)).limit(1),
)
