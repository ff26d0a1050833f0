//! Every fact `billing` tells the others. Amounts are minor units.
import { Type } from '@sinclair/typebox'
import { Int64Schema } from '../scalars.ts'
import { defineEvent, defineStream } from './define.ts'

const walletFields = {
  user_id: Int64Schema,
  tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
  amount: Type.Integer({ minimum: 1 }),
  currency: Type.String(),
  moment: Type.String(),
}
const orderFields = { ...walletFields, order_id: Int64Schema }

export const WalletToppedUp = defineEvent('wallet.topped_up', Type.Object(walletFields))

/** Money is set aside for an order. */
export const WalletHeld = defineEvent('wallet.held', Type.Object(orderFields))

/** Money for an order could not be set aside. */
export const WalletRefused = defineEvent(
  'wallet.refused',
  Type.Object({ ...orderFields, reason: Type.Literal('insufficient_funds') }),
)

/** A hold became a charge. */
export const WalletCharged = defineEvent('wallet.charged', Type.Object(orderFields))

const paymentFields = {
  ...orderFields,
  payment_id: Type.String(),
  provider: Type.String({ examples: ['wallet'] }),
}

/** An order that waited for its money has been charged. */
export const PaymentCompleted = defineEvent('payment.completed', Type.Object(paymentFields))

export const PaymentRefunded = defineEvent('payment.refunded', Type.Object(paymentFields))

export const billingEvents = [
  WalletToppedUp,
  WalletHeld,
  WalletRefused,
  WalletCharged,
  PaymentCompleted,
  PaymentRefunded,
] as const
export const billingStream = defineStream({ service: 'billing', subjects: ['payment.>', 'wallet.>'] })
