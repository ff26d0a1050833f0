//! `end-session`: the owner ends one of their sessions, perhaps of a device that they have lost.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { SessionId } from '../domain/session.ts'
import { endSessionRow, sessionOf } from '../store/sessions.ts'

export type EndSession = { readonly userId: UserId; readonly sessionId: SessionId }

/** Refused with `session_not_found`, for somebody else's too; one that has ended is done already. */
export async function endSession(
  { store, now }: Pick<Deps, 'store' | 'now'>,
  { tenantId }: Call,
  { userId, sessionId }: EndSession,
): Promise<Result<undefined>> {
  return await store.write(async (tx) => {
    const session = await sessionOf(tx, tenantId, sessionId)
    if (session === undefined || session.userId !== userId) return fail('session_not_found')
    await endSessionRow(tx, session, 'owner', now())
    return ok(undefined)
  })
}
