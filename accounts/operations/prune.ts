//! `prune`: forgets sessions that nobody has to remember any more, and sign-ins that were never finished.
import { plusMs } from '../../contracts/time.ts'
import type { Deps } from '../deps.ts'
import { rememberedMs } from '../domain/session.ts'
import { dropOldSessions } from '../store/sessions.ts'
import { dropOldSignIns } from '../store/sign-ins.ts'

/** At most `limit` rows at once, whatever one session has left behind; answers whether there may be more. */
export async function prune({ store, now }: Pick<Deps, 'store' | 'now'>, limit = 200): Promise<boolean> {
  return await store.write(async (tx) => {
    await dropOldSignIns(tx, now())
    return await dropOldSessions(tx, plusMs(now(), -rememberedMs), limit)
  })
}
