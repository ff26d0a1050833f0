//! The tables of the store's own conformance suite: every column type once, keys, a check and a reference.
import { sql } from 'drizzle-orm'
import type { Kit } from '../columns.ts'

export function schema(kit: Kit) {
  const accounts = kit.table(
    'accounts',
    {
      name: kit.text('name').notNull(),
      balance: kit.number('balance').notNull(),
      big: kit.int64('big'),
      open: kit.boolean('open').notNull().default(true),
      openedAt: kit.instant('opened_at'),
      tags: kit.json<readonly string[]>('tags'),
    },
    (t) => [kit.primaryKey({ columns: [t.name] }), kit.check('balance_is_positive', sql`${t.balance} >= 0`)],
  )
  const entries = kit.table(
    'entries',
    {
      id: kit.sequence('id'),
      account: kit.text('account').notNull(),
      amount: kit.number('amount').notNull(),
    },
    (t) => [
      kit.foreignKey({ columns: [t.account], foreignColumns: [accounts.name] }),
      kit.index('entries_by_account').on(t.account),
    ],
  )
  return { accounts, entries }
}

export type Tables = ReturnType<typeof schema>
