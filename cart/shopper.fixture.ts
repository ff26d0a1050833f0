//! For tests: somebody with money who fills a cart and checks it out, by its resources.
import { ask, type Told } from '../tests/harness/ask.ts'
import { as } from '../tests/harness/doors.ts'
import { type Cart, startCart } from './fixture.ts'

export const customer = as('customer-7')
export const byWallet = { delivery: { method: 'pickup' }, payment_method: 'wallet' }
export const byPost = { delivery: { method: 'pickup', pickup_point: 'one' }, payment_method: 'liqpay' }
/** What a cart is filled with: `[sku, quantity]`. It comes to 378.99. */
export const whole: [number, number][] = [
  [1, 2],
  [2, 1],
]
export const refusal = ({ status, body }: Told) => ({ status, code: body.code })

export async function startShop(): Promise<Cart> {
  const cart = await startCart()
  cart.others.offer([1, 18900, 10], [2, 99, 100])
  cart.others.wallets.set('7', 500_00)
  return cart
}

/** What the customer does, with whichever cart is there when it is done. */
export function shopper(cart: () => Cart) {
  const fill = async (sku: number, quantity: number) => {
    const line = { body: { sku, quantity }, headers: customer }
    const said = await ask(cart().httpDoor(), 'POST', '/api/v1/cart/items', line)
    if (said.status !== 200) throw new Error(`not put into the cart: ${said.text}`)
  }
  return {
    fill,
    fillWhole: async () => {
      for (const [sku, quantity] of whole) await fill(sku, quantity)
    },
    checkout: (body: object = byWallet, headers: Record<string, string> = {}) =>
      ask(cart().httpDoor(), 'POST', '/api/v1/cart/checkout', { body, headers: { ...customer, ...headers } }),
    states: async () => (await cart().checkouts()).map(({ state }) => state),
  }
}
