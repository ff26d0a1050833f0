//! The tables of billing: wallets with what is in them, the ledger that says why, and the one hold of every order.
import { sql } from 'drizzle-orm'
import type { Id, OrderId, PaymentId, TenantId, UserId } from '../../contracts/ids.ts'
import type { Currency } from '../../contracts/money.ts'
import { idempotencyTables } from '../../runtime/idempotency.ts'
import { outboxTables, readerTables } from '../../runtime/messages/tables.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'
import { type HoldState, holdStates } from '../domain/hold.ts'
import { type Account, accounts, type TransactionKind, transactionKinds } from '../domain/ledger.ts'

const oneOf = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '))

export function schema(kit: Kit) {
  // The shop's own accounts have no row: every purchase would wait for it. They are what the ledger adds up to.
  const wallets = kit.table(
    'wallets',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      available: kit.number('available').notNull(),
      held: kit.number('held').notNull(),
      /** The number of its last transaction: they are 1, 2, 3 … without a gap. */
      transactions: kit.number('transactions').notNull(),
      openedAt: kit.instant('opened_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.userId, t.currency] }),
      kit.check('available_not_negative', sql`${t.available} >= 0`),
      kit.check('held_not_negative', sql`${t.held} >= 0`),
      kit.check('transactions_not_negative', sql`${t.transactions} >= 0`),
      kit.check('user_id_positive', sql`${t.userId} > 0`),
    ],
  )

  // Rows of these two are only ever added: triggers of the migrations refuse anything else.
  const transactions = kit.table(
    'transactions',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      number: kit.number('number').notNull(),
      id: kit.text<Id<'entry'>>('id').notNull(),
      kind: kit.text<TransactionKind>('kind').notNull(),
      amount: kit.number('amount').notNull(),
      orderId: kit.int64<OrderId>('order_id'),
      moment: kit.instant('moment').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.userId, t.currency, t.number] }),
      kit.foreignKey({
        columns: [t.tenantId, t.userId, t.currency],
        foreignColumns: [wallets.tenantId, wallets.userId, wallets.currency],
      }),
      kit.uniqueIndex('transactions_by_id').on(t.id),
      // An order is held, charged, voided and refunded once at most, whatever the code believes.
      kit
        .uniqueIndex('one_of_a_kind_per_order')
        .on(t.tenantId, t.orderId, t.kind)
        .where(sql`order_id is not null`),
      kit.check('number_positive', sql`${t.number} > 0`),
      kit.check('amount_positive', sql`${t.amount} > 0`),
      kit.check('kind_is_known', sql`${t.kind} in (${oneOf(transactionKinds)})`),
      kit.check('all_but_top_ups_have_an_order', sql`(${t.kind} = 'top_up') = (${t.orderId} is null)`),
    ],
  )

  const entries = kit.table(
    'entries',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      number: kit.number('number').notNull(),
      account: kit.text<Account>('account').notNull(),
      /** What the account got, or gave where it is below zero. */
      change: kit.number('change').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.userId, t.currency, t.number, t.account] }),
      kit.foreignKey({
        columns: [t.tenantId, t.userId, t.currency, t.number],
        foreignColumns: [
          transactions.tenantId,
          transactions.userId,
          transactions.currency,
          transactions.number,
        ],
      }),
      kit.check('account_is_known', sql`${t.account} in (${oneOf(accounts)})`),
      kit.check('something_changed', sql`${t.change} <> 0`),
    ],
  )

  // What became of an order's money, for ever. Without a user: called off before it was asked for.
  const holds = kit.table(
    'holds',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      orderId: kit.int64<OrderId>('order_id').notNull(),
      state: kit.text<HoldState>('state').notNull(),
      userId: kit.int64<UserId>('user_id'),
      currency: kit.text<Currency>('currency'),
      amount: kit.number('amount'),
      paymentId: kit.text<PaymentId>('payment_id'),
      createdAt: kit.instant('created_at').notNull(),
      updatedAt: kit.instant('updated_at').notNull(),
      /** When loms is asked what became of the order; null where nothing is held. */
      lookAt: kit.instant('look_at'),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.orderId] }),
      kit.uniqueIndex('holds_by_payment').on(t.paymentId).where(sql`payment_id is not null`),
      kit.index('holds_to_look_at').on(t.lookAt).where(sql`look_at is not null`),
      kit.check('state_is_known', sql`${t.state} in (${oneOf(holdStates)})`),
      kit.check('held_is_looked_at', sql`(${t.state} = 'held') = (${t.lookAt} is not null)`),
      kit.check('held_amount_positive', sql`${t.amount} is null or ${t.amount} > 0`),
      kit.check(
        'asked_whole_or_not_at_all',
        sql`(${t.userId} is null) = (${t.amount} is null) and (${t.userId} is null) = (${t.currency} is null) and (${t.userId} is null) = (${t.paymentId} is null)`,
      ),
      kit.check('only_voided_before_asked', sql`${t.userId} is not null or ${t.state} = 'voided'`),
    ],
  )

  return {
    wallets,
    transactions,
    entries,
    holds,
    ...idempotencyTables(kit),
    ...outboxTables(kit),
    ...readerTables(kit),
  }
}

export type Tables = ReturnType<typeof schema>
export type BillingStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
