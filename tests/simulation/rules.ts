//! Rules of the simulation's own, in the form of verify's: what only somebody can say who saw all of it happen.

import { readings, sqlTexts } from '../../tools/verify/readings.ts'
import type { Rule } from '../../tools/verify/rule.ts'
import { services } from './process.ts'

const isHere = (service: string) => services.some((each) => each === service)

const readers = ['loms', 'notifier', 'billing', 'delivery'] as const

export const ownRules: readonly Rule[] = [
  {
    of: 'I2',
    says: 'nothing is sold to an order after its deadline',
    needs: ['loms'],
    looksAt: 'select count(*) from loms.orders',
    broken: `select id, status, placed_at, pay_by, paid_at from loms.orders where paid_at >= pay_by`,
  },
  ...readers.map(
    (reader): Rule => ({
      of: 'I4',
      says: `${reader}: nothing became a dead letter`,
      needs: [reader],
      looksAt: 'select 0',
      broken: `select event_id, reason from ${reader}.dead_letters`,
    }),
  ),
  {
    of: 'I3',
    says: 'what is left in a wallet is what came in, less the orders that stand',
    needs: ['billing', 'loms'],
    looksAt: 'select count(*) from billing.wallets',
    broken: `
      select user_id, sum(had) as left_over, sum(came) as came, sum(spent) as spent
      from (
        select user_id, available + held as had, 0 as came, 0 as spent from billing.wallets
        union all
        select user_id, 0, amount, 0 from billing.transactions where kind = 'top_up'
        union all
        select user_id, 0, 0, total from temp.wallet_orders
        where status in ('confirmed', 'processing', 'shipped', 'delivered')
        union all
        -- Charged by another service: that such an order stands is a rule of verify's.
        select user_id, 0, 0, amount from billing.holds where state = 'captured'
          and order_id not in (select id from temp.wallet_orders)
      )
      group by user_id having sum(had) <> sum(came) - sum(spent)`,
  },
  ...readings
    .filter(({ reader, announcer }) => isHere(reader) && isHere(announcer))
    .map(
      ({ reader, announcer, types }): Rule => ({
        of: 'I4',
        says: `${reader}: every fact of ${announcer} was acted on once`,
        needs: [reader, announcer],
        looksAt: `select count(*) from ${announcer}.outbox`,
        broken: `
          select o.id, o.type, count(e.event_id) as times from ${announcer}.outbox o
          left join ${reader}.effects e on e.event_id = o.id
          where o.type in (${sqlTexts(types)}) group by o.id having count(e.event_id) <> 1`,
      }),
    ),
]
