//! `payment`: an order is paid from its user's wallet in one step, held and captured.
import { ok, type Result } from '../../contracts/errors.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { capture, type PaymentId } from '../domain/hold.ts'
import { lockHold } from '../store/holds.ts'
import type { Tx } from '../store/schema.ts'
import { changeHold } from './change-hold.ts'
import { type PlaceHold, placeHold } from './place-hold.ts'

export type ChargeOrder = Omit<PlaceHold, 'tenantId'>

/**
 * Once per order, with or without a key: asked again the answer is the same. Refused as holding is; an order whose hold
 * stands already is charged.
 */
export async function chargeOrder(
  deps: Deps,
  call: Call,
  request: ChargeOrder,
): Promise<Answer<{ paymentId: PaymentId }>> {
  const placing = { ...request, tenantId: call.tenantId }
  return await deps.store.write((tx) => once(tx, call, deps.now(), () => charge(tx, deps, call, placing)))
}

async function charge(
  tx: Tx,
  deps: Deps,
  call: Call,
  placing: PlaceHold,
): Promise<Result<{ paymentId: PaymentId }>> {
  const placed = await placeHold(tx, deps, call, placing)
  if (!placed.ok) return placed
  const captured = await changeHold(tx, deps, call, placing, capture)
  if (!captured.ok) return captured
  const held = await lockHold(tx, placing)
  if (held?.asked === undefined) throw new Error(`order ${placing.orderId} was charged to nobody`)
  return ok({ paymentId: held.asked.paymentId })
}
