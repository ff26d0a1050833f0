//! What SQLite makes of the queries of loms.
import { defaultTenant as tenantId, type UserId } from '../../contracts/ids.ts'
import { plansAreGood } from '../../tests/harness/plans.ts'
import { listOrders } from './order-list.ts'
import { openSagas } from './sagas.ts'
import { schema } from './schema.ts'

const page = { limit: 20, offset: 20 }

plansAreGood({
  folder: import.meta.dir,
  schema,
  async fresh(tx) {
    for (const userId of [undefined, 1n as UserId])
      for (const status of [undefined, 'pending'] as const)
        await listOrders(tx, { tenantId, userId, status }, page)
    await openSagas(tx, 20)
  },
  small: ['warehouses'],
  excused: {
    'select coalesce(count(*), 0) from orders where tenant_id = ?': 'all are counted, in an index',
    'select id from orders where tenant_id = ? order by id desc limit':
      'read out of an index, and beside their count it costs as much again: not worth one more index of every order',
    "from sagas where state not in ('done', 'undone') order by":
      'the index holds only those that are not over',
    'insert into orders': 'who refers to an order is looked up only where a reference is broken',
  },
})
