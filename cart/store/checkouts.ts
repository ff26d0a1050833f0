//! Checkouts: one open per user, each ended exactly once.
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type { CheckoutId, OrderId, TenantId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { CartLine } from '../domain/cart.ts'
import type { CheckoutOptions } from '../domain/checkout-options.ts'
import type { Owner } from './carts.ts'
import type { CheckoutState, Q, Tables } from './schema.ts'

export type Checkout = Tables['checkouts']['$inferSelect']

/** Begins a checkout; no row comes back where the user has an open one already. */
export const insertCheckout = query(
  (
    { db, tables: { checkouts } }: Q,
    p: Params<
      Owner & {
        id: CheckoutId
        lines: readonly CartLine[]
        options: CheckoutOptions | null
        notAfter: Instant
        keyScope: string | null
        key: string | null
        createdAt: Instant
      }
    >,
  ) =>
    db
      .insert(checkouts)
      .values({
        tenantId: p.tenantId,
        id: p.id,
        userId: p.userId,
        state: 'open',
        lines: p.lines,
        options: p.options,
        notAfter: p.notAfter,
        keyScope: p.keyScope,
        key: p.key,
        createdAt: p.createdAt,
      })
      .onConflictDoNothing()
      .returning(),
)

// A literal and not a parameter: only then does the planner know that the index of open checkouts has all that is asked for.
const isOpen = (t: Tables['checkouts']) => sql`${t.state} = 'open'`

export const openCheckoutOf = query(({ db, tables: { checkouts: t } }: Q, p: Params<Owner>) =>
  db
    .select()
    .from(t)
    .where(and(eq(t.tenantId, p.tenantId), eq(t.userId, p.userId), isOpen(t))),
)

/** Ends an open checkout; no row comes back where somebody else has ended it. */
export const endCheckout = query(
  (
    { db, tables: { checkouts: t } }: Q,
    p: Params<{
      tenantId: TenantId
      id: CheckoutId
      state: CheckoutState
      orderId: OrderId | null
      endedAt: Instant
    }>,
  ) =>
    db
      .update(t)
      .set({ state: p.state, orderId: p.orderId, endedAt: p.endedAt })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id), isOpen(t)))
      .returning({ id: t.id }),
)

/** Open checkouts that can no longer become an order by themselves, the oldest first. */
export const overdueCheckouts = query(
  ({ db, tables: { checkouts: t } }: Q, p: Params<{ now: Instant; limit: number }>) =>
    db
      .select()
      .from(t)
      .where(and(isOpen(t), lte(t.notAfter, p.now)))
      .orderBy(asc(t.notAfter))
      .limit(p.limit),
)
