//! The one hold of every order, as rows.
import { and, asc, eq, lte, min, sql } from 'drizzle-orm'
import type { PaymentId, UserId } from '../../contracts/ids.ts'
import { type Currency, money } from '../../contracts/money.ts'
import type { Instant } from '../../contracts/time.ts'
import { locked } from '../../runtime/store/columns.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Asked, Hold, HoldKey, HoldState } from '../domain/hold.ts'
import type { Q, Tables, Tx } from './schema.ts'

type HoldRow = Tables['holds']['$inferSelect']

const here = (t: Q['tables']['holds'], p: Params<HoldKey>) =>
  and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))

const insertHold = query(
  (
    { db, tables: { holds: t } }: Q,
    p: Params<
      HoldKey & {
        state: HoldState
        userId: UserId | null
        currency: Currency | null
        amount: number | null
        paymentId: PaymentId | null
        createdAt: Instant
        lookAt: Instant | null
      }
    >,
  ) =>
    db
      .insert(t)
      .values({
        tenantId: p.tenantId,
        orderId: p.orderId,
        state: p.state,
        userId: p.userId,
        currency: p.currency,
        amount: p.amount,
        paymentId: p.paymentId,
        createdAt: p.createdAt,
        updatedAt: p.createdAt,
        lookAt: p.lookAt,
      })
      .onConflictDoNothing()
      .returning({ orderId: t.orderId }),
)

const lockedHoldRow = query(({ db, tables: { holds: t } }: Q, p: Params<HoldKey>) =>
  locked(db.select().from(t).where(here(t, p))),
)

const endHold = command(
  (
    { db, tables: { holds: t } }: Q,
    p: Params<HoldKey & { from: HoldState; state: HoldState; updatedAt: Instant }>,
  ) =>
    db
      .update(t)
      .set({ state: p.state, updatedAt: p.updatedAt, lookAt: null })
      .where(and(here(t, p), eq(t.state, p.from))),
)

const postponeLook = command(({ db, tables: { holds: t } }: Q, p: Params<HoldKey & { lookAt: Instant }>) =>
  db
    .update(t)
    .set({ lookAt: p.lookAt })
    .where(and(here(t, p), sql`${t.lookAt} is not null`)),
)

const oldHoldRows = query(({ db, tables: { holds: t } }: Q, p: Params<{ now: Instant; limit: number }>) =>
  db
    .select({ tenantId: t.tenantId, orderId: t.orderId, userId: t.userId, createdAt: t.createdAt })
    .from(t)
    .where(lte(t.lookAt, p.now))
    .orderBy(asc(t.lookAt))
    .limit(p.limit),
)

const nextLookRow = query(({ db, tables: { holds: t } }: Q, _: Params<Record<never, never>>) =>
  db
    .select({ lookAt: min(t.lookAt) })
    .from(t)
    .where(sql`${t.lookAt} is not null`),
)

const keyOf = ({ tenantId, orderId }: HoldKey): HoldKey => ({ tenantId, orderId })

/** The order's hold, held until the transaction ends. */
export async function lockHold(tx: Tx, key: HoldKey): Promise<Hold | undefined> {
  const [row] = await lockedHoldRow(tx, keyOf(key))
  return row && toHold(row)
}

/** Takes the order for a hold of ours; false where it has one, of whoever asked before. */
export async function claimHold(
  tx: Tx,
  key: HoldKey,
  { userId, amount, paymentId }: Asked,
  moments: { readonly createdAt: Instant; readonly lookAt: Instant },
): Promise<boolean> {
  const money = { currency: amount.currency, amount: amount.amount }
  const row = { ...keyOf(key), ...money, ...moments, state: 'held' as const, userId, paymentId }
  return (await insertHold(tx, row)).length === 1
}

/** Writes down that there will be no hold; false where there is one. */
export async function refuseLateHold(tx: Tx, key: HoldKey, createdAt: Instant): Promise<boolean> {
  const nothing = { userId: null, currency: null, amount: null, paymentId: null, lookAt: null }
  return (await insertHold(tx, { ...keyOf(key), ...nothing, state: 'voided', createdAt })).length === 1
}

/** From the state that was looked at to the next. */
export async function moveHold(
  tx: Tx,
  key: HoldKey,
  step: { readonly from: HoldState; readonly state: HoldState; readonly updatedAt: Instant },
): Promise<void> {
  const moved = await endHold(tx, { ...keyOf(key), ...step })
  if (moved !== 1) throw new Error(`the hold of order ${key.orderId} is not ${step.from} any more`)
}

/** Not now: loms does not know yet. */
export async function lookLater(tx: Tx, key: HoldKey, lookAt: Instant): Promise<void> {
  await postponeLook(tx, { ...keyOf(key), lookAt })
}

export type OldHold = HoldKey & { readonly userId: UserId | null; readonly createdAt: Instant }

/** Open holds that have stood long enough to be asked about, the longest first. */
export function oldHolds(tx: Tx, due: { readonly now: Instant; readonly limit: number }): Promise<OldHold[]> {
  return oldHoldRows(tx, due)
}

/** When the next hold will have stood long enough; undefined where nothing is held. */
export async function nextLook(tx: Tx): Promise<Instant | undefined> {
  const [row] = await nextLookRow(tx, {})
  return row?.lookAt ?? undefined
}

function toHold(row: HoldRow): Hold {
  const { tenantId, orderId, state, userId, currency, amount, paymentId } = row
  if (userId !== null && currency !== null && amount !== null && paymentId !== null) {
    return { tenantId, orderId, state, asked: { userId, amount: money(amount, currency), paymentId } }
  }
  // What a CHECK promises.
  if (state !== 'voided') throw new Error(`order ${orderId} is ${state} for nobody`)
  return { tenantId, orderId, state, asked: undefined }
}
