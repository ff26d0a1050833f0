//! The part of a service that forgets idempotency keys after their day.
import { type Clock, type Instant, plusMs } from '../contracts/time.ts'
import { type IdempotencyTables, pruneKeys } from './idempotency.ts'
import type { Logger } from './log.ts'
import type { Store } from './store/store.ts'
import { type DeadlineTimer, deadlineTimer } from './timer.ts'

const everyMs = 60_000
const chunk = 1000
// To a clock that was set a day ahead all keys are of yesterday, and who lost an answer asks again within minutes. So the
// first of them are forgotten when this process has run for that long, by its own time.
export const patienceMs = 15 * 60_000

/** A chunk a minute, and at once again while there is more: nobody waits long behind it. */
export function keyPruning(store: Store<IdempotencyTables>, now: Clock, log: Logger): DeadlineTimer {
  const run = pruningOf(store, now)
  return deadlineTimer({ name: 'prune idempotency keys', run, now, log, atLeastEveryMs: everyMs })
}

/** One run of it; answers when there is to be another sooner than in a minute. */
export function pruningOf(store: Store<IdempotencyTables>, now: Clock): () => Promise<Instant | undefined> {
  const notBefore = plusMs(now(), patienceMs)
  return async () => {
    if (now() < notBefore) return notBefore
    return (await pruneKeys(store, now(), chunk)) < chunk ? undefined : now()
  }
}
