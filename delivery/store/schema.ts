//! The tables of delivery. `tenant_id` is part of every key but the shipment's own.
import { sql } from 'drizzle-orm'
import { type ShipmentStatus, shipmentStatuses } from '../../contracts/events/delivery.ts'
import type { OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import type { Address } from '../../contracts/rpc/delivery.ts'
import { idempotencyTables } from '../../runtime/idempotency.ts'
import { outboxTables, readerTables } from '../../runtime/messages/tables.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'
import type { Carrier, ShipmentId } from '../domain/shipment.ts'

const oneOf = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '))

export function schema(kit: Kit) {
  const shipments = kit.table(
    'shipments',
    {
      id: kit.text<ShipmentId>('id').notNull(),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      carrier: kit.text<Carrier>('carrier').notNull(),
      address: kit.json<Address>('address'),
      pickupPoint: kit.text('pickup_point'),
      status: kit.text<ShipmentStatus>('status').notNull(),
      reason: kit.text('reason'),
      isReleased: kit.boolean('is_released').notNull(),
      version: kit.number('version').notNull(),
      createdAt: kit.instant('created_at').notNull(),
      updatedAt: kit.instant('updated_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.id] }),
      // An order has one shipment at most.
      kit.uniqueIndex('shipments_by_order').on(t.tenantId, t.orderId),
      // What couriers have to take next.
      kit.index('shipments_to_send').on(t.tenantId, t.createdAt).where(sql`status = 'queued'`),
      kit.check('shipment_status_is_known', sql`${t.status} in (${oneOf(shipmentStatuses)})`),
    ],
  )

  // Orders that were called off before they had a shipment: what is asked late does not make one.
  const closedOrders = kit.table(
    'closed_orders',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
    },
    (t) => [kit.primaryKey({ columns: [t.tenantId, t.orderId] })],
  )

  return {
    shipments,
    closedOrders,
    ...idempotencyTables(kit),
    ...outboxTables(kit),
    ...readerTables(kit),
  }
}

export type Tables = ReturnType<typeof schema>
export type DeliveryStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
