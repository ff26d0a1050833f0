//! `order.cancelled`, `order.rejected`: the order is over, and its money is given back once, held or charged.
import type { Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { giveBack, type HoldKey, ofUser } from '../domain/hold.ts'
import type { Tx } from '../store/schema.ts'
import { changeHold } from './change-hold.ts'

/**
 * Runs in the reader's transaction. Nothing happens where there is no hold, or its money was given back. Refused with
 * `hold_differs` where it is another user's.
 */
export async function returnMoney(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  order: HoldKey & { readonly userId?: UserId },
): Promise<Result<void>> {
  return await changeHold(tx, deps, cause, order, ofUser(order.userId, giveBack))
}
