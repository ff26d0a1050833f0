//! I1: stock adds up. I2: a reservation ends once.
import type { Rule } from '../rule.ts'

const needs = ['loms'] as const
const places = 'select count(*) from loms.stock'
const reservations = 'select count(*) from loms.reservations'

export const stockRules: readonly Rule[] = [
  {
    of: 'I1',
    says: 'what is on hand is what came, less what was written off and sold',
    needs,
    looksAt: places,
    broken: `
      select tenant_id, sku, warehouse_id, on_hand, came, sold from temp.stock_places
      where on_hand is not came - sold`,
  },
  {
    of: 'I1',
    says: 'what is reserved is the sum of the open reservations',
    needs,
    looksAt: places,
    broken:
      'select tenant_id, sku, warehouse_id, reserved, open from temp.stock_places where reserved is not open',
  },
  {
    of: 'I1',
    says: 'what is reserved is what the movements say',
    needs,
    looksAt: 'select count(*) from loms.stock_movements',
    broken: `
      select tenant_id, sku, warehouse_id, reserved, promised from temp.stock_places
      where reserved is not promised`,
  },
  {
    of: 'I1',
    says: 'nothing is negative, and nothing is promised that is not there',
    needs,
    looksAt: places,
    broken: `
      select tenant_id, sku, warehouse_id, on_hand, reserved from loms.stock
      where on_hand < 0 or reserved < 0 or reserved > on_hand`,
  },
  {
    of: 'I2',
    says: 'a reservation was made once and ended at most once, as it says',
    needs,
    looksAt: reservations,
    broken: `
      select tenant_id, order_id, sku, warehouse_id, max(state) as state, sum(held) as held,
        sum(begun) as begun, sum(ended) as ended
      from (
        select tenant_id, order_id, sku, warehouse_id, state, quantity as held, 0 as begun, 0 as ended,
          quantity as difference, null as ending
        from loms.reservations
        union all
        select tenant_id, order_id, sku, warehouse_id, null, 0, kind = 'reserve', kind <> 'reserve',
          case kind when 'reserve' then -quantity else 0 end,
          case kind when 'commit' then 'committed' when 'release' then 'released' when 'expire' then 'expired' end
        from loms.stock_movements where kind in ('reserve', 'commit', 'release', 'expire')
      )
      group by tenant_id, order_id, sku, warehouse_id
      having count(state) <> 1 or sum(begun) <> 1 or sum(difference) <> 0
        or case max(state) when 'open' then sum(ended) <> 0 else sum(ended) <> 1 or max(ending) <> max(state) end`,
  },
  {
    of: 'I2',
    says: 'what ended a reservation moved all of it',
    needs,
    looksAt: `select count(*) from loms.reservations where state <> 'open'`,
    broken: `
      select r.tenant_id, r.order_id, r.sku, r.warehouse_id, r.state, r.quantity, m.quantity as moved
      from loms.stock_movements m join loms.reservations r
        on r.tenant_id = m.tenant_id and r.order_id = m.order_id and r.sku = m.sku and r.warehouse_id = m.warehouse_id
      where m.kind in ('commit', 'release', 'expire') and m.quantity <> r.quantity`,
  },
  {
    of: 'I2',
    says: 'the reservations of an order are its lines',
    needs,
    looksAt: 'select count(*) from loms.order_lines',
    broken: `
      select tenant_id, order_id, sku, sum(wanted) as wanted, sum(held) as held
      from (
        select l.tenant_id, l.order_id, l.sku, l.quantity as wanted, 0 as held
        from loms.order_lines l join loms.orders o on o.id = l.order_id
        where o.status <> 'failed' or o.version > 1
        union all
        select tenant_id, order_id, sku, 0, quantity from loms.reservations
      )
      group by tenant_id, order_id, sku having sum(wanted) <> sum(held)`,
  },
]
