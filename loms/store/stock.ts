//! Stock, reservations and their movements. Guarded updates state the rule, CHECK constraints state it again.
import { and, asc, eq, gte, sql, sum } from 'drizzle-orm'
import type { OrderId, Sku, TenantId, WarehouseId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { inJsonList, integer, locked } from '../../runtime/store/columns.ts'
import { command, type Params, query } from '../../runtime/store/store.ts'
import type { Ending } from '../domain/order.ts'
import type { Allocation, Stock } from '../domain/stock.ts'
import type { MovementKind, Q, ReservationState, Tx } from './schema.ts'

type Place = { tenantId: TenantId; sku: Sku; warehouseId: WarehouseId }

const stockRows = query(({ db, tables: { stock: t } }: Q, p: Params<{ tenantId: TenantId; sku: Sku }>) =>
  db
    .select({ sku: t.sku, warehouseId: t.warehouseId, onHand: t.onHand, reserved: t.reserved })
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.sku, p.sku)))
    .orderBy(asc(t.warehouseId)),
)

const stocksRows = query(
  ({ db, dialect, tables: { stock: t } }: Q, p: Params<{ tenantId: TenantId; skus: string }>) =>
    db
      .select({ sku: t.sku, warehouseId: t.warehouseId, onHand: t.onHand, reserved: t.reserved })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), inJsonList(dialect, t.sku, p.skus))),
)

// Locked in SKU-then-warehouse order, so two orders cannot wait for each other.
const lockedStockRows = query(
  ({ db, dialect, tables: { stock: t } }: Q, p: Params<{ tenantId: TenantId; skus: string }>) =>
    locked(
      db
        .select({ sku: t.sku, warehouseId: t.warehouseId, onHand: t.onHand, reserved: t.reserved })
        .from(t)
        .where(and(eq(t.tenantId, p.tenantId), inJsonList(dialect, t.sku, p.skus)))
        .orderBy(asc(t.sku), asc(t.warehouseId)),
    ),
)

const here = (t: Q['tables']['stock'], p: Params<Place>) =>
  and(eq(t.tenantId, p.tenantId), eq(t.sku, p.sku), eq(t.warehouseId, p.warehouseId))

const addReserved = command(({ db, tables: { stock: t } }: Q, p: Params<Place & { quantity: number }>) =>
  db
    .update(t)
    .set({ reserved: sql`${t.reserved} + ${p.quantity}` })
    .where(and(here(t, p), gte(sql`${t.onHand} - ${t.reserved}`, p.quantity))),
)

const dropReserved = command(({ db, tables: { stock: t } }: Q, p: Params<Place & { quantity: number }>) =>
  db
    .update(t)
    .set({ reserved: sql`${t.reserved} - ${p.quantity}` })
    .where(and(here(t, p), gte(t.reserved, p.quantity))),
)

const takeReserved = command(({ db, tables: { stock: t } }: Q, p: Params<Place & { quantity: number }>) =>
  db
    .update(t)
    .set({ onHand: sql`${t.onHand} - ${p.quantity}`, reserved: sql`${t.reserved} - ${p.quantity}` })
    .where(and(here(t, p), gte(t.reserved, p.quantity), gte(t.onHand, p.quantity))),
)

const addOnHand = query(({ db, tables: { stock: t } }: Q, p: Params<Place & { quantity: number }>) =>
  db
    .insert(t)
    .values({ tenantId: p.tenantId, sku: p.sku, warehouseId: p.warehouseId, onHand: p.quantity, reserved: 0 })
    .onConflictDoUpdate({
      target: [t.tenantId, t.sku, t.warehouseId],
      set: { onHand: sql`${t.onHand} + excluded.on_hand` },
    }),
)

const insertReservation = query(
  ({ db, tables: { reservations } }: Q, p: Params<Place & { orderId: OrderId; quantity: number }>) =>
    db.insert(reservations).values({
      tenantId: p.tenantId,
      orderId: p.orderId,
      sku: p.sku,
      warehouseId: p.warehouseId,
      quantity: p.quantity,
      state: 'open',
    }),
)

const endReservations = query(
  (
    { db, tables: { reservations: t } }: Q,
    p: Params<{ tenantId: TenantId; orderId: OrderId; state: ReservationState }>,
  ) =>
    db
      .update(t)
      .set({ state: p.state })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId), eq(t.state, 'open')))
      .returning({ sku: t.sku, warehouseId: t.warehouseId, quantity: t.quantity }),
)

const committedRows = query(
  ({ db, tables: { reservations: t } }: Q, p: Params<{ tenantId: TenantId; orderId: OrderId }>) =>
    db
      .select({ sku: t.sku, warehouseId: t.warehouseId, quantity: t.quantity })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId), eq(t.state, 'committed')))
      .orderBy(asc(t.sku), asc(t.warehouseId)),
)

const dropOnHand = command(({ db, tables: { stock: t } }: Q, p: Params<Place & { quantity: number }>) =>
  db
    .update(t)
    .set({ onHand: sql`${t.onHand} - ${p.quantity}` })
    .where(and(here(t, p), gte(sql`${t.onHand} - ${t.reserved}`, p.quantity))),
)

const openRow = query(
  ({ db, tables: { reservations: t } }: Q, p: Params<{ tenantId: TenantId; orderId: OrderId; sku: Sku }>) =>
    db
      .select({ quantity: integer(sum(t.quantity)) })
      .from(t)
      .where(
        and(eq(t.tenantId, p.tenantId), eq(t.orderId, p.orderId), eq(t.sku, p.sku), eq(t.state, 'open')),
      ),
)

const insertMovement = query(
  (
    { db, tables: { stockMovements } }: Q,
    p: Params<
      Place & {
        kind: MovementKind
        quantity: number
        orderId: OrderId | null
        reason: string | null
        moment: Instant
      }
    >,
  ) =>
    db.insert(stockMovements).values({
      tenantId: p.tenantId,
      sku: p.sku,
      warehouseId: p.warehouseId,
      kind: p.kind,
      quantity: p.quantity,
      orderId: p.orderId,
      reason: p.reason,
      moment: p.moment,
    }),
)

/** A SKU in every warehouse that has ever had it. */
export function stockOf(tx: Tx, tenantId: TenantId, sku: Sku): Promise<Stock[]> {
  return stockRows(tx, { tenantId, sku })
}

/** Several SKUs in every warehouse that has ever had them, in no order. */
export function stocksOf(tx: Tx, tenantId: TenantId, skus: readonly Sku[]): Promise<Stock[]> {
  return stocksRows(tx, { tenantId, skus: JSON.stringify(skus) })
}

/** The stock of several SKUs, held until the transaction ends. */
export function lockStock(tx: Tx, tenantId: TenantId, skus: readonly Sku[]): Promise<Stock[]> {
  return lockedStockRows(tx, { tenantId, skus: JSON.stringify(skus) })
}

/** Promises the allocated pieces to the order. */
export async function reserve(
  tx: Tx,
  order: { tenantId: TenantId; id: OrderId },
  allocations: readonly Allocation[],
  moment: Instant,
): Promise<void> {
  const { tenantId, id: orderId } = order
  for (const { sku, warehouseId, quantity } of allocations) {
    const place = { tenantId, sku, warehouseId, quantity }
    const [updated] = await Promise.all([
      addReserved(tx, place),
      insertReservation(tx, { ...place, orderId }),
      insertMovement(tx, { ...place, kind: 'reserve', orderId, reason: null, moment }),
    ])
    if (updated !== 1) throw new Error(`SKU ${sku} in warehouse ${warehouseId} changed while it was locked`)
  }
}

const movementOf = { committed: 'commit', released: 'release', expired: 'expire' } as const satisfies Record<
  Ending,
  MovementKind
>

/** Ends every open reservation of the order; the answer is what they held, in SKU-then-warehouse order. */
export async function endAll(
  tx: Tx,
  order: { tenantId: TenantId; id: OrderId },
  ending: Ending,
  moment: Instant,
): Promise<Allocation[]> {
  const { tenantId, id: orderId } = order
  const ended = await endReservations(tx, { tenantId, orderId, state: ending })
  ended.sort((a, b) => a.sku - b.sku || Number(a.warehouseId - b.warehouseId))
  const update = ending === 'committed' ? takeReserved : dropReserved
  for (const { sku, warehouseId, quantity } of ended) {
    const place = { tenantId, sku, warehouseId, quantity }
    const [updated] = await Promise.all([
      update(tx, place),
      insertMovement(tx, { ...place, kind: movementOf[ending], orderId, reason: null, moment }),
    ])
    if (updated !== 1)
      throw new Error(`SKU ${sku} in warehouse ${warehouseId} holds less than order ${orderId} reserved`)
  }
  return ended
}

/** Puts what the order was sold back on the shelves that it came from. */
export async function returnAll(
  tx: Tx,
  order: { tenantId: TenantId; id: OrderId },
  moment: Instant,
): Promise<Allocation[]> {
  const { tenantId, id: orderId } = order
  const sold = await committedRows(tx, { tenantId, orderId })
  for (const { sku, warehouseId, quantity } of sold) {
    const place = { tenantId, sku, warehouseId, quantity }
    await addOnHand(tx, place)
    await insertMovement(tx, { ...place, kind: 'return', orderId, reason: 'cancelled', moment })
  }
  return sold
}

/** Takes pieces that nobody has reserved off the shelf. */
export async function writeOff(
  tx: Tx,
  place: Place & { quantity: number },
  { reason, moment }: { reason: string; moment: Instant },
): Promise<void> {
  if ((await dropOnHand(tx, place)) !== 1)
    throw new Error(`SKU ${place.sku} in warehouse ${place.warehouseId} changed while it was locked`)
  await insertMovement(tx, { ...place, kind: 'write_off', orderId: null, reason, moment })
}

/** How many pieces of a SKU the order has reserved and not got yet. */
export async function openPieces(
  tx: Tx,
  of: { tenantId: TenantId; orderId: OrderId; sku: Sku },
): Promise<number> {
  return (await openRow(tx, of))[0]?.quantity ?? 0
}

/** Goods came in. */
export async function receive(
  tx: Tx,
  place: Place & { quantity: number },
  movement: { kind: 'initial' | 'restock'; reason: string | null; moment: Instant },
): Promise<void> {
  // A row of zero says that the SKU is stocked here and sold out, which moves nothing.
  await addOnHand(tx, place)
  if (place.quantity > 0) await insertMovement(tx, { ...place, ...movement, orderId: null })
}
