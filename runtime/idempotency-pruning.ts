//! The part of a service that forgets idempotency keys after their day.
import type { Clock } from '../contracts/time.ts'
import { type IdempotencyTables, pruneKeys } from './idempotency.ts'
import type { Logger } from './log.ts'
import type { Store } from './store/store.ts'
import { type DeadlineTimer, deadlineTimer } from './timer.ts'

const everyMs = 60_000
const chunk = 1000

/** A chunk a minute, and at once again while there is more: nobody waits long behind it. */
export function keyPruning(store: Store<IdempotencyTables>, now: Clock, log: Logger): DeadlineTimer {
  const run = async () => ((await pruneKeys(store, now(), chunk)) < chunk ? undefined : now())
  return deadlineTimer({ name: 'prune idempotency keys', run, now, log, atLeastEveryMs: everyMs })
}
