//! Looks for what other processes have written: where several share a store, who reads the facts is not always who is listened to.
import type { Clock } from '../contracts/time.ts'
import type { Logger } from '../runtime/log.ts'
import { type DeadlineTimer, deadlineTimer } from '../runtime/timer.ts'
import type { Listeners } from './listeners.ts'
import { lastOfAll, ownersTold } from './store/notices.ts'
import type { NotifierStore } from './store/schema.ts'

export type WatchOptions = {
  readonly store: NotifierStore
  readonly listeners: Listeners
  readonly now: Clock
  readonly log: Logger
  readonly everyMs?: number
}

const rowsMax = 1_000

/** One look a moment, however many listen. Resolves when whatever is written from now on will be seen. */
export async function watchNotices({
  store,
  listeners,
  now,
  log,
  everyMs = 500,
}: WatchOptions): Promise<DeadlineTimer> {
  let seen = await store.read(lastOfAll)
  const look = async () => {
    for (;;) {
      const told = await store.read((tx) => ownersTold(tx, seen, rowsMax))
      for (const owner of told) listeners.wake(owner)
      seen = told.at(-1)?.arrival ?? seen
      if (told.length < rowsMax) return undefined
    }
  }
  return deadlineTimer({ name: 'watch notices', run: look, now, log, atLeastEveryMs: everyMs })
}
