//! One way at least to break every rule of orders from the wallet.
import type { Spoil } from './spoils.ts'

const asFar = 'a saga has come as far as its order, and is about its total'
const costs =
  'an order from the wallet was charged once and in full where it is confirmed, and costs nothing where it is over'
const delivered = 'an order from the wallet is delivered where it is confirmed, and not where it is over'

export const sagaSpoils: readonly Spoil[] = [
  { breaks: asFar, in: 'loms', sql: `update sagas set state = 'undone' where state = 'done'` },
  { breaks: asFar, in: 'loms', sql: `update sagas set state = 'done' where state = 'undone'` },
  { breaks: asFar, in: 'loms', sql: 'update sagas set amount = amount - 1' },
  { breaks: asFar, in: 'loms', sql: `delete from sagas where state = 'undone'` },
  {
    breaks: 'nobody was charged for an order from the wallet that was not confirmed',
    in: 'billing',
    sql: `update holds set state = 'captured' where state = 'refused'`,
  },
  { breaks: costs, in: 'billing', sql: `update holds set state = 'voided' where state = 'captured'` },
  { breaks: costs, in: 'billing', sql: `delete from holds where state = 'captured'` },
  { breaks: costs, in: 'billing', sql: `delete from transactions where kind = 'charge'` },
  { breaks: costs, in: 'billing', sql: `update transactions set amount = amount - 1 where kind = 'charge'` },
  { breaks: costs, in: 'billing', sql: `delete from transactions where kind = 'refund'` },
  {
    breaks: costs,
    in: 'billing',
    sql: `update holds set state = 'held', look_at = 1 where state = 'voided' and amount is not null`,
  },
  { breaks: costs, in: 'loms', sql: `update orders set user_id = 99 where status = 'delivered'` },
  { breaks: delivered, in: 'delivery', sql: `delete from shipments where status = 'queued'` },
  { breaks: delivered, in: 'delivery', sql: `update shipments set is_released = 0 where status = 'queued'` },
  {
    breaks: delivered,
    in: 'delivery',
    sql: `update shipments set status = 'sent' where status = 'cancelled'`,
  },
  {
    breaks: 'what was sold is back on its shelf where the order was called off, and only there',
    in: 'loms',
    sql: `delete from stock_movements where kind = 'return' and order_id is not null`,
  },
  {
    breaks: 'what was sold is back on its shelf where the order was called off, and only there',
    in: 'loms',
    sql: `update stock_movements set order_id = (select max(id) from orders where status = 'confirmed')
      where kind = 'return' and order_id is not null`,
  },
  {
    breaks: 'no saga lies idle past its time',
    in: 'loms',
    sql: `update sagas set state = 'capturing', retry_at = 1 where state = 'done'`,
    mode: 'live',
  },
  { breaks: 'no saga is open', in: 'loms', sql: `update sagas set state = 'capturing' where state = 'done'` },
]
