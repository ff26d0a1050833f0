//! `order.payment_refused`: what was charged for an order that did not take it is given back.
import type { Result } from '../../contracts/errors.ts'
import type { PaymentId, UserId } from '../../contracts/ids.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { type HoldKey, ofUser, refund } from '../domain/hold.ts'
import type { Tx } from '../store/schema.ts'
import { changeHold } from './change-hold.ts'

export type RefundPayment = HoldKey & { readonly userId: UserId; readonly paymentId: PaymentId }

/**
 * Runs in the reader's transaction. Once, also where the order's own end gives the money back. Refused with `hold_not_found`
 * where nobody paid, and with `hold_differs` where it was another user, or another payment.
 */
export async function refundPayment(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  payment: RefundPayment,
): Promise<Result<void>> {
  const { userId, paymentId } = payment
  const refundIt = ofUser(userId, (held) => refund(held, paymentId))
  return await changeHold(tx, deps, cause, payment, refundIt)
}
