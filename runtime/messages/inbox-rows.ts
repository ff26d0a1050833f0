//! The reader's side of its tables: the place, the inbox and what waits behind a dead letter.
import { and, asc, desc, eq, inArray, lt, lte, sql } from 'drizzle-orm'
import type { TenantId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { locked } from '../store/columns.ts'
import { type Params, query } from '../store/store.ts'
import type { ReaderQ } from './tables.ts'

type OfStream = { stream: string }

export const placeOf = query(({ db, tables: { places: t } }: ReaderQ, p: Params<OfStream>) =>
  db.select({ sequence: t.sequence, eventId: t.eventId }).from(t).where(eq(t.stream, p.stream)),
)

/** Whoever replays a dead letter and whoever moves the place wait for each other. */
export const lockPlace = query(({ db, tables: { places: t } }: ReaderQ, p: Params<OfStream>) =>
  locked(db.select({ sequence: t.sequence }).from(t).where(eq(t.stream, p.stream))),
)

export const insertPlace = query(
  ({ db, tables: { places: t } }: ReaderQ, p: Params<OfStream & { moment: Instant }>) =>
    db
      .insert(t)
      .values({ stream: p.stream, sequence: 0, eventId: '', moment: p.moment })
      .onConflictDoNothing(),
)

type Move = OfStream & {
  fromSequence: number
  fromEventId: string
  sequence: number
  eventId: string
  moment: Instant
}

/** Moves the place, if it is where we believe: the second check of what a lease says. */
export const movePlace = query(({ db, tables: { places: t } }: ReaderQ, p: Params<Move>) =>
  db
    .update(t)
    .set({ sequence: p.sequence, eventId: p.eventId, moment: p.moment })
    .where(and(eq(t.stream, p.stream), eq(t.sequence, p.fromSequence), eq(t.eventId, p.fromEventId)))
    .returning({ sequence: t.sequence }),
)

/** Enters facts (a JSON list of [id, sequence]) and answers with those that were not there. */
export const enterInbox = query(
  (
    { db, dialect, tables: { inbox: t } }: ReaderQ,
    p: Params<OfStream & { facts: string; moment: Instant }>,
  ) => {
    const rows =
      dialect === 'sqlite'
        ? sql`select ${p.stream}, json_extract(value, '$[0]'), json_extract(value, '$[1]'), ${p.moment}, 'ok'
              from json_each(${p.facts}) where true`
        : sql`select ${p.stream}::text, value->>0, (value->>1)::bigint, ${p.moment}::bigint, 'ok'
              from jsonb_array_elements(${p.facts}::jsonb)`
    return db.insert(t).select(rows).onConflictDoNothing().returning({ eventId: t.eventId })
  },
)

/** What was read again stands where it stands now. */
export const setSequence = query(
  ({ db, tables: { inbox: t } }: ReaderQ, p: Params<OfStream & { eventId: string; sequence: number }>) =>
    db
      .update(t)
      .set({ sequence: p.sequence })
      .where(and(eq(t.stream, p.stream), eq(t.eventId, p.eventId))),
)

export const setOutcome = query(
  ({ db, tables: { inbox: t } }: ReaderQ, p: Params<OfStream & { eventId: string; outcome: string }>) =>
    db
      .update(t)
      .set({ outcome: p.outcome })
      .where(and(eq(t.stream, p.stream), eq(t.eventId, p.eventId))),
)

/** The fact `offset` rows before the last one that we remember at `sequence` or before it. */
export const rememberedAtOrBefore = query(
  ({ db, tables: { inbox: t } }: ReaderQ, p: Params<OfStream & { sequence: number; offset: number }>) =>
    db
      .select({ sequence: t.sequence, eventId: t.eventId })
      .from(t)
      .where(and(eq(t.stream, p.stream), lte(t.sequence, p.sequence)))
      .orderBy(desc(t.sequence))
      .limit(1)
      .offset(p.offset),
)

/** Of the stream's first `limit` facts, drops those that were read before `before`. */
export const dropInbox = query(
  ({ db, tables: { inbox: t } }: ReaderQ, p: Params<OfStream & { before: Instant; limit: number }>) => {
    const first = db
      .select({ eventId: t.eventId })
      .from(t)
      .where(eq(t.stream, p.stream))
      .orderBy(asc(t.sequence))
      .limit(p.limit)
    return db
      .delete(t)
      .where(and(eq(t.stream, p.stream), inArray(t.eventId, first), lt(t.moment, p.before)))
      .returning({ eventId: t.eventId })
  },
)

/** Whether anything of the stream waits at all: nearly always no, so that nothing else need be asked. */
export const anyDeadLetter = query(({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<OfStream>) =>
  db.select({ position: t.position }).from(t).where(eq(t.stream, p.stream)).limit(1),
)

/** Of these lanes (a JSON list of [tenant, key]), those in which something waits. */
export const blockedLanes = query(
  ({ db, dialect, tables: { deadLetters: t } }: ReaderQ, p: Params<OfStream & { lanes: string }>) => {
    const lanes =
      dialect === 'sqlite'
        ? sql`select value ->> 0, value ->> 1 from json_each(${p.lanes})`
        : sql`select value ->> 0, value ->> 1 from jsonb_array_elements(${p.lanes}::jsonb)`
    return db
      .selectDistinct({ tenantId: t.tenantId, key: t.key })
      .from(t)
      .where(and(eq(t.stream, p.stream), sql`(${t.tenantId}, ${t.key}) in (${lanes})`))
  },
)

type DeadLetter = OfStream & {
  eventId: string
  sequence: number
  subject: string
  type: string
  key: string
  tenantId: TenantId
  headers: Readonly<Record<string, string>>
  data: string
  encoding: 'text' | 'base64'
  reason: string
  attempts: number
  state: 'failed' | 'parked'
  moment: Instant
}

export const insertDeadLetter = query(({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<DeadLetter>) =>
  db.insert(t).values({
    stream: p.stream,
    eventId: p.eventId,
    sequence: p.sequence,
    subject: p.subject,
    type: p.type,
    key: p.key,
    tenantId: p.tenantId,
    headers: p.headers,
    data: p.data,
    encoding: p.encoding,
    reason: p.reason,
    attempts: p.attempts,
    state: p.state,
    moment: p.moment,
  }),
)
