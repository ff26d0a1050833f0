//! What billing tells the others when money moves: pure, from the hold or the top-up to its fact.
import {
  PaymentCompleted,
  PaymentRefunded,
  WalletCharged,
  WalletHeld,
  WalletRefused,
  WalletToppedUp,
} from '../contracts/events/billing.ts'
import type { Money } from '../contracts/money.ts'
import { int64ToJson } from '../contracts/scalars.ts'
import { type Instant, toRfc3339 } from '../contracts/time.ts'
import { type Fact, fact } from '../runtime/messages/outbox.ts'
import type { Asked, AskedHold, HoldKey, HoldState } from './domain/hold.ts'
import type { WalletKey } from './domain/wallet.ts'

const moneyFields = ({ amount, currency }: Money) => ({ amount, currency })

type AskedMoney = HoldKey & Pick<Asked, 'userId' | 'amount'>

const orderFields = ({ orderId, userId, tenantId, amount }: AskedMoney, moment: Instant) => ({
  order_id: int64ToJson(orderId),
  user_id: int64ToJson(userId),
  tenant_id: tenantId,
  ...moneyFields(amount),
  moment: toRfc3339(moment),
})

/** The order cannot be paid from the wallet. */
export const refusedFact = (asked: AskedMoney, moment: Instant): Fact =>
  fact(WalletRefused, String(asked.orderId), { ...orderFields(asked, moment), reason: 'insufficient_funds' })

const paymentFields = ({ asked, ...key }: AskedHold, moment: Instant) => ({
  ...orderFields({ ...key, ...asked }, moment),
  payment_id: asked.paymentId,
  provider: 'wallet',
})

/** The money of an order that waits for it was taken. */
export const completedFact = (hold: AskedHold, moment: Instant): Fact =>
  fact(PaymentCompleted, String(hold.orderId), paymentFields(hold, moment))

/** What a hold that has come to its state is announced by; giving money back that was never taken is nobody's news. */
export function holdFacts(hold: AskedHold, moment: Instant): Fact[] {
  const key = String(hold.orderId)
  const asked = { ...hold, ...hold.asked }
  const fields = orderFields(asked, moment)
  const byState: Record<HoldState, () => Fact[]> = {
    held: () => [fact(WalletHeld, key, fields)],
    refused: () => [refusedFact(asked, moment)],
    captured: () => [fact(WalletCharged, key, fields)],
    voided: () => [],
    refunded: () => [fact(PaymentRefunded, key, paymentFields(hold, moment))],
  }
  return byState[hold.state]()
}

/** Facts of one wallet are told in their order. */
export function toppedUpFact({ tenantId, userId }: WalletKey, amount: Money, moment: Instant): Fact {
  return fact(WalletToppedUp, String(userId), {
    user_id: int64ToJson(userId),
    tenant_id: tenantId,
    ...moneyFields(amount),
    moment: toRfc3339(moment),
  })
}
