//! Billing's fact `payment.completed`: the order is paid, or does not take the money and says so.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { PaymentCompleted } from '../../contracts/events/billing.ts'
import type { DataOf } from '../../contracts/events/define.ts'
import type { PaymentId, TenantId } from '../../contracts/ids.ts'
import { orderIdOf, userIdOf } from '../../contracts/scalars.ts'
import type { Deps } from '../deps.ts'
import { type Decision, type Order, totalOf } from '../domain/order.ts'
import { paymentRefusedFact } from '../facts.ts'
import type { Tx } from '../store/schema.ts'
import { type Changed, changeOrder } from './change-order.ts'
import { payOutsideSaga } from './pay-outside-saga.ts'

type Payment = DataOf<typeof PaymentCompleted>

/**
 * Runs in the reader's transaction. Refused as `order/pay` refuses, with `order_not_found` where it is not its user's, with
 * `total_changed` where it is not what the order costs, and also where the order is paid already. Whatever is refused is told
 * in the same transaction, so that it is given back. Told of a payment that the order took, it changes nothing, whatever has
 * become of the order since.
 */
export async function recordPayment(
  tx: Tx,
  deps: Deps,
  { data, traceparent = '' }: { readonly data: Payment; readonly traceparent?: string | undefined },
): Promise<Changed> {
  const call = { tenantId: data.tenant_id as TenantId, traceparent }
  const decide = (order: Order) => takePayment(order, data, deps)
  const owner = { ownerId: userIdOf(data.user_id) }
  const changed = await changeOrder(tx, deps, call, orderIdOf(data.order_id), decide, owner)
  const reason = refusalIn(changed.reply)
  if (reason !== undefined) await deps.announce(tx, call, [paymentRefusedFact(data, reason, deps.now())])
  return changed
}

function takePayment(
  order: Order,
  { payment_id, amount, currency }: Payment,
  deps: Pick<Deps, 'now'>,
): Decision {
  const paymentId = payment_id as PaymentId
  if (order.paymentId === paymentId) return { reply: ok(undefined) }
  if (order.status !== 'pending') return { reply: fail('order_not_payable', { reason: order.status }) }
  const total = totalOf(order.lines, order.currency)
  if (total?.amount !== amount || total.currency !== currency) return { reply: fail('total_changed') }
  return payOutsideSaga(order, deps, paymentId)
}

const refusalIn = (reply: Result<void>): string | undefined =>
  reply.ok ? undefined : String(reply.error.details?.reason ?? reply.error.code)
