//! What several rules need, worked out once: temporary tables, outside the data.
import type Database from 'better-sqlite3'
import { orderStatuses } from '../../contracts/order-status.ts'
import { transitions } from '../../loms/domain/order.ts'
import type { Service } from './options.ts'
import { announcers, sqlTexts } from './readings.ts'
import type { Moments } from './rule.ts'

/** An outbox drops what was sent long ago. Rows announced after this must all be there still. */
const keptSlackMs = 60_000
const neverDroppedBeforeMs = 15 * 60_000

/** The status that each type of fact announces. */
const statusOfType: Readonly<Record<string, string>> = {
  'order.created': 'pending',
  'order.rejected': 'failed',
  ...Object.fromEntries(
    orderStatuses
      .filter((status) => status !== 'pending' && status !== 'failed')
      .map((status) => [`order.${status}`, status]),
  ),
}

export function prepare(database: Database, found: readonly Service[], moments: Moments): void {
  for (const announcer of announcers.filter((name) => found.includes(name)))
    database.exec(keptSince(announcer, moments))
  if (!found.includes('loms')) return
  database.exec(steps())
  database.exec(orderFacts)
  database.exec(stockPlaces)
  database.exec(walletOrders)
}

/** `<announcer>_kept.since`: 0 where nothing was ever dropped. */
const keptSince = (announcer: Service, { now }: Moments): string => `
  create temp table ${announcer}_kept as
  select case
    when min(position) = 1 then 0
    else coalesce(min(moment) + ${keptSlackMs}, ${now} - ${neverDroppedBeforeMs})
  end as since from ${announcer}.outbox;`

/** The legal steps; '' is where an order comes from. */
function steps(): string {
  const legal = Object.entries(transitions).flatMap(([from, next]) => next.map((to) => [from, to]))
  const all = [['', 'pending'], ['', 'failed'], ...legal]
  const types = Object.entries(statusOfType)
  return `
    create temp table steps (previous text, status text, primary key (previous, status)) without rowid;
    insert into steps values ${all.map((step) => `(${sqlTexts(step)})`).join(', ')};
    create temp table status_types (type text primary key, status text) without rowid;
    insert into status_types values ${types.map((row) => `(${sqlTexts(row)})`).join(', ')};`
}

/** The life of every order as it was announced: nothing of a fact's data is trusted to be there. */
const orderFacts = `
  create temp table order_facts as
  select o.tenant_id, o.position, o.id as event_id, o.type, o.key, s.status as status_of_type,
    cast(o.data ->> '$.order_id' as integer) as order_id,
    o.data ->> '$.version' as version,
    o.data ->> '$.status' as status,
    coalesce(o.data ->> '$.previous_status', '') as previous_status,
    o.data ->> '$.tenant_id' as tenant_said,
    cast(o.data ->> '$.user_id' as integer) as user_id
  from loms.outbox o join status_types s on s.type = o.type
  order by order_id, o.position;`

/** What every place says of itself, what the movements there add up to, and what is promised of it. */
const stockPlaces = `
  create temp table stock_places as
  select tenant_id, sku, warehouse_id, max(on_hand) as on_hand, max(reserved) as reserved,
    sum(came) as came, sum(sold) as sold, sum(promised) as promised, sum(open) as open
  from (
    select tenant_id, sku, warehouse_id, on_hand, reserved, 0 as came, 0 as sold, 0 as promised, 0 as open
    from loms.stock
    union all
    select tenant_id, sku, warehouse_id, null, null,
      case when kind in ('initial', 'restock', 'return') then quantity when kind = 'write_off' then -quantity else 0 end,
      case when kind = 'commit' then quantity else 0 end,
      case when kind = 'reserve' then quantity when kind in ('release', 'expire', 'commit') then -quantity else 0 end,
      0
    from loms.stock_movements
    union all
    select tenant_id, sku, warehouse_id, null, null, 0, 0, 0, quantity from loms.reservations where state = 'open'
  )
  group by tenant_id, sku, warehouse_id;`

/** Orders that are paid from a wallet, with what they cost and how far their saga has come. */
const walletOrders = `
  create temp table wallet_orders as
  select o.tenant_id, o.id, o.user_id, o.status, o.version, o.currency, o.paid_at, o.updated_at,
    (select sum(l.quantity * l.price) from loms.order_lines l
      where l.tenant_id = o.tenant_id and l.order_id = o.id) as total,
    g.state as saga, g.amount, g.attempts, g.retry_at
  from loms.orders o left join loms.sagas g on g.tenant_id = o.tenant_id and g.order_id = o.id
  where o.payment_method = 'wallet';`
