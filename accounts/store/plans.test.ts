//! What SQLite makes of the queries of accounts, most of which anybody may have asked.
import { plansAreGood } from '../../tests/harness/plans.ts'
import { schema } from './schema.ts'

plansAreGood({
  folder: import.meta.dir,
  schema,
  // Those that sign, and those that have signed what is still believed.
  small: ['signing_keys'],
  excused: {
    'from sessions where ((tenant_id = ? and user_id = ?) and ended_at is null and expires_at > ?) order by':
      'what is put in order are the open sessions of one account',
    "select id from users where (tenant_id = ? and role = 'admin')":
      'a few of all who buy there, in an index of theirs',
    'insert into users': 'who refers to an account is looked up only where a reference is broken',
  },
})
