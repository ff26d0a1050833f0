//! Rules of the simulation's own, in the form of verify's: what only somebody can say who saw all of it happen.

import { readings, sqlTexts } from '../../tools/verify/readings.ts'
import type { Rule } from '../../tools/verify/rule.ts'

export const ownRules: readonly Rule[] = [
  {
    of: 'I2',
    says: 'nothing is sold to an order after its deadline',
    needs: ['loms'],
    looksAt: 'select count(*) from loms.orders',
    broken: `select id, status, placed_at, pay_by, paid_at from loms.orders where paid_at >= pay_by`,
  },
  {
    of: 'I4',
    says: 'nothing became a dead letter',
    needs: ['loms', 'notifier'],
    looksAt: 'select 0',
    broken: `
      select event_id, reason from loms.dead_letters
      union all select event_id, reason from notifier.dead_letters`,
  },
  ...readings.map(
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
