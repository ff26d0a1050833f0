//! What SQLite makes of the queries of delivery.
import { defaultTenant } from '../../contracts/ids.ts'
import { plansAreGood } from '../../tests/harness/plans.ts'
import { schema } from './schema.ts'
import { queueOf } from './shipments.ts'

plansAreGood({
  folder: import.meta.dir,
  schema,
  fresh: (tx) => queueOf(tx, defaultTenant, { limit: 20, offset: 20 }),
  excused: {
    "from shipments where (tenant_id = ? and status = 'queued' and":
      'the index holds only those that are queued',
  },
})
