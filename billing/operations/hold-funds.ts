//! Money of a wallet is set aside for an order, once.
import type { Result } from '../../contracts/errors.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { type PlaceHold, placeHold } from './place-hold.ts'

export type HoldFunds = Omit<PlaceHold, 'tenantId'>

/**
 * Asked again, the first answer is given. Refused with `insufficient_funds`, with `hold_closed` where the hold was called
 * off, and with `hold_differs` where the order was asked for with another user or amount.
 */
export async function holdFunds(
  deps: Deps,
  call: Call,
  request: HoldFunds,
): Promise<Result<'held' | 'captured'>> {
  const { tenantId } = call
  return await deps.store.write((tx) => placeHold(tx, deps, call, { ...request, tenantId }))
}
