//! I7: an order takes legal steps only, has announced every one of them, and holds stock only as its status says.
import type { Rule } from '../rule.ts'

const needs = ['loms'] as const
const orders = 'select count(*) from loms.orders'
const facts = 'select count(*) from temp.order_facts'

export const orderRules: readonly Rule[] = [
  {
    of: 'I7',
    says: 'reservations suit the status of their order, and a failed one holds none',
    needs,
    looksAt: 'select count(*) from loms.reservations',
    broken: `
      select r.tenant_id, r.order_id, o.status, o.cancel_reason, r.sku, r.state
      from loms.reservations r left join loms.orders o on o.id = r.order_id and o.tenant_id = r.tenant_id
      where not coalesce(case
        when o.status = 'pending' then r.state = 'open'
        when o.status = 'failed' then r.state = 'released'
        when o.status in ('confirmed', 'processing', 'shipped', 'delivered', 'refunded') then r.state = 'committed'
        when o.status = 'cancelled' and o.paid_at is not null then r.state = 'committed'
        when o.status = 'cancelled' then r.state = case o.cancel_reason when 'expired' then 'expired' else 'released' end
      end, false)`,
  },
  {
    of: 'I7',
    says: 'an order has what makes its status true',
    needs,
    looksAt: orders,
    broken: `
      select o.tenant_id, o.id, o.status, o.pay_by, o.paid_at, o.cancelled_at, o.cancel_reason, o.shortages
      from loms.orders o
      where not coalesce(case
        when o.status = 'pending' then o.pay_by is not null and o.paid_at is null
        when o.status = 'failed' then o.shortages is not null and o.paid_at is null
        when o.status = 'cancelled' then o.cancelled_at is not null and o.cancel_reason is not null
        when o.status in ('confirmed', 'processing', 'shipped', 'delivered', 'refunded') then o.paid_at is not null
      end, false)
        or not exists (select 1 from loms.order_lines l where l.tenant_id = o.tenant_id and l.order_id = o.id)`,
  },
  {
    of: 'I7',
    says: 'the facts of an order are its versions 1, 2, 3 … without a gap',
    needs,
    looksAt: facts,
    broken: `
      select o.tenant_id, o.id, o.status, o.version, f.first, f.last, f.count
      from loms.orders o left join (
        select order_id, min(version) as first, max(version) as last, count(*) as count
        from temp.order_facts group by order_id
      ) f on f.order_id = o.id
      where case
        when o.placed_at > (select since from temp.loms_kept) or f.first = 1
        then f.first is not 1 or f.last is not o.version or f.count is not o.version
        else f.last <> o.version or f.count <> f.last - f.first + 1
      end`,
  },
  {
    of: 'I7',
    says: 'every step is one of the table, after the one before it',
    needs,
    looksAt: facts,
    broken: `
      select tenant_id, order_id, position, type, version, previous_status, status, came_from, came_after
      from (
        select f.*, lag(status) over life as came_from, lag(version) over life as came_after
        from temp.order_facts f window life as (partition by order_id order by position)
      ) f
      where not exists (select 1 from temp.steps s where s.previous = f.previous_status and s.status = f.status)
        or status is not status_of_type
        or (version = 1) <> (previous_status = '')
        or came_after is not null and (version is not came_after + 1 or previous_status is not came_from)`,
  },
  {
    of: 'I7',
    says: 'the last fact of an order is the order as it stands',
    needs,
    looksAt: orders,
    broken: `
      select f.tenant_id, f.order_id, f.version, f.status as announced, o.status as stands, f.user_id, f.key
      from temp.order_facts f left join loms.orders o on o.id = f.order_id
      where o.id is null or o.tenant_id is not f.tenant_id or f.tenant_said is not f.tenant_id
        or o.user_id is not f.user_id or f.key is not cast(f.order_id as text)
        or f.version = o.version and f.status is not o.status`,
  },
  {
    of: 'I7',
    says: 'stock that was reserved or given back was announced once',
    needs,
    looksAt: orders,
    broken: `
      select o.tenant_id, o.id, o.status, coalesce(f.reserved, 0) as reserved, coalesce(f.released, 0) as released
      from loms.orders o left join (
        select tenant_id, cast(key as integer) as order_id,
          sum(type = 'stock.reserved') as reserved, sum(type = 'stock.released') as released
        from loms.outbox where type in ('stock.reserved', 'stock.released') group by 1, 2
      ) f on f.order_id = o.id and f.tenant_id = o.tenant_id
      where o.placed_at > (select since from temp.loms_kept) and (
        coalesce(f.reserved, 0) <> (o.status <> 'failed' or o.version > 1)
        or coalesce(f.released, 0) <> (
          o.status = 'cancelled' and o.paid_at is null or o.status = 'failed' and o.version > 1))`,
  },
  {
    of: 'I7',
    says: 'no order waits past its deadline',
    needs,
    modes: ['live', 'settled'],
    looksAt: `select count(*) from loms.orders where status = 'pending'`,
    broken: `
      select tenant_id, id, pay_by, @now - pay_by as late_ms from loms.orders
      where status = 'pending' and pay_by <= @overdue`,
  },
]
