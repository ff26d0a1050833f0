//! What loms says of an order, held against what somebody wants to charge for it. Pure.
import { type Failure, fail } from '../../contracts/errors.ts'
import type { ReplyOf } from '../../contracts/rpc/define.ts'
import type { GetOrderState } from '../../contracts/rpc/loms.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import type { Asked, Hold } from './hold.ts'

export type OrderState = ReplyOf<typeof GetOrderState>

/** Whether the order has been told what came of its payment: that stays so, whatever has become of the order by now. */
export function isDecided(held: Hold | undefined): boolean {
  switch (held?.state) {
    case 'captured':
    case 'refunded':
    case 'refused':
      return true
    case 'held':
    case 'voided':
    case undefined:
      return false
  }
}

/** Why it may not be charged now; undefined where it may. Another's order is not there. */
export function refuseCharge(
  order: OrderState,
  { userId, amount }: Omit<Asked, 'paymentId'>,
  held: Hold | undefined,
): Failure | undefined {
  if (userIdOf(order.user_id) !== userId) return fail('order_not_found')
  if (order.total !== amount.amount || order.currency !== amount.currency) return fail('total_changed')
  switch (order.status) {
    case 'pending':
      // Charged before its saga has confirmed it, it would be charged also where it cannot be had.
      return order.payment_method === 'wallet' ? notPayable('wallet') : undefined
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
      // Paid with what is held for it, or otherwise.
      return held?.state === 'held' ? undefined : notPayable(order.status)
    case 'failed':
    case 'cancelled':
    case 'refunded':
      return notPayable(order.status)
  }
}

const notPayable = (reason: string): Failure => fail('order_not_payable', { reason })
