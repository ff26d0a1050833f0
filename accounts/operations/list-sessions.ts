//! `list-sessions`: where an account is signed in.
import type { UserId } from '../../contracts/ids.ts'
import type { Page } from '../../contracts/rest.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Session } from '../domain/session.ts'
import { liveSessions } from '../store/sessions.ts'

/** Newest first. */
export async function listSessions(
  { store, now }: Pick<Deps, 'store' | 'now'>,
  { tenantId }: Call,
  { userId, page }: { readonly userId: UserId; readonly page: Page },
): Promise<{ readonly sessions: readonly Session[]; readonly total: number }> {
  return await store.read((tx) => liveSessions(tx, { tenantId, userId }, now(), page))
}
