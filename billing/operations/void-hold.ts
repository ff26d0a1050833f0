//! The order's hold is called off, also before it was made.
import { ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { type Decision, voidHold as decide, type Hold, ofUser } from '../domain/hold.ts'
import { refuseLateHold } from '../store/holds.ts'
import { changeHold } from './change-hold.ts'

export type VoidHold = { readonly orderId: OrderId; readonly userId?: UserId | undefined }

/**
 * Where there is no hold, it is written down that there will be none. Refused with `hold_captured`, and where it is not
 * that user's with `hold_differs`.
 */
export async function voidHold(deps: Deps, call: Call, { orderId, userId }: VoidHold): Promise<Result<void>> {
  const key = { tenantId: call.tenantId, orderId }
  return await deps.store.write(async (tx) => {
    if (await refuseLateHold(tx, key, deps.now())) return ok(undefined)
    return await changeHold(tx, deps, call, key, ofUser(userId, decideIfThere))
  })
}

function decideIfThere(held: Hold | undefined): Decision {
  if (held === undefined) throw new Error('an order has a hold that is not there')
  return decide(held)
}
