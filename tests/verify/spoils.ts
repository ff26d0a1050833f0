//! One way at least to break every rule: the statement that does it, and the rule that has to notice.

import type { Mode, Service } from '../../tools/verify/options.ts'
import { canary } from '../harness/canary.ts'
import { moneySpoils } from './money-spoils.ts'
import { readingSpoils } from './reading-spoils.ts'
import { sagaSpoils } from './saga-spoils.ts'

export type Spoil = {
  /** The rule's words. */
  readonly breaks: string
  readonly in: Service
  readonly sql: string
  /** `settled` unless told. */
  readonly mode?: Mode
}

const one = (table: string, where: string) => `rowid = (select min(rowid) from ${table} where ${where})`
const order = (where: string) => `(select min(id) from orders where ${where})`
const fact = (type: string, sent: string, moment = '1') => `
  insert into outbox (id, type, key, tenant_id, moment, data, sent_at, stream_sequence)
  select 'evt_new', type, key, tenant_id, ${moment}, data, ${sent} from outbox where type = '${type}' limit 1`
const strange = (stream: string, outcome: string) => `
  insert into inbox values ('${stream}', 'evt_ffffffffffff7', 1, 1, '${outcome}')`
const unsent = 'null, null'
/** The first that somebody was told of an order. */
const toldOrder = '(select min(arrival) from notices where status is not null)'

export const spoils: readonly Spoil[] = [
  {
    breaks: 'what is on hand is what came, less what was written off and sold',
    in: 'loms',
    sql: 'update stock set on_hand = on_hand + 1 where sku = 2001 and warehouse_id = 1',
  },
  {
    breaks: 'what is reserved is the sum of the open reservations',
    in: 'loms',
    sql: `update reservations set quantity = quantity + 1 where order_id = ${order("status = 'pending'")}`,
  },
  {
    breaks: 'what is reserved is what the movements say',
    in: 'loms',
    sql: `delete from stock_movements where ${one('stock_movements', "kind = 'reserve'")}`,
  },
  {
    breaks: 'nothing is negative, and nothing is promised that is not there',
    in: 'loms',
    sql: 'update stock set reserved = on_hand + 1 where sku = 2001 and warehouse_id = 1',
  },
  {
    breaks: 'a reservation was made once and ended at most once, as it says',
    in: 'loms',
    sql: `delete from stock_movements where ${one('stock_movements', "kind = 'commit'")}`,
  },
  {
    breaks: 'a reservation was made once and ended at most once, as it says',
    in: 'loms',
    sql: `insert into stock_movements (tenant_id, sku, warehouse_id, kind, quantity, order_id, moment)
      select tenant_id, sku, warehouse_id, 'release', quantity, order_id, moment
      from stock_movements where kind = 'expire' limit 1`,
  },
  {
    breaks: 'what ended a reservation moved all of it',
    in: 'loms',
    sql: `update stock_movements set quantity = quantity + 1 where ${one('stock_movements', "kind = 'release'")}`,
  },
  {
    breaks: 'the reservations of an order are its lines',
    in: 'loms',
    sql: `update order_lines set quantity = quantity + 1 where order_id = ${order("status = 'confirmed'")}`,
  },
  {
    breaks: 'notifier ← loms: what was announced 10 s ago was heard',
    in: 'loms',
    sql: fact('order.confirmed', unsent),
    mode: 'live',
  },
  {
    breaks: 'notifier ← loms: what was read past was heard',
    in: 'notifier',
    sql: `delete from inbox where event_id = (select event_id from inbox where stream = 'LOMS' order by sequence limit 1)`,
    mode: 'stopped',
  },
  { breaks: 'notifier ← loms: everything was heard', in: 'loms', sql: fact('order.confirmed', unsent) },
  {
    breaks: 'notifier ← loms: what was heard had its one effect, or is a dead letter',
    in: 'notifier',
    sql: `delete from notices where arrival = ${toldOrder}`,
  },
  {
    breaks: 'notifier ← loms: what was heard had its one effect, or is a dead letter',
    in: 'notifier',
    sql: `update notices set user_id = user_id + 100 where arrival = ${toldOrder}`,
  },
  {
    breaks: 'notifier ← loms: what was heard had its one effect, or is a dead letter',
    in: 'notifier',
    sql: `update inbox set outcome = 'order_not_found'
      where event_id = (select event_id from notices where arrival = ${toldOrder})`,
  },
  {
    breaks: 'notifier ← loms: nothing was acted on that nobody announced',
    in: 'notifier',
    sql: strange('LOMS', 'ok'),
  },
  {
    breaks: 'notifier ← loms: the dead letters are those of the inbox',
    in: 'notifier',
    sql: `delete from dead_letters where state = 'parked'`,
  },
  {
    breaks: 'notifier ← loms: the reader stands where its event stands',
    in: 'notifier',
    sql: 'update places set sequence = sequence + 1000',
  },
  {
    breaks: 'loms: everything was sent',
    in: 'loms',
    sql: `update outbox set sent_at = null where type = 'stock.reserved'`,
  },
  {
    breaks: 'loms: no two facts stand in one place of the stream',
    in: 'loms',
    sql: 'update outbox set stream_sequence = 1 where position = 2',
  },
  {
    breaks: 'loms ← catalog: what was announced 10 s ago was heard',
    in: 'catalog',
    sql: fact('product.changed', unsent),
    mode: 'live',
  },
  {
    breaks: 'loms ← catalog: what was read past was heard',
    in: 'loms',
    sql: `delete from inbox where event_id = (select event_id from inbox where stream = 'CATALOG' order by sequence limit 1)`,
    mode: 'stopped',
  },
  { breaks: 'loms ← catalog: everything was heard', in: 'catalog', sql: fact('product.changed', unsent) },
  {
    breaks: 'loms ← catalog: what was heard had its one effect, or is a dead letter',
    in: 'loms',
    sql: 'update products set version = 0 where sku = 2001',
  },
  {
    breaks: 'loms ← catalog: nothing was acted on that nobody announced',
    in: 'loms',
    sql: strange('CATALOG', 'ok'),
  },
  {
    breaks: 'loms ← catalog: the dead letters are those of the inbox',
    in: 'loms',
    sql: strange('CATALOG', 'dead'),
  },
  {
    breaks: 'loms ← catalog: the reader stands where its event stands',
    in: 'loms',
    sql: `update places set event_id = (
      select event_id from inbox where stream = 'CATALOG' and outcome = 'ok' order by sequence limit 1)`,
  },
  { breaks: 'catalog: everything was sent', in: 'catalog', sql: 'update outbox set sent_at = null' },
  {
    breaks: 'catalog: no two facts stand in one place of the stream',
    in: 'catalog',
    sql: 'update outbox set stream_sequence = 1 where position = 2',
  },
  {
    breaks: 'notifier: a notice is of a fact that was heard',
    in: 'notifier',
    sql: `delete from inbox where event_id = (select event_id from notices limit 1)`,
  },
  {
    breaks: 'notifier: the notices of an order came in the order of its facts, each once',
    in: 'notifier',
    sql: `update notices set arrival = arrival + 1000 where arrival = ${toldOrder}`,
  },
  {
    breaks: 'catalog: the last fact of a product is the product as it stands',
    in: 'catalog',
    sql: 'update products set version = version + 1 where sku = 2001',
  },
  {
    breaks: 'loms: no copy is ahead of its product',
    in: 'loms',
    sql: 'update products set version = version + 1 where sku = 2001',
  },
  {
    breaks: 'loms: a copy of the same version says the same',
    in: 'loms',
    sql: 'update products set price = price + 1 where sku = 2001',
  },
  {
    breaks: 'a key without an answer is that of an open checkout, and the other way round',
    in: 'cart',
    sql: `update idempotency_keys set answer = null where key = '${canary('one')}'`,
  },
  {
    breaks: 'the key that began a checkout was answered with its order, and with no other',
    in: 'cart',
    sql: `update idempotency_keys set answer = replace(answer, '"$int64":"', '"$int64":"9') where key = '${canary('one')}'`,
  },
  {
    breaks: 'no key bought twice',
    in: 'cart',
    sql: `update checkouts set key = '${canary('one')}' where key = '${canary('two')}'`,
  },
  {
    breaks: 'every key of loms was answered, and the order that it was answered with is its own',
    in: 'loms',
    sql: `update idempotency_keys set answer = null where key = '${canary('four')}'`,
  },
  {
    breaks: 'every key of loms was answered, and the order that it was answered with is its own',
    in: 'loms',
    sql: `update idempotency_keys set answer = (select answer from idempotency_keys where key = '${canary('four')}') where key = '${canary('again')}'`,
  },
  {
    breaks: 'reservations suit the status of their order, and a failed one holds none',
    in: 'loms',
    sql: `update reservations set state = 'open' where state = 'committed'`,
  },
  {
    breaks: 'reservations suit the status of their order, and a failed one holds none',
    in: 'loms',
    sql: `update reservations set order_id = ${order("status = 'failed'")} where order_id = ${order("status = 'pending'")}`,
  },
  {
    breaks: 'an order has what makes its status true',
    in: 'loms',
    sql: `update orders set pay_by = null where status = 'pending'`,
  },
  {
    breaks: 'the facts of an order are its versions 1, 2, 3 … without a gap',
    in: 'loms',
    sql: `delete from outbox where ${one('outbox', "type = 'order.confirmed'")}`,
  },
  {
    breaks: 'every step is one of the table, after the one before it',
    in: 'loms',
    sql: `update outbox set data = json_set(data, '$.previous_status', 'delivered') where type = 'order.confirmed'`,
  },
  {
    breaks: 'every step is one of the table, after the one before it',
    in: 'loms',
    sql: `update outbox set position = position + 1000 where ${one('outbox', "type = 'order.created' and position > 1")}`,
  },
  {
    breaks: 'the last fact of an order is the order as it stands',
    in: 'loms',
    sql: `update orders set status = 'processing' where status = 'confirmed'`,
  },
  {
    breaks: 'stock that was reserved or given back was announced once',
    in: 'loms',
    sql: `delete from outbox where ${one('outbox', "type = 'stock.released'")}`,
  },
  {
    breaks: 'no order waits past its deadline',
    in: 'loms',
    sql: `update orders set pay_by = 1 where status = 'pending'`,
  },
  {
    breaks: 'a user has at most one open checkout',
    in: 'cart',
    sql: `update checkouts set state = 'open', order_id = null, ended_at = null, user_id = 1`,
  },
  {
    breaks: 'a checkout has what its state says',
    in: 'cart',
    sql: `update checkouts set ended_at = null where state = 'placed'`,
  },
  {
    breaks: 'a placed checkout is the order that loms made of it',
    in: 'cart',
    sql: `update checkouts set order_id = order_id + 1000 where user_id = 1`,
  },
  {
    breaks: 'the order of a checkout has its lines',
    in: 'cart',
    sql: `update checkouts set lines = json_set(lines, '$[0].quantity', 77) where state = 'placed'`,
  },
  {
    breaks: 'a refused checkout is an order that failed, and an abandoned one is none',
    in: 'cart',
    sql: `update checkouts set state = 'abandoned' where state = 'refused'`,
  },
  {
    breaks: 'a refused checkout is an order that failed, and an abandoned one is none',
    in: 'cart',
    sql: `update checkouts set state = 'refused' where state = 'abandoned'`,
  },
  {
    breaks: 'an outcome names the one order of its checkout, and no checkout has two',
    in: 'loms',
    sql: `update orders set checkout_id = (select checkout_id from orders where user_id = 1) where user_id = 2`,
  },
  {
    breaks: 'no order is of a checkout that nobody began',
    in: 'cart',
    sql: `delete from checkouts where user_id = 3`,
  },
  {
    breaks: 'no checkout stays open past its time',
    in: 'cart',
    sql: `update checkouts set state = 'open', order_id = null, ended_at = null, not_after = 1 where user_id = 3`,
    mode: 'live',
  },
  {
    breaks: 'no checkout is open',
    in: 'cart',
    sql: `update checkouts set state = 'open', order_id = null, ended_at = null where user_id = 3`,
  },
  ...moneySpoils,
  ...readingSpoils,
  ...sagaSpoils,
]
