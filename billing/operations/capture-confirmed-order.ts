//! `order.confirmed`: what is held for the order is charged, if nobody has asked for that yet.
import { ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { capture, type HoldKey, ofUser } from '../domain/hold.ts'
import type { Tx } from '../store/schema.ts'
import { changeHold } from './change-hold.ts'

/**
 * Runs in the reader's transaction. An order without a hold was paid otherwise. Refused with `hold_closed`: there was
 * nothing to take; with `hold_differs`: it is another user's.
 */
export async function captureConfirmedOrder(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  order: HoldKey & { readonly userId?: UserId },
): Promise<Result<void>> {
  const captureIfThere = ofUser(order.userId, (held) =>
    held === undefined ? { reply: ok(undefined) } : capture(held),
  )
  return await changeHold(tx, deps, cause, order, captureIfThere)
}
