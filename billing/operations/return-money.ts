//! `order.cancelled`, `order.rejected`: the order is over, and its money is given back once, held or charged.
import type { Result } from '../../contracts/errors.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { giveBack } from '../domain/hold.ts'
import type { Tx } from '../store/schema.ts'
import { closeHold, type OwnedHold } from './close-hold.ts'

/**
 * Runs in the reader's transaction. Where there is no hold, there will be none; where its money was given back, nothing
 * happens. Refused with `hold_differs` where it is another user's.
 */
export async function returnMoney(tx: Tx, deps: Deps, cause: Cause, order: OwnedHold): Promise<Result<void>> {
  return await closeHold(tx, deps, cause, order, giveBack)
}
