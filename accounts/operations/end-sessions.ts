//! `end-sessions`: the owner signs out everywhere.
import { ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { endOtherSessions } from '../store/sessions.ts'

export async function endSessions(
  { store, now }: Pick<Deps, 'store' | 'now'>,
  { tenantId }: Call,
  { userId }: { readonly userId: UserId },
): Promise<Result<undefined>> {
  return await store.write(async (tx) => {
    await endOtherSessions(tx, { tenantId, userId }, undefined, 'owner', now())
    return ok(undefined)
  })
}
