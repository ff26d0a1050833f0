//! I3: money adds up, every movement of it is written down for ever, and an order is charged once.
import { movesOf } from '../../../billing/domain/ledger.ts'
import { billingStream } from '../../../contracts/events/billing.ts'
import type { Rule } from '../rule.ts'

const needs = ['billing'] as const
const wallets = 'select count(*) from billing.wallets'
const transactions = 'select count(*) from billing.transactions'
const holds = 'select count(*) from billing.holds'

/** `case kind when 'hold' then 'available' … end` */
const accountOf = (side: 'from' | 'to') =>
  `case t.kind ${Object.entries(movesOf)
    .map(([kind, move]) => `when '${kind}' then '${move[side]}'`)
    .join(' ')} end`

/** What an order's transactions come to, by kind. */
const ofOrders = `
  select tenant_id, order_id, min(user_id) as user_id, max(user_id) as last_user, min(currency) as currency,
    sum(kind = 'hold') as holds, sum(kind = 'charge') as charges,
    sum(kind = 'void') as voids, sum(kind = 'refund') as refunds,
    sum(case kind when 'hold' then amount else 0 end) as asked,
    sum(case kind when 'charge' then amount else 0 end) as charged,
    sum(case kind when 'refund' then amount else 0 end) as refunded
  from billing.transactions where order_id is not null group by tenant_id, order_id`

/** How often an order in this state was held, charged, voided and refunded. */
const countsOf = {
  held: [1, 0, 0, 0],
  refused: [0, 0, 0, 0],
  captured: [1, 1, 0, 0],
  refunded: [1, 1, 0, 1],
} as const

export const moneyRules: readonly Rule[] = [
  {
    of: 'I3',
    says: 'the ledger adds up to nothing in each currency',
    needs,
    looksAt: 'select count(*) from billing.entries',
    broken: `
      select tenant_id, currency, sum(change) as left_over from billing.entries
      group by tenant_id, currency having sum(change) <> 0`,
  },
  {
    of: 'I3',
    says: 'every transaction gives to one account what it takes from another, and no entry is of none',
    needs,
    looksAt: transactions,
    broken: `
      select tenant_id, user_id, currency, number, max(kind) as kind, max(amount) as amount, count(account) as entries,
        sum(change) as left_over
      from (
        select t.tenant_id, t.user_id, t.currency, t.number, t.kind, t.amount, e.account, e.change,
          case e.account when ${accountOf('from')} then -t.amount when ${accountOf('to')} then t.amount end as expected
        from billing.transactions t left join billing.entries e using (tenant_id, user_id, currency, number)
        union all
        select e.tenant_id, e.user_id, e.currency, e.number, null, null, e.account, e.change, null
        from billing.entries e left join billing.transactions t using (tenant_id, user_id, currency, number)
        where t.id is null
      )
      group by tenant_id, user_id, currency, number
      having count(account) <> 2 or sum(change) <> 0 or sum(change is not expected) > 0`,
  },
  {
    of: 'I3',
    says: 'what is in a wallet is what the ledger says',
    needs,
    looksAt: wallets,
    broken: `
      select tenant_id, user_id, currency, sum(available) as available, sum(held) as held,
        sum(got) as available_by_ledger, sum(set_aside) as held_by_ledger
      from (
        select tenant_id, user_id, currency, available, held, 0 as got, 0 as set_aside from billing.wallets
        union all
        select tenant_id, user_id, currency, 0, 0,
          case account when 'available' then change else 0 end, case account when 'held' then change else 0 end
        from billing.entries
      )
      group by tenant_id, user_id, currency
      having sum(available) <> sum(got) or sum(held) <> sum(set_aside)`,
  },
  {
    of: 'I3',
    says: 'no wallet is below nothing',
    needs,
    looksAt: wallets,
    broken: 'select * from billing.wallets where available < 0 or held < 0',
  },
  {
    of: 'I3',
    says: 'the transactions of a wallet are 1, 2, 3 … without a gap',
    needs,
    looksAt: wallets,
    broken: `
      select tenant_id, user_id, currency, max(last) as last, count(number) as count, min(number) as first,
        max(number) as newest
      from (
        select tenant_id, user_id, currency, transactions as last, null as number from billing.wallets
        union all
        select tenant_id, user_id, currency, null, number from billing.transactions
      )
      group by tenant_id, user_id, currency
      having max(last) is not count(number) or count(number) > 0 and (min(number) <> 1 or max(number) <> count(number))`,
  },
  {
    of: 'I3',
    says: 'what a wallet has set aside is the sum of its open holds',
    needs,
    looksAt: wallets,
    broken: `
      select tenant_id, user_id, currency, sum(held) as held, sum(open) as open
      from (
        select tenant_id, user_id, currency, held, 0 as open from billing.wallets
        union all
        select tenant_id, user_id, currency, 0, amount from billing.holds where state = 'held'
      )
      group by tenant_id, user_id, currency having sum(held) <> sum(open)`,
  },
  {
    of: 'I3',
    says: 'an order was held, charged, voided and refunded as its hold says, each once at most',
    needs,
    looksAt: holds,
    broken: `
      select tenant_id, order_id, max(state) as state, sum(holds) as holds, sum(charges) as charges,
        sum(voids) as voids, sum(refunds) as refunds
      from (
        select tenant_id, order_id, state, amount, 0 as holds, 0 as charges, 0 as voids, 0 as refunds from billing.holds
        union all
        select tenant_id, order_id, null, null, holds, charges, voids, refunds from (${ofOrders})
      )
      group by tenant_id, order_id
      having not coalesce(case max(state)
        ${Object.entries(countsOf)
          .map(([state, counts]) => `when '${state}' then ${sumsAre(counts)}`)
          .join(' ')}
        when 'voided' then ${sumsAre([1, 0, 1, 0])} or max(amount) is null and ${sumsAre([0, 0, 0, 0])}
      end, false)`,
  },
  {
    of: 'I3',
    says: 'no order was charged more than was asked, or refunded more than was charged, or to somebody else',
    needs,
    looksAt: holds,
    broken: `
      select h.tenant_id, h.order_id, h.user_id, h.amount, t.asked, t.charged, t.refunded, t.user_id as of_user
      from (${ofOrders}) t left join billing.holds h on h.tenant_id = t.tenant_id and h.order_id = t.order_id
      where t.asked is not h.amount or t.charged > t.asked or t.refunded > t.charged
        or t.user_id is not h.user_id or t.last_user is not h.user_id or t.currency is not h.currency`,
  },
  {
    of: 'I3',
    says: 'money that moved was announced once',
    needs,
    looksAt: transactions,
    broken: `
      select tenant_id, about, sum(moved) as moved, sum(told) as told
      from (
        select tenant_id, case when kind = 'top_up' then 'wallet.topped_up ' || user_id
          when kind = 'hold' then 'wallet.held ' || order_id
          when kind = 'charge' then 'wallet.charged ' || order_id
          else 'payment.refunded ' || order_id end as about, 1 as moved, moment, 0 as told
        from billing.transactions where kind <> 'void'
        union all
        select tenant_id, type || ' ' || key, 0, null, 1 from billing.outbox
        where type in ('wallet.topped_up', 'wallet.held', 'wallet.charged', 'payment.refunded')
      )
      group by tenant_id, about
      having sum(told) > sum(moved)
        or sum(told) < sum(moved) and min(moment) > (select since from temp.billing_kept)`,
  },
  {
    of: 'I3',
    says: 'nobody was charged for an order of another',
    needs: ['billing', 'loms'],
    looksAt: `${holds} h join loms.orders o on o.tenant_id = h.tenant_id and o.id = h.order_id`,
    broken: `
      select h.tenant_id, h.order_id, h.state, h.user_id, o.user_id as of_user
      from billing.holds h join loms.orders o on o.tenant_id = h.tenant_id and o.id = h.order_id
      where h.state in ('captured', 'refunded') and h.user_id <> o.user_id`,
  },
  {
    of: 'I3',
    says: 'a payment is kept where its order took it and stands, and given back where it did not take it',
    needs: ['billing', 'loms'],
    modes: ['live', 'settled'],
    looksAt: `select count(*) from billing.outbox where type = 'payment.completed'`,
    broken: `
      select h.tenant_id, h.order_id, h.state, h.payment_id, i.outcome, r.status
      from billing.outbox o join loms.inbox i on i.stream = '${billingStream.name}' and i.event_id = o.id
      join billing.holds h on h.tenant_id = o.tenant_id and h.order_id = cast(o.key as integer)
      left join loms.orders r on r.tenant_id = h.tenant_id and r.id = h.order_id
      where o.type = 'payment.completed' and i.moment <= @cutoff and h.updated_at <= @cutoff
        and case
          when i.outcome = 'ok' then r.payment_id <> h.payment_id
            or h.state <> 'captured' and r.status in ('confirmed', 'processing', 'shipped', 'delivered')
          when i.outcome in ('dead', 'parked', 'skipped') then false
          else h.state = 'captured'
        end`,
  },
  {
    of: 'I7',
    says: 'no money is held for an order that is over, and none is kept of one that was called off or still waits for it',
    needs: ['billing', 'loms'],
    modes: ['live', 'settled'],
    looksAt: `${holds} h join loms.orders o on o.tenant_id = h.tenant_id and o.id = h.order_id`,
    broken: `
      select h.tenant_id, h.order_id, h.state, o.status
      from billing.holds h join loms.orders o on o.tenant_id = h.tenant_id and o.id = h.order_id
      where o.updated_at <= @cutoff and h.updated_at <= @cutoff
        and (h.state = 'held' and o.status <> 'pending'
          or h.state = 'captured' and o.status in ('pending', 'cancelled', 'failed', 'refunded'))`,
  },
]

function sumsAre(counts: readonly [number, number, number, number]): string {
  const names = ['holds', 'charges', 'voids', 'refunds']
  return names.map((name, index) => `sum(${name}) = ${counts[index]}`).join(' and ')
}
