//! What a customer says at checkout beside what is in the cart.
import type { Delivery } from '../../contracts/rpc/delivery.ts'

export type CheckoutOptions = {
  readonly delivery: Delivery
  /** `wallet` is paid at once; any other waits for its money. */
  readonly paymentMethod: string
  /** Minor units: what they were told that it costs. */
  readonly expectedTotal?: number
}
