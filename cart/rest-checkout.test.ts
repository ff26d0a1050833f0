//! The checkout as a resource: the order that it answers with, every way in which there is none, and what stays in the cart.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { plusMs, toRfc3339 } from '../contracts/time.ts'
import type { Http } from '../runtime/http.ts'
import { ask, type Told } from '../tests/harness/ask.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, checkoutWindowMs } from './fixture.ts'
import { byPost, byWallet, customer, refusal, shopper, startShop, whole } from './shopper.fixture.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startShop()
  app = cart.httpDoor()
})
afterEach(() => cart.close())
const { fill, fillWhole, checkout, states } = shopper(() => cart)

describe('a checkout', () => {
  test('from the wallet is 201 with the confirmed order and where it is, and the cart is empty', async () => {
    await fillWhole()
    const { status, body, headers } = await checkout()
    expect({ status, location: headers.get('location') }).toEqual({
      status: 201,
      location: '/api/v1/orders/1',
    })
    expect(body).toMatchObject({
      id: '1',
      customer_id: '7',
      status: 'confirmed',
      payment_method: 'wallet',
      total: '378.99',
    })
    expect(await cart.lines(7)).toEqual([])
    expect(await states()).toEqual(['placed'])
    expect(cart.others.wallets.get('7')).toBe(500_00 - 378_99)
  })

  test('by another method is 201 with the order that waits for its payment', async () => {
    await fillWhole()
    const { status, body } = await checkout(byPost)
    expect([status, body]).toMatchObject([
      201,
      { id: '1', status: 'pending', payment_method: 'liqpay', delivery: byPost.delivery },
    ])
    expect(await cart.lines(7)).toEqual([])
    expect(cart.others.chargesOf(7)).toBe(0)
  })

  test('asks loms with everything that was said, and keeps it beside the snapshot', async () => {
    await fillWhole()
    await checkout({ ...byPost, expected_total: 378.99 })
    const [question] = cart.others.asked.filter(({ method }) => method === 'PlaceCheckout')
    const [row] = await cart.checkouts()
    expect(question?.request).toEqual({
      checkout_id: row?.id,
      user_id: 7,
      items: [
        { sku: 1, count: 2 },
        { sku: 2, count: 1 },
      ],
      not_after: toRfc3339(plusMs(cart.others.now(), checkoutWindowMs)),
      options: { ...byPost, expected_total: 37899 },
      show: true,
    })
    expect(row?.options).toEqual({
      delivery: byPost.delivery,
      paymentMethod: 'liqpay',
      expectedTotal: 37899,
    })
  })

  test('of an empty cart is 409 cart_empty', async () => {
    const said = await changingNothing(cart, () => checkout())
    expect(refusal(said)).toEqual({ status: 409, code: 'cart_empty' })
  })

  test('takes no promo code, and says so; nor what is no delivery, method or money', async () => {
    await fillWhole()
    for (const [wrong, path] of [
      [{ ...byWallet, promo_code: 'SUMMER20' }, '/promo_code'],
      [{ payment_method: 'wallet' }, '/delivery'],
      [{ delivery: { method: 'pickup' } }, '/payment_method'],
      [{ ...byWallet, payment_method: 'Wallet' }, '/payment_method'],
      [{ ...byWallet, payment_method: 'banana' }, '/payment_method'],
      [{ ...byWallet, delivery: { method: 'teleport' } }, '/delivery/method'],
      [{ ...byWallet, expected_total: '1.001' }, '/expected_total'],
      [{ ...byWallet, expected_total: 0.1 + 0.2 }, '/expected_total'],
      [{ ...byWallet, expected_total: -1 }, '/expected_total'],
      [{ ...byWallet, delivery: { method: 'courier', address: {} } }, '/delivery/address/city'],
      [{ ...byWallet, delivery: { method: 'courier' } }, '/delivery/address'],
    ] as const) {
      const said = await changingNothing(cart, () => checkout(wrong))
      const errors = said.body.errors as { path: string }[]
      expect({ path, ...refusal(said) }).toEqual({ path, status: 400, code: 'invalid_argument' })
      expect(errors[0]?.path).toBe(path)
    }
  })
})

describe('a checkout that is refused', () => {
  beforeEach(fillWhole)

  /** Asks; nothing of it is left but the answer. */
  async function isRefused(body: object = byWallet): Promise<Told> {
    const stock = new Map(cart.others.stock)
    const said = await checkout(body)
    expect(await cart.lines(7)).toEqual(whole)
    expect([cart.others.chargesOf(7), cart.others.stock]).toEqual([0, stock])
    return said
  }
  /** It stands in the way of nothing. */
  async function canBeBought() {
    expect((await checkout()).status).toBe(201)
    expect([await cart.lines(7), cart.others.chargesOf(7)]).toEqual([[], 1])
  }

  test('for want of money is 402 with the order that is kept as failed, and the cart is as it was', async () => {
    cart.others.wallets.set('7', 378_98)
    const said = await isRefused()
    expect(said).toMatchObject({ status: 402, body: { code: 'insufficient_funds', order_id: '1' } })
    cart.others.wallets.set('7', 378_99)
    await canBeBought()
    expect(await states()).toEqual(['refused', 'placed'])
  })

  test('for want of stock is 409 with that order and what was short, and the cart is as it was', async () => {
    cart.others.stock.set(1, 1)
    const said = await isRefused()
    expect(said).toMatchObject({
      status: 409,
      body: { code: 'insufficient_stock', order_id: '1', shortages: [{ sku: '1', wanted: 2, available: 1 }] },
    })
    cart.others.stock.set(1, 2)
    await canBeBought()
  })

  test('because it comes to another total is 409 with that total and no order, and the cart is as it was', async () => {
    cart.others.products.set(2, { name: 'dearer', price: 100 })
    const said = await isRefused({ ...byWallet, expected_total: '378.99' })
    expect(said).toMatchObject({
      status: 409,
      body: { code: 'total_changed', total: '379.00', currency: 'UAH' },
    })
    expect(cart.others.orders).toEqual([])
    expect((await checkout({ ...byWallet, expected_total: '379.00' })).status).toBe(201)
    expect(await states()).toEqual(['abandoned', 'placed'])
  })

  test('because something is not sold any more is 409 and names it, until it is taken out', async () => {
    cart.others.products.delete(2)
    const said = await isRefused()
    expect(said).toMatchObject({ status: 409, body: { code: 'unknown_sku', skus: ['2'] } })
    expect(cart.others.orders).toEqual([])
    await ask(app, 'DELETE', '/api/v1/cart/items/2', { headers: customer })
    await canBeBought()
  })
})

describe('a checkout of which nobody knows whether it can be paid', () => {
  beforeEach(async () => {
    await fillWhole()
    cart.others.billingAnswers = false
  })

  test('is 202 with the order and where it is; it has left the cart, and the next cart is another order', async () => {
    const { status, body, headers } = await checkout()
    expect({ status, location: headers.get('location'), order: body.status }).toEqual({
      status: 202,
      location: '/api/v1/orders/1',
      order: 'pending',
    })
    expect([await cart.lines(7), await states()]).toEqual([[], ['placed']])
    expect(refusal(await checkout())).toEqual({ status: 409, code: 'cart_empty' })
    await fill(2, 1)
    cart.others.decide()
    expect((await checkout()).body).toMatchObject({ id: '2', status: 'confirmed' })
    expect(cart.others.chargesOf(7)).toBe(2)
  })

  test('tells its key the same again, whatever became of the order', async () => {
    const key = { 'idempotency-key': 'k' }
    const first = await checkout(byWallet, key)
    cart.others.decide()
    const again = await changingNothing(cart, () => checkout(byWallet, key))
    expect([again.status, again.text, again.headers.get('location')]).toEqual([
      202,
      first.text,
      '/api/v1/orders/1',
    ])
    expect(cart.others.chargesOf(7)).toBe(1)
  })
})
