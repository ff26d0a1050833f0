//! Orders from the wallet, which span loms, billing and delivery: each is wholly done or wholly undone.
import type { Rule } from '../rule.ts'

const orders = 'select count(*) from temp.wallet_orders'
/** What has changed a moment ago is on its way to the others. */
const mayBeUnderWay = ['live', 'settled'] as const
const isPaid = `o.status in ('confirmed', 'processing', 'shipped', 'delivered')`

/** How often an order was charged, and what of it the shop has kept. */
const charged = `
  select tenant_id, order_id, sum(kind = 'charge') as charges,
    sum(case kind when 'charge' then amount when 'refund' then -amount else 0 end) as kept
  from billing.transactions where order_id is not null group by tenant_id, order_id`

export const sagaRules: readonly Rule[] = [
  {
    of: 'I7',
    says: 'a saga has come as far as its order, and is about its total',
    needs: ['loms'],
    looksAt: orders,
    broken: `
      select * from temp.wallet_orders
      where saga is not null and amount is not total or not coalesce(case
        when saga in ('holding', 'delivering', 'waiting') then status = 'pending'
        when saga in ('capturing', 'done') then paid_at is not null
        when saga in ('undoing', 'undone') then paid_at is null and status in ('failed', 'cancelled')
        when saga is null then status = 'failed' and version = 1
      end, false)`,
  },
  {
    of: 'I3',
    says: 'nobody was charged for an order from the wallet that was not confirmed',
    needs: ['loms', 'billing'],
    looksAt: orders,
    broken: `
      select h.tenant_id, h.order_id, h.user_id, h.state, h.amount, o.status, o.saga
      from billing.holds h join temp.wallet_orders o on o.tenant_id = h.tenant_id and o.id = h.order_id
      where h.state in ('captured', 'refunded') and o.paid_at is null`,
  },
  {
    of: 'I3',
    says: 'an order from the wallet was charged once and in full where it is confirmed, and costs nothing where it is over',
    needs: ['loms', 'billing'],
    modes: mayBeUnderWay,
    looksAt: orders,
    broken: `
      select o.tenant_id, o.id, o.user_id, o.status, o.saga, o.total, h.state, h.amount, h.user_id as of_user, c.charges, c.kept
      from temp.wallet_orders o
      left join billing.holds h on h.tenant_id = o.tenant_id and h.order_id = o.id
      left join (${charged}) c on c.tenant_id = o.tenant_id and c.order_id = o.id
      where o.status <> 'pending' and o.updated_at <= @cutoff and coalesce(h.updated_at, 0) <= @cutoff
        and not coalesce(case
          when ${isPaid} and o.total = 0 then h.order_id is null
          when ${isPaid} then h.state = 'captured' and h.user_id = o.user_id and h.amount = o.total
            and h.currency = o.currency and c.charges = 1 and c.kept = o.total
          else coalesce(h.state, 'voided') in ('refused', 'voided', 'refunded') and coalesce(c.kept, 0) = 0
        end, false)`,
  },
  {
    of: 'I7',
    says: 'an order from the wallet is delivered where it is confirmed, and not where it is over',
    needs: ['loms', 'delivery'],
    modes: mayBeUnderWay,
    looksAt: orders,
    broken: `
      select o.tenant_id, o.id, o.user_id, o.status, o.saga, s.id as shipment, s.status as stands, s.is_released, s.user_id as of_user
      from temp.wallet_orders o
      left join delivery.shipments s on s.tenant_id = o.tenant_id and s.order_id = o.id
      where o.status <> 'pending' and o.updated_at <= @cutoff and coalesce(s.updated_at, 0) <= @cutoff
        and not coalesce(case
          when ${isPaid} then s.status in ('queued', 'sent', 'received') and s.is_released and s.user_id = o.user_id
          else coalesce(s.status, 'cancelled') in ('cancelled', 'refused')
        end, false)`,
  },
  {
    of: 'I2',
    says: 'what was sold is back on its shelf where the order was called off, and only there',
    needs: ['loms'],
    looksAt: `select count(*) from loms.orders where status = 'cancelled' and paid_at is not null`,
    broken: `
      select tenant_id, order_id, sku, warehouse_id, sum(sold) as sold, sum(back) as back
      from (
        select r.tenant_id, r.order_id, r.sku, r.warehouse_id, r.quantity as sold, 0 as back
        from loms.orders o join loms.reservations r on r.tenant_id = o.tenant_id and r.order_id = o.id
        where o.status = 'cancelled' and o.paid_at is not null
        union all
        select tenant_id, order_id, sku, warehouse_id, 0, quantity
        from loms.stock_movements where kind = 'return' and order_id is not null
      )
      group by tenant_id, order_id, sku, warehouse_id having sum(sold) <> sum(back)`,
  },
  {
    of: 'I7',
    says: 'no saga lies idle past its time',
    needs: ['loms'],
    modes: ['live'],
    looksAt: orders,
    broken: `
      select *, @now - retry_at as late_ms from temp.wallet_orders where retry_at <= @overdue`,
  },
  {
    of: 'I7',
    says: 'no saga is open',
    needs: ['loms'],
    modes: ['settled'],
    looksAt: orders,
    broken: `
      select * from temp.wallet_orders
      where status = 'pending' or saga in ('holding', 'delivering', 'waiting', 'capturing', 'undoing')`,
  },
]
