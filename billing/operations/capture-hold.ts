//! The order's hold becomes a charge.
import type { Result } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { capture, ofUser } from '../domain/hold.ts'
import { changeHold } from './change-hold.ts'

export type CaptureHold = { readonly orderId: OrderId; readonly userId?: UserId | undefined }

/**
 * Asked again it changes nothing. Refused with `hold_not_found`, where it was voided with `hold_closed`, and where it is
 * not that user's with `hold_differs`.
 */
export async function captureHold(
  deps: Deps,
  call: Call,
  { orderId, userId }: CaptureHold,
): Promise<Result<void>> {
  const key = { tenantId: call.tenantId, orderId }
  return await deps.store.write((tx) => changeHold(tx, deps, call, key, ofUser(userId, capture)))
}
