//! Checkouts as a resource that meet: one order and one charge for all who ask at once, by whatever door and in whatever words.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Http } from '../runtime/http.ts'
import { ask, post, type Told } from '../tests/harness/ask.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import type { Cart } from './fixture.ts'
import { byPost, byWallet, customer, refusal, shopper, startShop } from './shopper.fixture.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startShop()
  app = cart.httpDoor()
})
afterEach(() => cart.close())
const { fill, fillWhole, checkout, states } = shopper(() => cart)

describe('at the same time', () => {
  beforeEach(fillWhole)

  test('twenty with one key, or each with its own, or none, are one order and one charge, told to all', async () => {
    const told = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const key = i % 3 === 0 ? 'one' : `of-${i}`
        return checkout(byWallet, i % 3 === 2 ? {} : { 'idempotency-key': key })
      }),
    )
    expect(told.map(({ status, body }) => [status, body.id])).toEqual(told.map(() => [201, '1']))
    expect([cart.others.orders.length, cart.others.chargesOf(7)]).toEqual([1, 1])
    expect(await cart.lines(7)).toEqual([])
  })

  /** The others are asked while loms is being asked for the first, and loms is asked for them before it has answered. */
  async function meeting(first: () => Promise<Told>, ...others: (() => Promise<Told>)[]) {
    let joining: Promise<Told[]> | undefined
    const met = Promise.withResolvers<void>()
    let awaited = others.length
    cart.others.meanwhile = async (method) => {
      if (method !== 'PlaceCheckout') return
      if (joining !== undefined) {
        awaited -= 1
        if (awaited === 0) met.resolve()
        return
      }
      joining = Promise.all(others.map((ask) => ask()))
      await met.promise
    }
    const asked = await first()
    if (joining === undefined) throw new Error('loms was not asked')
    return { asked, joined: await joining }
  }

  test('whoever asks in other words, or by the RPC surface, gets the same order', async () => {
    const { asked: rest, joined } = await meeting(
      () => checkout(),
      () => checkout(byPost),
      () => post(app, '/cart/checkout', { user: 7 }),
    )
    expect([rest.status, ...joined.map(({ status }) => status)]).toEqual([201, 201, 200])
    expect(joined.map(({ body }) => body)).toEqual([rest.body, { orderID: 1 }])
    expect(rest.body.payment_method).toBe('wallet')
    expect(cart.others.orders).toHaveLength(1)
  })

  test('whoever finds one of the RPC surface is shown its order too', async () => {
    const { asked: rpc, joined } = await meeting(
      () => post(app, '/cart/checkout', { user: 7 }),
      () => checkout(),
    )
    expect(rpc.body).toEqual({ orderID: 1 })
    expect(joined).toMatchObject([
      { status: 201, body: { id: '1', payment_method: 'rpc', status: 'pending' } },
    ])
  })

  test('whoever expects another total than an old checkout is not refused for that', async () => {
    cart.others.products.set(2, { name: 'dearer', price: 100 })
    cart.others.fateOf = () => 'away'
    const key = { 'idempotency-key': 'old' }
    expect((await checkout({ ...byWallet, expected_total: '378.99' }, key)).status).toBe(503)
    cart.others.fateOf = () => 'answered'
    const anew = { ...byWallet, expected_total: '379.00' }
    expect((await checkout(anew, { 'idempotency-key': 'new' })).status).toBe(201)
    expect(await states()).toEqual(['abandoned', 'placed'])
    const old = await changingNothing(cart, () => checkout({ ...byWallet, expected_total: '378.99' }, key))
    expect(refusal(old)).toEqual({ status: 409, code: 'total_changed' })
  })

  test.each([
    ['another way of paying', (body: object) => checkout(body, { 'idempotency-key': 'new' }), byPost, 201],
    ['the RPC surface', () => post(app, '/cart/checkout', { user: 7 }), {}, 200],
  ])(
    'whoever comes by %s is not refused for want of money in the wallet of an old one',
    async (_, ask, body, status) => {
      cart.others.wallets.set('7', 1)
      cart.others.fateOf = () => 'answer lost'
      const key = { 'idempotency-key': 'old' }
      expect((await checkout(byWallet, key)).status).toBe(503)
      cart.others.fateOf = () => 'answered'
      expect((await ask(body)).status).toBe(status)
      expect([await states(), await cart.lines(7)]).toEqual([['refused', 'placed'], []])
      expect(refusal(await changingNothing(cart, () => checkout(byWallet, key)))).toEqual({
        status: 402,
        code: 'insufficient_funds',
      })
    },
  )

  test('whoever asks in the same words is told what became of an old one', async () => {
    cart.others.wallets.set('7', 1)
    cart.others.fateOf = () => 'answer lost'
    expect((await checkout()).status).toBe(503)
    cart.others.fateOf = () => 'answered'
    expect(refusal(await checkout())).toEqual({ status: 402, code: 'insufficient_funds' })
    expect(cart.others.orders).toHaveLength(1)
  })

  test('a line that is taken out and put in again stays: it is not the one that was ordered', async () => {
    cart.others.meanwhile = async (method) => {
      if (method !== 'PlaceCheckout') return
      cart.others.meanwhile = async () => undefined
      await ask(app, 'DELETE', '/api/v1/cart/items/1', { headers: customer })
      await fill(1, 1)
      await ask(app, 'PATCH', '/api/v1/cart/items/2', { body: { quantity: 4 }, headers: customer })
    }
    expect((await checkout()).status).toBe(201)
    expect(cart.others.placed[0]?.items.map(({ count }) => count)).toEqual([2, 1])
    expect(await cart.lines(7)).toEqual([
      [1, 1],
      [2, 3],
    ])
  })
})
