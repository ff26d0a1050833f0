//! What SQLite makes of the queries of billing.
import { plansAreGood } from '../../tests/harness/plans.ts'
import { schema } from './schema.ts'

plansAreGood({ folder: import.meta.dir, schema })
