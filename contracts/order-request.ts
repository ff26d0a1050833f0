//! What the resources let a customer say of an order: how it is paid, and how it gets to them. Services among themselves stay open to newer words.
import { Type } from '@sinclair/typebox'
import { DeliverySchema } from './rpc/delivery.ts'

/** The wallet, and the providers of payments. */
export const paymentMethods = ['wallet', 'liqpay', 'monobank', 'privatbank', 'stripe', 'fondy'] as const
export const PaymentMethodSchema = Type.Union(paymentMethods.map((method) => Type.Literal(method)))

/** By ourselves, and by the carriers. */
export const deliveryMethods = ['pickup', 'courier', 'nova_poshta', 'meest', 'ukrposhta', 'justin'] as const
export const DeliveryRequest = Type.Object({
  ...DeliverySchema.properties,
  method: Type.Union(deliveryMethods.map((method) => Type.Literal(method))),
})
