//! The step that paying by question and by fact share: an order is paid by somebody who is not its saga.
import { fail } from '../../contracts/errors.ts'
import type { PaymentId } from '../../contracts/ids.ts'
import type { Deps } from '../deps.ts'
import { type Decision, type Order, pay } from '../domain/order.ts'
import { walletMethod } from './leave-saga.ts'

/** Nobody's word, and no other payment, stands in for the money that the saga of an order from the wallet is about to hold. */
export function payOutsideSaga(order: Order, { now }: Pick<Deps, 'now'>, paymentId?: PaymentId): Decision {
  if (order.status === 'pending' && order.paymentMethod === walletMethod)
    return { reply: fail('order_not_payable', { reason: walletMethod }) }
  return pay(order, now(), paymentId)
}
