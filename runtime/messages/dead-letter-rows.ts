//! The table of dead letters, as those see it who look after them.
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { TenantId } from '../../contracts/ids.ts'
import { integer } from '../store/columns.ts'
import { type Params, query } from '../store/store.ts'
import type { ReaderQ } from './tables.ts'

export const countDeadLetters = query(
  ({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<{ stream: string }>) =>
    db
      .select({ count: integer(sql`count(*)`) })
      .from(t)
      .where(eq(t.stream, p.stream)),
)

/** Without data and headers, the oldest first, after a position. */
export const someDeadLetters = query(
  ({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<{ after: bigint; limit: number }>) =>
    db
      .select({
        position: t.position,
        id: t.eventId,
        stream: t.stream,
        type: t.type,
        key: t.key,
        tenantId: t.tenantId,
        state: t.state,
        attempts: t.attempts,
        reason: t.reason,
        moment: t.moment,
      })
      .from(t)
      .where(gt(t.position, p.after))
      .orderBy(asc(t.position))
      .limit(p.limit),
)

export const deadLetterOf = query(({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<{ id: string }>) =>
  db.select().from(t).where(eq(t.eventId, p.id)).orderBy(asc(t.position)).limit(1),
)

type Lane = { stream: string; tenantId: TenantId; key: string }

/** The one of a key that the others wait for. */
export const headOf = query(({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<Lane>) =>
  db
    .select({ position: t.position, id: t.eventId })
    .from(t)
    .where(and(eq(t.stream, p.stream), eq(t.tenantId, p.tenantId), eq(t.key, p.key)))
    .orderBy(asc(t.position))
    .limit(1),
)

export const deleteDeadLetter = query(
  ({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<{ position: bigint }>) =>
    db.delete(t).where(eq(t.position, p.position)),
)

export const recordFailure = query(
  ({ db, tables: { deadLetters: t } }: ReaderQ, p: Params<{ position: bigint; reason: string }>) =>
    db
      .update(t)
      .set({ state: 'failed', reason: p.reason, attempts: sql`${t.attempts} + 1` })
      .where(eq(t.position, p.position)),
)
