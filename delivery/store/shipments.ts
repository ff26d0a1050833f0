//! Shipments as rows, and the orders that will have none.
import { and, asc, eq, sql } from 'drizzle-orm'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import { integer, locked } from '../../runtime/store/columns.ts'
import { nameLock } from '../../runtime/store/name-lock.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Shipment, ShipmentId } from '../domain/shipment.ts'
import type { Q, Tx } from './schema.ts'

type OfOrder = { tenantId: TenantId; orderId: OrderId }

export const insertShipment = query(({ db, tables: { shipments: t } }: Q, p: Params<Shipment>) =>
  db.insert(t).values({
    id: p.id,
    tenantId: p.tenantId,
    orderId: p.orderId,
    userId: p.userId,
    carrier: p.carrier,
    address: p.address,
    pickupPoint: p.pickupPoint,
    status: p.status,
    reason: p.reason,
    isReleased: p.isReleased,
    version: p.version,
    createdAt: p.createdAt,
    updatedAt: p.updatedAt,
  }),
)

const ofOrder = query(({ db, tables: { shipments: t } }: Q, p: Params<OfOrder>) =>
  db
    .select()
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))),
)

const lockedOfOrder = query(({ db, tables: { shipments: t } }: Q, p: Params<OfOrder>) =>
  locked(
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))),
  ),
)

const byId = query(({ db, tables: { shipments: t } }: Q, p: Params<{ tenantId: TenantId; id: ShipmentId }>) =>
  db
    .select()
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))),
)

const updateShipment = command(
  ({ db, tables: { shipments: t } }: Q, p: Params<Shipment & { previousVersion: number }>) =>
    db
      .update(t)
      .set({ status: p.status, isReleased: p.isReleased, version: p.version, updatedAt: p.updatedAt })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id), eq(t.version, p.previousVersion))),
)

export async function shipmentOfOrder(tx: Tx, of: OfOrder): Promise<Shipment | undefined> {
  return (await ofOrder(tx, of))[0]
}

/** The same, the order held until the transaction ends: where it has no shipment yet, nobody else makes one or says that it gets none. */
export async function lockShipment(tx: Tx, of: OfOrder): Promise<Shipment | undefined> {
  if (tx.dialect === 'sqlite') return (await lockedOfOrder(tx, of))[0]
  const [, rows] = await Promise.all([
    nameLock(tx, { name: `${of.tenantId} ${of.orderId}` }),
    lockedOfOrder(tx, of),
  ])
  return rows[0]
}

export async function shipmentOf(
  tx: Tx,
  of: { tenantId: TenantId; id: ShipmentId },
): Promise<Shipment | undefined> {
  return (await byId(tx, of))[0]
}

/** Writes the next state over the one that it was decided from. */
export async function putShipment(tx: Tx, previous: Shipment, next: Shipment): Promise<void> {
  const changed = await updateShipment(tx, { ...next, previousVersion: previous.version })
  if (changed !== 1) throw new Error(`shipment ${next.id} was not at version ${previous.version} any more`)
}

/** It will have no shipment any more. */
export const closeOrder = query(({ db, tables: { closedOrders: t } }: Q, p: Params<OfOrder>) =>
  db.insert(t).values({ tenantId: p.tenantId, orderId: p.orderId }).onConflictDoNothing(),
)

const closedRow = query(({ db, tables: { closedOrders: t } }: Q, p: Params<OfOrder>) =>
  db
    .select({ orderId: t.orderId })
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId))),
)

export async function isClosed(tx: Tx, of: OfOrder): Promise<boolean> {
  return (await closedRow(tx, of)).length > 0
}

/** What may leave, the longest waiting first, and how many there are. */
export async function queueOf(
  tx: Tx,
  tenantId: TenantId,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly shipments: readonly Shipment[]; readonly total: number }> {
  const { shipments: t } = tx.tables
  const waits = and(eq(t.tenantId, tenantId), sql`${t.status} = 'queued'`, eq(t.isReleased, true))
  const shipments = await tx.db
    .select()
    .from(t)
    .where(waits)
    .orderBy(asc(t.createdAt), asc(t.orderId))
    .limit(page.limit)
    .offset(page.offset)
  const [counted] = await tx.db
    .select({ total: integer(sql`count(*)`) })
    .from(t)
    .where(waits)
  return { shipments, total: counted?.total ?? 0 }
}
