//! What SQLite makes of the queries of notifier.
import { defaultTenant as tenantId, type UserId } from '../../contracts/ids.ts'
import { plansAreGood } from '../../tests/harness/plans.ts'
import { lastOfAll, noticePage } from './notices.ts'
import { schema } from './schema.ts'

plansAreGood({
  folder: import.meta.dir,
  schema,
  async fresh(tx) {
    await noticePage(tx, { tenantId, userId: 1n as UserId }, { limit: 20, offset: 20 })
    await lastOfAll(tx)
  },
  excused: { 'select arrival from notices order by arrival desc limit ?': 'the last is all that is read' },
})
