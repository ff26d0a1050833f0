//! `payment`: an order is paid from its user's wallet in one step, held and captured.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { PaymentId } from '../../contracts/ids.ts'
import { GetOrderState } from '../../contracts/rpc/loms.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once, storedAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { capture } from '../domain/hold.ts'
import { isDecided, type OrderState, refuseCharge } from '../domain/owed.ts'
import { completedFact } from '../facts.ts'
import { lockHold } from '../store/holds.ts'
import type { Tx } from '../store/schema.ts'
import { changeHold } from './change-hold.ts'
import { type PlaceHold, placeHold } from './place-hold.ts'

export type ChargeOrder = Omit<PlaceHold, 'tenantId'>
type Charged = { readonly paymentId: PaymentId }

/**
 * Once per order, with or without a key: asked again the answer is the same. What is owed, and by whom, loms says: refused
 * with `order_not_found`, `total_changed` and `order_not_payable`, with `unavailable` where loms does not answer, and as
 * holding is. A paid order whose hold stands still is charged. That an order which waits for its money has been
 * charged, loms is told by a fact.
 */
export async function chargeOrder(deps: Deps, call: Call, request: ChargeOrder): Promise<Answer<Charged>> {
  const stored = await storedAnswer(deps.store, call)
  if (stored !== undefined) return stored
  const placing = { ...request, tenantId: call.tenantId }
  const order = await askLoms(deps, call, placing)
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), () => charge(tx, deps, call, placing, order)),
  )
}

async function askLoms({ rpc }: Deps, call: Call, { orderId }: PlaceHold): Promise<Result<OrderState>> {
  const order = await rpc.ask(GetOrderState, call, { order_id: int64ToJson(orderId) })
  return order.ok || order.error.code === 'order_not_found' ? order : fail('unavailable')
}

/**
 * What loms said may be over by now: then the hold is closed, or what is charged here is given back, by the order's own fact
 * or because the order refuses it.
 */
async function charge(
  tx: Tx,
  deps: Deps,
  call: Call,
  placing: PlaceHold,
  order: Result<OrderState>,
): Promise<Result<Charged>> {
  const held = await lockHold(tx, placing)
  if (!isDecided(held)) {
    const refusal = order.ok ? refuseCharge(order.value, placing, held) : order
    if (refusal !== undefined) return refusal
  }
  const placed = await placeHold(tx, deps, call, placing)
  if (!placed.ok) return placed
  const captured = await changeHold(tx, deps, call, placing, capture)
  if (!captured.ok) return captured
  const charged = await lockHold(tx, placing)
  if (charged?.asked === undefined) throw new Error(`order ${placing.orderId} was charged to nobody`)
  // Told once, by whoever took the money: what was captured before was told then, and a paid order waits for nothing.
  if (placed.value === 'held' && order.ok && order.value.status === 'pending')
    await deps.announce(tx, call, [completedFact(charged, deps.now())])
  return ok({ paymentId: charged.asked.paymentId })
}
