//! Checkouts, which span cart and loms: each becomes one order at most, and both sides agree on which.
import type { Rule } from '../rule.ts'

const of = 'checkout'
const both = ['cart', 'loms'] as const
const checkouts = 'select count(*) from cart.checkouts'

export const checkoutRules: readonly Rule[] = [
  {
    of,
    says: 'a user has at most one open checkout',
    needs: ['cart'],
    looksAt: checkouts,
    broken: `
      select tenant_id, user_id, count(*) as open, min(id) as first from cart.checkouts
      where state = 'open' group by tenant_id, user_id having count(*) > 1`,
  },
  {
    of,
    says: 'a checkout has what its state says',
    needs: ['cart'],
    looksAt: checkouts,
    broken: `
      select tenant_id, id, state, order_id, ended_at from cart.checkouts
      where (state = 'open') <> (ended_at is null) or (state = 'placed') <> (order_id is not null)
        or json_array_length(lines) = 0`,
  },
  {
    of,
    says: 'a placed checkout is the order that loms made of it',
    needs: both,
    looksAt: `${checkouts} where state = 'placed'`,
    broken: `
      select c.tenant_id, c.id, c.user_id, c.order_id, o.checkout_id, o.status, u.order_id as outcome
      from cart.checkouts c
      left join loms.orders o on o.id = c.order_id and o.tenant_id = c.tenant_id
      left join loms.checkout_outcomes u on u.tenant_id = c.tenant_id and u.checkout_id = c.id
      where c.state = 'placed' and (o.checkout_id is not c.id or o.user_id is not c.user_id
        or u.order_id is not c.order_id)`,
  },
  {
    of,
    says: 'the order of a checkout has its lines',
    needs: both,
    looksAt: 'select count(*) from loms.orders where checkout_id is not null and placed_at <= @cutoff',
    broken: `
      select tenant_id, order_id, sku, sum(wanted) as wanted, sum(ordered) as ordered
      from (
        select c.tenant_id, o.id as order_id, cast(line.value ->> '$.sku' as integer) as sku,
          cast(line.value ->> '$.quantity' as integer) as wanted, 0 as ordered
        from cart.checkouts c
        join loms.checkout_outcomes u on u.tenant_id = c.tenant_id and u.checkout_id = c.id
        join loms.orders o on o.id = u.order_id and o.placed_at <= @cutoff, json_each(c.lines) line
        union all
        select l.tenant_id, l.order_id, l.sku, 0, l.quantity
        from loms.order_lines l join loms.orders o on o.id = l.order_id
        where o.checkout_id is not null and o.placed_at <= @cutoff
      )
      group by tenant_id, order_id, sku having sum(wanted) <> sum(ordered)`,
  },
  {
    of,
    says: 'a refused checkout is an order that failed, and an abandoned one is none',
    needs: both,
    looksAt: `${checkouts} where state in ('refused', 'abandoned')`,
    broken: `
      select c.tenant_id, c.id, c.state, u.checkout_id as known, u.order_id, o.status
      from cart.checkouts c
      left join loms.checkout_outcomes u on u.tenant_id = c.tenant_id and u.checkout_id = c.id
      left join loms.orders o on o.id = u.order_id and o.tenant_id = c.tenant_id
      where c.state = 'refused' and o.status is not 'failed'
        or c.state = 'abandoned' and (u.checkout_id is null or u.order_id is not null)`,
  },
  {
    of,
    says: 'an outcome names the one order of its checkout, and no checkout has two',
    needs: ['loms'],
    looksAt: 'select count(*) from loms.checkout_outcomes',
    broken: `
      select tenant_id, checkout_id, sum(known) as known, max(outcome) as outcome, count(made) as orders, min(made) as first
      from (
        select tenant_id, checkout_id, 1 as known, order_id as outcome, null as made from loms.checkout_outcomes
        union all
        select tenant_id, checkout_id, 0, null, id from loms.orders where checkout_id is not null
      )
      group by tenant_id, checkout_id
      having sum(known) <> 1 or count(made) > 1 or max(outcome) is not min(made)`,
  },
  {
    of,
    says: 'no order is of a checkout that nobody began',
    needs: both,
    looksAt: 'select count(*) from loms.orders where checkout_id is not null',
    broken: `
      select o.tenant_id, o.id, o.checkout_id, o.placed_at from loms.orders o
      where o.checkout_id is not null and o.placed_at <= @cutoff
        and not exists (select 1 from cart.checkouts c where c.tenant_id = o.tenant_id and c.id = o.checkout_id)`,
  },
  {
    of,
    says: 'no checkout stays open past its time',
    needs: ['cart'],
    modes: ['live'],
    looksAt: checkouts,
    broken: `
      select tenant_id, id, user_id, not_after, @now - not_after as late_ms from cart.checkouts
      where state = 'open' and not_after <= @overdue`,
  },
  {
    of,
    says: 'no checkout is open',
    needs: ['cart'],
    modes: ['settled'],
    looksAt: checkouts,
    broken: `select tenant_id, id, user_id, not_after from cart.checkouts where state = 'open'`,
  },
]
