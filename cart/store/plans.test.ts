//! What SQLite makes of the queries of cart, and of idempotency keys, which are the same everywhere.
import { join } from 'node:path'
import { modulesIn, plansAreGood } from '../../tests/harness/plans.ts'
import { schema } from './schema.ts'

plansAreGood({
  folder: import.meta.dir,
  modules: [...modulesIn(import.meta.dir), join(import.meta.dir, '../../runtime/idempotency.ts')],
  schema,
})
