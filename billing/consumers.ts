//! Every fact billing listens to, and the operation each one calls.
import { ok } from '../contracts/errors.ts'
import { UserRegistered } from '../contracts/events/accounts.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderPaymentRefused,
  OrderRejected,
} from '../contracts/events/loms.ts'
import type { PaymentId, TenantId } from '../contracts/ids.ts'
import { orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { type Handler, on } from '../runtime/messages/handler.ts'
import type { Deps } from './deps.ts'
import { captureConfirmedOrder } from './operations/capture-confirmed-order.ts'
import { holdCreatedOrder } from './operations/hold-created-order.ts'
import { openWallet } from './operations/open-wallet.ts'
import { refundPayment } from './operations/refund-payment.ts'
import { returnMoney } from './operations/return-money.ts'
import type { Tables } from './store/schema.ts'

export const accountsFacts = (deps: Deps): Handler<Tables>[] => [
  on<Tables, typeof UserRegistered>(UserRegistered, async (tx, { data }) => {
    const owner = { tenantId: data.tenant_id as TenantId, userId: userIdOf(data.user_id) }
    return ok(await openWallet(tx, deps, owner))
  }),
]

export const lomsFacts = (deps: Deps): Handler<Tables>[] => [
  on<Tables, typeof OrderCreated>(OrderCreated, (tx, fact) =>
    holdCreatedOrder(tx, deps, causeOf(fact), fact.data),
  ),
  on<Tables, typeof OrderConfirmed>(OrderConfirmed, (tx, fact) =>
    captureConfirmedOrder(tx, deps, causeOf(fact), orderOf(fact.data)),
  ),
  on<Tables, typeof OrderCancelled>(OrderCancelled, (tx, fact) =>
    returnMoney(tx, deps, causeOf(fact), orderOf(fact.data)),
  ),
  on<Tables, typeof OrderRejected>(OrderRejected, (tx, fact) =>
    returnMoney(tx, deps, causeOf(fact), orderOf(fact.data)),
  ),
  on<Tables, typeof OrderPaymentRefused>(OrderPaymentRefused, (tx, fact) => {
    const payment = { ...orderOf(fact.data), paymentId: fact.data.payment_id as PaymentId }
    return refundPayment(tx, deps, causeOf(fact), payment)
  }),
]

type About = {
  readonly order_id: number | string
  readonly user_id: number | string
  readonly tenant_id: string
}

const orderOf = (data: About) => ({
  tenantId: data.tenant_id as TenantId,
  orderId: orderIdOf(data.order_id),
  userId: userIdOf(data.user_id),
})

/** What we announce because of a fact belongs to the trace that the fact belongs to. */
const causeOf = (fact: { readonly data: About; readonly traceparent?: string | undefined }) => ({
  tenantId: fact.data.tenant_id as TenantId,
  traceparent: fact.traceparent,
})
