//! What SQLite makes of the queries of messages, on tables as every service has them.
import { join } from 'node:path'
import { modulesIn, plansAreGood } from '../../tests/harness/plans.ts'
import { schema } from './conformance/schema.ts'

plansAreGood({
  folder: join(import.meta.dir, 'conformance'),
  modules: modulesIn(import.meta.dir),
  schema,
  small: ['places'],
  excused: {
    'select position from outbox order by position desc limit': 'the last is all that is read',
    'select event_id from inbox where stream = ? order by sequence asc limit':
      'as they lie in the index, up to the limit',
    'select position from dead_letters where stream = ? limit': 'the first is all that is read',
    'select coalesce(count(*), 0) from dead_letters where stream = ?': 'all are counted, in an index',
    'from dead_letters where event_id = ?': 'somebody looks after one by hand',
  },
})
