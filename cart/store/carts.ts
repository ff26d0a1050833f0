//! Cart lines: the queries on them.
import { and, asc, eq } from 'drizzle-orm'
import type { Sku, TenantId, UserId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { locked } from '../../runtime/store/columns.ts'
import { nameLock } from '../../runtime/store/name-lock.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { CartLine } from '../domain/cart.ts'
import type { Q, Tx } from './schema.ts'

export type Owner = { tenantId: TenantId; userId: UserId }

const lineRows = query(({ db, tables: { cartLines: t } }: Q, p: Params<Owner>) =>
  db
    .select({ id: t.id, sku: t.sku, quantity: t.quantity, price: t.price })
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId)))
    .orderBy(asc(t.sku)),
)

const lockedLineRows = query(({ db, tables: { cartLines: t } }: Q, p: Params<Owner>) =>
  locked(
    db
      .select({ id: t.id, sku: t.sku, quantity: t.quantity, price: t.price })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId)))
      .orderBy(asc(t.sku)),
  ),
)

/** Writes a line over what stood there. */
export const putLine = query(
  ({ db, tables: { cartLines: t } }: Q, p: Params<Owner & CartLine & { addedAt: Instant }>) =>
    db
      .insert(t)
      .values({
        tenantId: p.tenantId,
        userId: p.userId,
        id: p.id,
        sku: p.sku,
        quantity: p.quantity,
        price: p.price,
        addedAt: p.addedAt,
      })
      .onConflictDoUpdate({
        target: [t.tenantId, t.userId, t.sku],
        set: { id: p.id, quantity: p.quantity, price: p.price, addedAt: p.addedAt },
      }),
)

export const dropLine = query(({ db, tables: { cartLines: t } }: Q, p: Params<Owner & { sku: Sku }>) =>
  db.delete(t).where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId), eq(t.sku, p.sku))),
)

export const dropLines = query(({ db, tables: { cartLines: t } }: Q, p: Params<Owner>) =>
  db.delete(t).where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId))),
)

/** The user's lines in ascending order of SKU. */
export function linesOf(tx: Tx, { tenantId, userId }: Owner): Promise<CartLine[]> {
  return lineRows(tx, { tenantId, userId })
}

/** The same, the whole cart held until the transaction ends: nobody else puts a line in, takes one out or begins a checkout. */
export async function lockLines(tx: Tx, { tenantId, userId }: Owner): Promise<CartLine[]> {
  if (tx.dialect === 'sqlite') return await lockedLineRows(tx, { tenantId, userId })
  const [, lines] = await Promise.all([
    nameLock(tx, { name: `${tenantId} ${userId}` }),
    lockedLineRows(tx, { tenantId, userId }),
  ])
  return lines
}
