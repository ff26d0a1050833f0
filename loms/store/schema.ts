//! The tables of loms. `tenant_id` is part of every key but the order's own: order ids are one sequence for the whole shop.
import { sql } from 'drizzle-orm'
import type { DomainError } from '../../contracts/errors.ts'
import type { CancelReason } from '../../contracts/events/loms.ts'
import type {
  CheckoutId,
  OrderId,
  PaymentId,
  ProductId,
  Sku,
  TenantId,
  UserId,
  WarehouseId,
} from '../../contracts/ids.ts'
import type { Currency } from '../../contracts/money.ts'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import type { Address, Delivery } from '../../contracts/rpc/delivery.ts'
import { idempotencyTables } from '../../runtime/idempotency.ts'
import { outboxTables, readerTables } from '../../runtime/messages/tables.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'
import type { RejectReason } from '../domain/order.ts'
import { type SagaState, sagaStates } from '../domain/saga.ts'
import type { Shortage } from '../domain/stock.ts'

/** What a movement does to the numbers: the first four change what is on hand, the others move or use promises. */
export const movementKinds = [
  'initial',
  'restock',
  'return',
  'write_off',
  'reserve',
  'release',
  'expire',
  'commit',
] as const
export type MovementKind = (typeof movementKinds)[number]

export const reservationStates = ['open', 'committed', 'released', 'expired'] as const
export type ReservationState = (typeof reservationStates)[number]

const oneOf = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '))

export function schema(kit: Kit) {
  const warehouses = kit.table(
    'warehouses',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      id: kit.int64<WarehouseId>('id').notNull(),
      name: kit.text('name').notNull(),
    },
    (t) => [kit.primaryKey({ columns: [t.tenantId, t.id] })],
  )

  // Our copy of what the catalogue says, kept by `product.changed`: orders are priced from it without asking anybody.
  const products = kit.table(
    'products',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      sku: kit.number<Sku>('sku').notNull(),
      productId: kit.text<ProductId>('product_id').notNull(),
      name: kit.text('name').notNull(),
      price: kit.number('price').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      weightGrams: kit.number('weight_grams').notNull(),
      withdrawn: kit.boolean('withdrawn').notNull(),
      version: kit.number('version').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.sku] }),
      kit.index('products_by_id').on(t.tenantId, t.productId),
    ],
  )

  // Available is on_hand − reserved and is never stored. The checks say again what the guarded updates say.
  const stock = kit.table(
    'stock',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      sku: kit.number<Sku>('sku').notNull(),
      warehouseId: kit.int64<WarehouseId>('warehouse_id').notNull(),
      onHand: kit.number('on_hand').notNull(),
      reserved: kit.number('reserved').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.sku, t.warehouseId] }),
      kit.foreignKey({
        columns: [t.tenantId, t.warehouseId],
        foreignColumns: [warehouses.tenantId, warehouses.id],
      }),
      kit.check('on_hand_not_negative', sql`${t.onHand} >= 0`),
      kit.check('reserved_not_negative', sql`${t.reserved} >= 0`),
      kit.check('reserved_is_on_hand', sql`${t.reserved} <= ${t.onHand}`),
    ],
  )

  const orders = kit.table(
    'orders',
    {
      id: kit.appendOnly<OrderId>('id'),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      checkoutId: kit.text<CheckoutId>('checkout_id'),
      status: kit.text<OrderStatus>('status').notNull(),
      version: kit.number('version').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      paymentMethod: kit.text('payment_method').notNull(),
      /** Which payment it took, where one was named. */
      paymentId: kit.text<PaymentId>('payment_id'),
      placedAt: kit.instant('placed_at').notNull(),
      updatedAt: kit.instant('updated_at').notNull(),
      payBy: kit.instant('pay_by'),
      paidAt: kit.instant('paid_at'),
      cancelledAt: kit.instant('cancelled_at'),
      cancelReason: kit.text<CancelReason>('cancel_reason'),
      /** What whoever called it off, or refused it, said of it. */
      cancelNote: kit.text('cancel_note'),
      rejectReason: kit.text<RejectReason>('reject_reason'),
      shortages: kit.json<readonly Shortage[]>('shortages'),
    },
    (t) => [
      kit.index('orders_by_user').on(t.tenantId, t.userId, t.id),
      // Whoever runs the shop pages through the orders of a status, and is told how many there are.
      kit.index('orders_by_status').on(t.tenantId, t.status, t.id),
      // The clock looks for the nearest deadline here; orders that wait for no money are not in it.
      kit.index('orders_by_deadline').on(t.payBy).where(sql`status = 'pending'`),
      kit.check('status_is_known', sql`${t.status} in (${oneOf(orderStatuses)})`),
      kit.check('pending_has_deadline', sql`${t.status} <> 'pending' or ${t.payBy} is not null`),
      kit.check(
        'paid_has_moment',
        sql`${t.status} not in ('confirmed', 'processing', 'shipped', 'delivered', 'refunded') or ${t.paidAt} is not null`,
      ),
      kit.check(
        'cancelled_has_reason',
        sql`${t.status} <> 'cancelled' or (${t.cancelReason} is not null and ${t.cancelledAt} is not null)`,
      ),
      kit.check('failed_has_shortages', sql`${t.status} <> 'failed' or ${t.shortages} is not null`),
    ],
  )

  const orderLines = kit.table(
    'order_lines',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
      sku: kit.number<Sku>('sku').notNull(),
      quantity: kit.number('quantity').notNull(),
      productId: kit.text<ProductId>('product_id'),
      name: kit.text('name'),
      price: kit.number('price'),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.orderId, t.sku] }),
      kit.foreignKey({ columns: [t.orderId], foreignColumns: [orders.id] }),
      kit.check('quantity_positive', sql`${t.quantity} > 0`),
    ],
  )

  // A reservation is open until it ends exactly once.
  const reservations = kit.table(
    'reservations',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
      sku: kit.number<Sku>('sku').notNull(),
      warehouseId: kit.int64<WarehouseId>('warehouse_id').notNull(),
      quantity: kit.number('quantity').notNull(),
      state: kit.text<ReservationState>('state').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.orderId, t.sku, t.warehouseId] }),
      kit.foreignKey({ columns: [t.orderId], foreignColumns: [orders.id] }),
      kit.check('reserved_quantity_positive', sql`${t.quantity} > 0`),
      kit.check('state_is_known', sql`${t.state} in (${oneOf(reservationStates)})`),
    ],
  )

  // Every change of stock is a row here, only ever added: `verify` adds the numbers up from it.
  const stockMovements = kit.table(
    'stock_movements',
    {
      id: kit.appendOnly('id'),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      sku: kit.number<Sku>('sku').notNull(),
      warehouseId: kit.int64<WarehouseId>('warehouse_id').notNull(),
      kind: kit.text<MovementKind>('kind').notNull(),
      quantity: kit.number('quantity').notNull(),
      orderId: kit.int64<OrderId>('order_id'),
      reason: kit.text('reason'),
      moment: kit.instant('moment').notNull(),
    },
    (t) => [
      kit.check('moved_quantity_positive', sql`${t.quantity} > 0`),
      kit.check('kind_is_known', sql`${t.kind} in (${oneOf(movementKinds)})`),
    ],
  )

  // What became of a checkout, for ever: the order made of it, or (null) that there will be none.
  const checkoutOutcomes = kit.table(
    'checkout_outcomes',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      checkoutId: kit.text<CheckoutId>('checkout_id').notNull(),
      orderId: kit.int64<OrderId>('order_id'),
      /** Why there will be none, where that is to be told again. */
      refusal: kit.json<DomainError>('refusal'),
      /** Cart was told that its order is still to be paid from the wallet: it is not taken back by what becomes of it. */
      toldOpen: kit.boolean('told_open'),
    },
    (t) => [kit.primaryKey({ columns: [t.tenantId, t.checkoutId] })],
  )

  // What an order has beside its lines where it came by the resources; the RPC surfaces say nothing of it.
  const orderDetails = kit.table(
    'order_details',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
      delivery: kit.json<Delivery>('delivery'),
      shippingAddress: kit.json<Address>('shipping_address'),
      billingAddress: kit.json<Address>('billing_address'),
      notes: kit.text('notes'),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.orderId] }),
      kit.foreignKey({ columns: [t.orderId], foreignColumns: [orders.id] }),
    ],
  )

  // One for each order that is paid from a wallet: how far it has come, written with every step.
  const sagas = kit.table(
    'sagas',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      amount: kit.number('amount').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      state: kit.text<SagaState>('state').notNull(),
      held: kit.boolean('held').notNull(),
      accepted: kit.boolean('accepted').notNull(),
      /** Why the order could not be had. */
      reason: kit.text<RejectReason>('reason'),
      /** How often the present step was tried in vain. */
      attempts: kit.number('attempts').notNull(),
      /** When whoever finds it takes it up; null where nothing is to be asked. */
      retryAt: kit.instant('retry_at'),
      /** The idempotency key of the request that began it, to be answered with its last step. */
      keyScope: kit.text('key_scope'),
      key: kit.text('key'),
      startedAt: kit.instant('started_at').notNull(),
      updatedAt: kit.instant('updated_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.orderId] }),
      kit.foreignKey({ columns: [t.orderId], foreignColumns: [orders.id] }),
      kit.index('sagas_by_retry').on(t.retryAt).where(sql`retry_at is not null`),
      // What hangs is looked at from the oldest on; of all that were there, few are not over.
      kit.index('sagas_not_over').on(t.startedAt).where(sql`state not in ('done', 'undone')`),
      kit.check('saga_state_is_known', sql`${t.state} in (${oneOf(sagaStates)})`),
      kit.check('saga_rests_when_over', sql`${t.state} not in ('done', 'undone') or ${t.retryAt} is null`),
    ],
  )

  return {
    warehouses,
    products,
    stock,
    orders,
    orderLines,
    reservations,
    stockMovements,
    checkoutOutcomes,
    orderDetails,
    sagas,
    ...idempotencyTables(kit),
    ...outboxTables(kit),
    ...readerTables(kit),
  }
}

export type Tables = ReturnType<typeof schema>
export type LomsStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
