//! What the resources let a customer say of an order: how it is paid, and how it gets to them. Services among themselves stay open to newer words.
import { Type } from '@sinclair/typebox'
import { type Failure, invalidAt } from './errors.ts'
import { PhoneSchema, writtenText } from './rest.ts'
import { type Address, AddressSchema, type Delivery, DeliverySchema } from './rpc/delivery.ts'

/** The wallet, and the providers of payments. */
export const paymentMethods = ['wallet', 'liqpay', 'monobank', 'privatbank', 'stripe', 'fondy'] as const
export const PaymentMethodSchema = Type.Union(paymentMethods.map((method) => Type.Literal(method)))

/** By ourselves, and by the carriers. */
export const deliveryMethods = ['pickup', 'courier', 'nova_poshta', 'meest', 'ukrposhta', 'justin'] as const
/** Where somebody can be found and called: what services tell each other may be older, and stays as it was taken. */
export const AddressRequest = Type.Object({
  ...AddressSchema.properties,
  city: writtenText(200),
  address: writtenText(500),
  phone: PhoneSchema,
})

export const DeliveryRequest = Type.Object({
  ...DeliverySchema.properties,
  address: Type.Optional(AddressRequest),
  method: Type.Union(deliveryMethods.map((method) => Type.Literal(method))),
  pickup_point: Type.Optional({
    ...DeliverySchema.properties.pickup_point,
    description:
      'Of `pickup`: an id of `GET /api/v1/pickup-points`. Left out, it is the first of them; which one it became is told by `GET /api/v1/order/{id}/delivery`, and the order shows what was said.',
  }),
})

/** What the schema cannot say: a courier needs an address, which may be said of the order as a whole. */
export function refuseUnaddressed(
  { method, address }: Pick<Delivery, 'method' | 'address'>,
  shippingAddress?: Address,
): Failure | undefined {
  if (method !== 'courier' || address !== undefined || shippingAddress !== undefined) return undefined
  return invalidAt('/delivery/address', 'is required for a courier')
}
