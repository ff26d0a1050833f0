//! The order's hold is called off, also before it was made.
import type { Result } from '../../contracts/errors.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { voidHold as decide } from '../domain/hold.ts'
import { closeHold, type OwnedHold } from './close-hold.ts'

export type VoidHold = Omit<OwnedHold, 'tenantId'>

/**
 * Where there is no hold, it is written down that there will be none. Refused with `hold_captured`, and where it is not
 * that user's with `hold_differs`.
 */
export async function voidHold(deps: Deps, call: Call, request: VoidHold): Promise<Result<void>> {
  const order = { ...request, tenantId: call.tenantId }
  return await deps.store.write((tx) => closeHold(tx, deps, call, order, decide))
}
