//! The tables of cart. `tenant_id` is part of every key.
import { sql } from 'drizzle-orm'
import type { CheckoutId, LineId, OrderId, Sku, TenantId, UserId } from '../../contracts/ids.ts'
import { idempotencyTables } from '../../runtime/idempotency.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'
import type { CartLine } from '../domain/cart.ts'
import type { CheckoutOptions } from '../domain/checkout-options.ts'

/** A checkout is open until its outcome is known; then it was placed, refused, or came to nothing. */
export const checkoutStates = ['open', 'placed', 'refused', 'abandoned'] as const
export type CheckoutState = (typeof checkoutStates)[number]

export function schema(kit: Kit) {
  const cartLines = kit.table(
    'cart_lines',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      /** Another each time that the line is put in: a checkout takes out only what it has seen. */
      id: kit.text<LineId>('id'),
      sku: kit.number<Sku>('sku').notNull(),
      quantity: kit.number('quantity').notNull(),
      /** Minor units a piece when it was last added: only for the bound on the cart's total; what is shown is asked anew. */
      price: kit.number('price').notNull(),
      addedAt: kit.instant('added_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.userId, t.sku] }),
      kit.check('quantity_in_range', sql`${t.quantity} between 1 and 65535`),
    ],
  )

  const checkouts = kit.table(
    'checkouts',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      id: kit.text<CheckoutId>('id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      state: kit.text<CheckoutState>('state').notNull(),
      /** The cart as it was when the checkout began. */
      lines: kit.json<readonly CartLine[]>('lines').notNull(),
      /** How it is paid and where it goes; null on the RPC surface, which knows neither. */
      options: kit.json<CheckoutOptions>('options'),
      /** loms makes no order of it after this. */
      notAfter: kit.instant('not_after').notNull(),
      orderId: kit.int64<OrderId>('order_id'),
      /** The idempotency key that began it, answered when it ends, whoever ends it. */
      keyScope: kit.text('key_scope'),
      key: kit.text('key'),
      createdAt: kit.instant('created_at').notNull(),
      endedAt: kit.instant('ended_at'),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.id] }),
      kit.uniqueIndex('one_open_checkout_per_user').on(t.tenantId, t.userId).where(sql`state = 'open'`),
      kit.index('open_checkouts_by_deadline').on(t.notAfter).where(sql`state = 'open'`),
      kit.check(
        'state_is_known',
        sql`${t.state} in (${sql.raw(checkoutStates.map((state) => `'${state}'`).join(', '))})`,
      ),
      kit.check('placed_has_order', sql`${t.state} <> 'placed' or ${t.orderId} is not null`),
    ],
  )

  return { cartLines, checkouts, ...idempotencyTables(kit) }
}

export type Tables = ReturnType<typeof schema>
export type CartStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
