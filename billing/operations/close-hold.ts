//! The step that calling off, cancelling and rejecting share: no money is set aside for the order, now or later.
import { ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { type Decision, type Hold, type HoldKey, ofUser } from '../domain/hold.ts'
import { refuseLateHold } from '../store/holds.ts'
import type { Tx } from '../store/schema.ts'
import { changeHold } from './change-hold.ts'

/** Of anybody's where no user is named. */
export type OwnedHold = HoldKey & { readonly userId?: UserId | undefined }

/**
 * Runs inside the caller's transaction. Where there is no hold, it is written down that there will be none: who was told
 * that the order waits for its money may be about to ask for it.
 */
export async function closeHold(
  tx: Tx,
  deps: Pick<Deps, 'now' | 'newId' | 'announce'>,
  cause: Cause,
  order: OwnedHold,
  decide: (held: Hold | undefined) => Decision,
): Promise<Result<void>> {
  if (await refuseLateHold(tx, order, deps.now())) return ok(undefined)
  return await changeHold(tx, deps, cause, order, ofUser(order.userId, decide))
}
