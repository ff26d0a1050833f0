//! One way at least to break every rule of money.
import type { Spoil } from './spoils.ts'

const newest = '(select max(number) from transactions where user_id = 1)'

export const moneySpoils: readonly Spoil[] = [
  {
    breaks: 'the ledger adds up to nothing in each currency',
    in: 'billing',
    sql: `update entries set change = change + 1 where user_id = 1 and number = 1 and account = 'external'`,
  },
  {
    breaks: 'every transaction gives to one account what it takes from another, and no entry is of none',
    in: 'billing',
    sql: `update entries set account = 'revenue' where user_id = 1 and number = 1 and account = 'external'`,
  },
  {
    breaks: 'every transaction gives to one account what it takes from another, and no entry is of none',
    in: 'billing',
    sql: `insert into entries values
      ('default', 1, 'UAH', 99, 'external', -5), ('default', 1, 'UAH', 99, 'revenue', 5)`,
  },
  {
    breaks: 'every transaction gives to one account what it takes from another, and no entry is of none',
    in: 'billing',
    sql: 'delete from entries where user_id = 1 and number = 1',
  },
  {
    breaks: 'what is in a wallet is what the ledger says',
    in: 'billing',
    sql: 'update wallets set available = available + 1 where user_id = 1',
  },
  {
    breaks: 'what is in a wallet is what the ledger says',
    in: 'billing',
    sql: 'delete from wallets where user_id = 2',
  },
  {
    breaks: 'no wallet is below nothing',
    in: 'billing',
    sql: 'update wallets set held = -1 where user_id = 1',
  },
  {
    breaks: 'the transactions of a wallet are 1, 2, 3 … without a gap',
    in: 'billing',
    sql: `delete from transactions where user_id = 1 and number = ${newest}`,
  },
  {
    breaks: 'the transactions of a wallet are 1, 2, 3 … without a gap',
    in: 'billing',
    sql: `update transactions set number = number + 1 where user_id = 1 and number = ${newest}`,
  },
  {
    breaks: 'what a wallet has set aside is the sum of its open holds',
    in: 'billing',
    sql: `update holds set amount = amount + 1 where state = 'held'`,
  },
  {
    breaks: 'an order was held, charged, voided and refunded as its hold says, each once at most',
    in: 'billing',
    sql: `update holds set state = 'captured', look_at = null where state = 'held'`,
  },
  {
    breaks: 'an order was held, charged, voided and refunded as its hold says, each once at most',
    in: 'billing',
    sql: `insert into transactions
      select tenant_id, user_id, currency, number + 100, 'ent_new', kind, amount, order_id, moment
      from transactions where kind = 'charge' limit 1`,
  },
  {
    breaks: 'an order was held, charged, voided and refunded as its hold says, each once at most',
    in: 'billing',
    sql: `delete from holds where state = 'voided' and amount is not null`,
  },
  {
    breaks:
      'no order was charged more than was asked, or refunded more than was charged, or to somebody else',
    in: 'billing',
    sql: `update transactions set amount = amount + 1 where kind = 'charge'`,
  },
  {
    breaks:
      'no order was charged more than was asked, or refunded more than was charged, or to somebody else',
    in: 'billing',
    sql: `update transactions set user_id = 3, number = 99 where kind = 'refund' and user_id = 2`,
  },
  {
    breaks: 'money that moved was announced once',
    in: 'billing',
    sql: `delete from outbox where type = 'payment.refunded'`,
  },
  {
    breaks: 'money that moved was announced once',
    in: 'billing',
    sql: `insert into outbox (id, type, key, tenant_id, moment, data)
      select 'evt_new', type, key, tenant_id, moment, data from outbox where type = 'wallet.charged' limit 1`,
  },
  {
    breaks: 'nobody was charged for an order of another',
    in: 'loms',
    sql: `update orders set user_id = 99 where user_id = 4 and status = 'confirmed'`,
  },
  {
    breaks: 'a payment is kept where its order took it and stands, and given back where it did not take it',
    in: 'billing',
    sql: `update holds set state = 'refunded' where state = 'captured' and user_id = 4`,
  },
  {
    breaks: 'a payment is kept where its order took it and stands, and given back where it did not take it',
    in: 'billing',
    sql: `update holds set state = 'captured' where state = 'refunded' and user_id = 3`,
  },
  {
    breaks: 'a payment is kept where its order took it and stands, and given back where it did not take it',
    in: 'loms',
    sql: `update orders set payment_id = 'pay_other' where payment_id is not null`,
  },
  {
    breaks:
      'no money is held for an order that is over, and none is kept of one that was called off or still waits for it',
    in: 'loms',
    sql: `update orders set status = 'confirmed', paid_at = 1 where user_id = 3`,
  },
  {
    breaks:
      'no money is held for an order that is over, and none is kept of one that was called off or still waits for it',
    in: 'billing',
    sql: `update holds set state = 'captured' where state = 'refunded'`,
  },
  {
    breaks:
      'no money is held for an order that is over, and none is kept of one that was called off or still waits for it',
    in: 'loms',
    sql: `update orders set status = 'pending', paid_at = null where user_id = 4 and status = 'confirmed'`,
  },
]
