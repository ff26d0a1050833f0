//! The order's hold becomes a charge.
import type { Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { capture } from '../domain/hold.ts'
import { changeHold } from './change-hold.ts'

export type CaptureHold = { readonly orderId: OrderId }

/** Asked again it changes nothing. Refused with `hold_not_found` and, where it was voided, with `hold_closed`. */
export async function captureHold(deps: Deps, call: Call, { orderId }: CaptureHold): Promise<Result<void>> {
  const key = { tenantId: call.tenantId, orderId }
  return await deps.store.write((tx) => changeHold(tx, deps, call, key, capture))
}
