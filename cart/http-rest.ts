//! cart's resources under `/api/v1` (document E): the cart of whoever is signed in, and its checkout.
import { type Static, Type } from '@sinclair/typebox'
import { invalidAt, ok, type Result } from '../contracts/errors.ts'
import type { ProductId, Sku } from '../contracts/ids.ts'
import { defaultCurrency, money, times, toDecimal } from '../contracts/money.ts'
import { DeliveryRequest, PaymentMethodSchema, refuseUnaddressed } from '../contracts/order-request.ts'
import { OrderView } from '../contracts/order-view.ts'
import {
  AmountSchema,
  amountOf,
  DecimalSchema,
  ItemSchema,
  refusedInText,
  SkuParams,
  skuOf,
} from '../contracts/rest.ts'
import { CountSchema } from '../contracts/scalars.ts'
import { mapAnswer } from '../runtime/call.ts'
import { accountBehind, type Http, type HttpAnswer } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import type { CheckoutOptions } from './domain/checkout-options.ts'
import type { Purchase } from './domain/outcome.ts'
import { addItem } from './operations/add-item.ts'
import type { Named, NamedLine } from './operations/ask-offer.ts'
import { checkout, type UnderWay } from './operations/checkout.ts'
import { clearCart } from './operations/clear-cart.ts'
import { deleteItem } from './operations/delete-item.ts'
import { type ListedCart, listCart } from './operations/list-cart.ts'
import { setQuantity } from './operations/set-quantity.ts'

const tags = ['cart']

const lineExample = {
  sku: '2001',
  product_id: 'prod_2001',
  name: 'Кава «Ранок», 250 г',
  price: '189.00',
  quantity: 2,
  subtotal: '378.00',
}

const LineView = Type.Object(
  {
    sku: Type.String({ pattern: '^[1-9][0-9]*$' }),
    /** Absent where the catalogue is somebody else's. */
    product_id: Type.Optional(Type.String()),
    name: Type.String(),
    price: DecimalSchema,
    quantity: CountSchema,
    subtotal: DecimalSchema,
  },
  { examples: [lineExample] },
)
type LineView = Static<typeof LineView>

const CartView = Type.Object(
  { items: Type.Array(LineView), total: DecimalSchema, currency: Type.String({ examples: ['UAH'] }) },
  { examples: [{ items: [lineExample], total: '378.00', currency: 'UAH' }] },
)

export function rest(app: Http, deps: Deps & { readonly underWay: UnderWay }): void {
  app.get('/api/v1/cart', {
    summary: 'What is in your cart',
    description:
      'By SKU, with the names and prices of this moment; what the order will cost is decided at checkout. A line whose product is no longer sold is left out, and stays in the cart until it is deleted.',
    tags,
    guard: 'signed_in',
    reply: CartView,
    refusals: ['catalog_unavailable', 'total_out_of_range'],
    run: async (call, { identity }) =>
      mapAnswer(await listCart(deps, call, { userId: accountBehind(identity) }), cartView),
  })

  app.post('/api/v1/cart/items', {
    summary: 'Put pieces of a product into your cart',
    description:
      'The same product adds up, and the sum is what is checked against stock. Nothing is reserved before checkout. The answer is the line as it stands.',
    tags,
    guard: 'signed_in',
    body: ItemSchema,
    reply: LineView,
    refusals: [
      'unknown_sku',
      'insufficient_stock',
      'cart_full',
      'count_too_large',
      'cart_total_too_large',
      'catalog_unavailable',
      'stock_unavailable',
    ],
    changesState: true,
    run: async (call, body, { identity }) => {
      const named = nameOf(body)
      if (!named.ok) return named
      const request = { ...named.value, userId: accountBehind(identity), quantity: body.quantity }
      return refusedInText(mapAnswer(await addItem(deps, call, request), lineView))
    },
  })

  app.patch('/api/v1/cart/items/:sku', {
    summary: 'Say how many pieces of a SKU are in your cart',
    description: 'More than before is checked against stock, fewer are always to be had.',
    tags,
    guard: 'signed_in',
    params: SkuParams,
    body: Type.Object({ quantity: CountSchema }, { examples: [{ quantity: 3 }] }),
    reply: LineView,
    refusals: [
      'cart_line_not_found',
      'unknown_sku',
      'insufficient_stock',
      'cart_total_too_large',
      'catalog_unavailable',
      'stock_unavailable',
    ],
    changesState: true,
    run: async (call, { quantity }, { params, identity }) => {
      const request = { userId: accountBehind(identity), sku: params.sku as Sku, quantity }
      return refusedInText(mapAnswer(await setQuantity(deps, call, request), lineView))
    },
  })

  app.delete('/api/v1/cart/items/:sku', {
    summary: 'Take a SKU out of your cart',
    description: 'One that is not in it is done already.',
    tags,
    guard: 'signed_in',
    params: SkuParams,
    reply: Type.Object({}),
    status: 204,
    changesState: true,
    run: async (call, _, { params, identity }) =>
      mapAnswer(
        await deleteItem(deps, call, { userId: accountBehind(identity), sku: params.sku as Sku }),
        () => ({}),
      ),
  })

  app.delete('/api/v1/cart', {
    summary: 'Empty your cart',
    tags,
    guard: 'signed_in',
    reply: Type.Object({}),
    status: 204,
    changesState: true,
    run: async (call, _, { identity }) =>
      mapAnswer(await clearCart(deps, call, { userId: accountBehind(identity) }), () => ({})),
  })

  app.post('/api/v1/cart/checkout', {
    summary: 'Make an order of your cart',
    description:
      'One purchase however often it is asked at once: whoever asks meanwhile, in whatever words, gets the same order. With `expected_total`, what the customer was shown, a cart that comes to anything else is refused. `wallet` is paid at once; any other payment method leaves an order that waits for its payment. Refused, the cart is as it was. 202 where a payment from the wallet is not decided yet: the order has left the cart, and the one behind Location tells what becomes of it.',
    tags,
    guard: 'signed_in',
    body: Type.Object(
      {
        delivery: DeliveryRequest,
        payment_method: PaymentMethodSchema,
        expected_total: Type.Optional(AmountSchema),
      },
      {
        examples: [{ delivery: { method: 'pickup' }, payment_method: 'wallet' }],
      },
    ),
    reply: OrderView,
    status: [201, 202],
    refusals: [
      'cart_empty',
      'unknown_sku',
      'total_changed',
      'insufficient_stock',
      'insufficient_funds',
      'delivery_refused',
      'total_out_of_range',
      'in_progress',
      'unavailable',
    ],
    changesState: true,
    isLastStep: true,
    run: async (call, body, { identity }) => {
      const options = optionsOf(body)
      if (!options.ok) return options
      const answer = await checkout(deps, call, { userId: accountBehind(identity), options: options.value })
      return answer.ok ? orderAnswer(answer, answer.value) : refusedInText(answer)
    },
  })
}

function nameOf({ sku, product_id }: Static<typeof ItemSchema>): Result<Named> {
  if ((sku === undefined) === (product_id === undefined))
    return invalidAt('', 'must have a sku or a product_id, and not both')
  return ok(sku === undefined ? { productId: product_id as ProductId } : { sku: skuOf(sku) })
}

function lineView({ sku, id, name, price: amount, quantity }: NamedLine): LineView {
  const price = money(amount, defaultCurrency)
  return {
    sku: String(sku),
    ...(id !== undefined && { product_id: id }),
    name,
    price: toDecimal(price),
    quantity,
    subtotal: toDecimal(times(price, quantity)),
  }
}

const cartView = ({ lines, totalPrice }: ListedCart): Static<typeof CartView> => ({
  items: lines.map(lineView),
  total: toDecimal(money(totalPrice, defaultCurrency)),
  currency: defaultCurrency,
})

type CheckoutBody = Pick<CheckoutOptions, 'delivery'> & {
  readonly payment_method: string
  readonly expected_total?: number | string
}

function optionsOf({ delivery, payment_method, expected_total }: CheckoutBody): Result<CheckoutOptions> {
  const unaddressed = refuseUnaddressed(delivery)
  if (unaddressed !== undefined) return unaddressed
  const options = { delivery, paymentMethod: payment_method }
  if (expected_total === undefined) return ok(options)
  const expected = amountOf(expected_total, defaultCurrency)
  if (expected === undefined) return invalidAt('/expected_total', 'must be money with at most two decimals')
  return ok({ ...options, expectedTotal: expected.amount })
}

function orderAnswer(answer: HttpAnswer<Purchase>, { order, isOpen }: Purchase): HttpAnswer<OrderView> {
  // Asked for by every question that a call of this surface leads to; a loms that does not know of it is too old.
  if (order === undefined) throw new Error('loms did not show the order of a checkout')
  const headers = { location: `/api/v1/orders/${order.id}` }
  return { ...answer, ok: true, value: order, status: isOpen ? 202 : 201, headers }
}
