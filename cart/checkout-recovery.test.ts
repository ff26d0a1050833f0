//! Checkouts that died on their way: what the clock, the next call or the next process makes of them.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PlaceCheckout } from '../contracts/rpc/loms.ts'
import { post, type Told } from '../tests/harness/ask.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import type { Fate } from '../tests/harness/stand-in.ts'
import { type Cart, checkoutWindowMs, startCart } from './fixture.ts'
import { Others } from './others.fixture.ts'

let others: Others
beforeEach(() => {
  others = new Others()
  others.offer([1, 250, 100])
})

const withKey = { 'idempotency-key': 'k' }
const checkout = (cart: Cart, headers: Record<string, string> = {}, user = 7) =>
  post(cart.httpDoor(), '/cart/checkout', { user }, headers)
async function fill(cart: Cart, count = 2, user = 7) {
  expect((await post(cart.httpDoor(), '/cart/item/add', { user, sku: 1, count })).status).toBe(200)
}
const states = async (cart: Cart) => (await cart.checkouts()).map(({ state }) => state)
const replayOf = ({ headers }: Told) => headers.get('idempotent-replayed')

describe('settling what is overdue', () => {
  let cart: Cart
  beforeEach(async () => {
    cart = await startCart({ others })
  })
  afterEach(() => cart.close())

  /** Leaves a checkout behind, with a key, of which cart does not know what became. */
  async function leftBehind(fate: Fate) {
    await fill(cart)
    others.fateOf = () => fate
    expect((await checkout(cart, withKey)).status).toBe(503)
    others.fateOf = () => 'answered'
  }

  test('finds an order that was made, takes it out of the cart and answers its key', async () => {
    await leftBehind('answer lost')
    others.pass(checkoutWindowMs)
    expect(await cart.settle()).toBe(1)
    expect([await states(cart), await cart.lines(7)]).toEqual([['placed'], []])
    const again = await changingNothing(cart, () => checkout(cart, withKey))
    expect([again.status, again.body, replayOf(again)]).toEqual([200, { orderID: 1 }, 'true'])
    expect(others.orders).toHaveLength(1)
  })

  test('finds an order that failed, leaves the cart as it was and answers its key', async () => {
    await fill(cart)
    others.stock.set(1, 1)
    others.fateOf = () => 'answer lost'
    await checkout(cart, withKey)
    others.fateOf = () => 'answered'
    others.pass(checkoutWindowMs)
    expect(await cart.settle()).toBe(1)
    expect([await states(cart), await cart.lines(7)]).toEqual([['refused'], [[1, 2]]])
    const again = await changingNothing(cart, () => checkout(cart, withKey))
    expect([again.status, again.body.code, replayOf(again)]).toEqual([412, 'insufficient_stock', 'true'])
  })

  test('finds that there is no order and that there will be none: the cart and the key are free', async () => {
    await leftBehind('question lost')
    others.pass(checkoutWindowMs)
    expect(await cart.settle()).toBe(1)
    expect([await states(cart), await cart.lines(7)]).toEqual([['abandoned'], [[1, 2]]])
    // A question that was only slow comes in after all, and makes nothing.
    const late = others.asked.find(({ method }) => method === 'PlaceCheckout')
    expect(await others.ask(PlaceCheckout, {}, late?.request as never)).toMatchObject({
      error: { code: 'checkout_expired' },
    })
    const again = await checkout(cart, withKey)
    expect([again.status, again.body, replayOf(again)]).toEqual([200, { orderID: 1 }, null])
  })

  test('leaves alone what may still become an order', async () => {
    await leftBehind('answer lost')
    others.pass(checkoutWindowMs - 1)
    expect(await changingNothing(cart, () => cart.settle())).toBe(0)
    expect(others.countOf('SettleCheckout')).toBe(0)
  })

  test('is tried again when loms does not answer, and has nothing to do once it is done', async () => {
    await leftBehind('answer lost')
    others.pass(checkoutWindowMs)
    others.fateOf = () => 'away'
    expect(await changingNothing(cart, () => cart.settle())).toBe(0)
    others.fateOf = () => 'answer lost'
    expect(await changingNothing(cart, () => cart.settle())).toBe(0)
    others.fateOf = () => 'answered'
    expect(await cart.settle()).toBe(1)
    expect(await changingNothing(cart, () => cart.settle())).toBe(0)
  })

  test('gets through any number of them', async () => {
    others.stock.set(1, 1000)
    const users = Array.from({ length: 70 }, (_, index) => index + 1)
    for (const user of users) await fill(cart, 1, user)
    others.fateOf = () => 'answer lost'
    await Promise.all(users.map((user) => checkout(cart, {}, user)))
    others.fateOf = () => 'answered'
    others.pass(checkoutWindowMs)
    while ((await cart.settle()) > 0);
    expect(new Set(await states(cart))).toEqual(new Set(['placed']))
    expect((await Promise.all(users.map((user) => cart.lines(user)))).flat()).toEqual([])
  })

  test('at the moment of the next call is one order and one answer', async () => {
    await leftBehind('answer lost')
    others.pass(checkoutWindowMs)
    const [said, settled] = await Promise.all([checkout(cart, withKey), cart.settle()])
    expect([said.status, said.body, settled]).toEqual([200, { orderID: 1 }, 1])
    expect([await states(cart), await cart.lines(7)]).toEqual([['placed'], []])
    expect((await checkout(cart, withKey)).text).toBe(said.text)
  })
})

describe('after a crash between the two transactions', () => {
  let folder: string
  let url: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kiosk-cart-'))
    url = `sqlite:${join(folder, 'cart.sqlite')}`
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** A process that dies while it asks loms, and the one that is started after it. */
  async function crash(fate: Fate, headers: Record<string, string>): Promise<Cart> {
    const dying = await startCart({ others, url })
    await fill(dying)
    others.fateOf = () => fate
    expect((await checkout(dying, headers)).status).toBe(500)
    await dying.close()
    others.fateOf = () => 'answered'
    const next = await startCart({ others, url })
    expect([await states(next), await next.lines(7)]).toEqual([['open'], [[1, 2]]])
    return next
  }

  const cases = [
    ['before loms had heard of it', 'asker dies before'],
    ['when loms had made the order', 'asker dies after'],
  ] as const
  for (const [when, fate] of cases) {
    for (const headers of [{}, withKey]) {
      const how = headers === withKey ? 'with the same key' : 'without a key'
      test(`${when}, the next call ${how} completes it: one order`, async () => {
        await using next = disposable(await crash(fate, headers))
        expect((await checkout(next.cart, headers)).body).toEqual({ orderID: 1 })
        expect(others.orders).toHaveLength(1)
        expect([await states(next.cart), await next.cart.lines(7)]).toEqual([['placed'], []])
      })
    }

    test(`${when}, a call with another key completes it and answers both keys`, async () => {
      await using next = disposable(await crash(fate, withKey))
      const other = { 'idempotency-key': 'another' }
      expect((await checkout(next.cart, other)).body).toEqual({ orderID: 1 })
      for (const headers of [withKey, other]) {
        const again = await changingNothing(next.cart, () => checkout(next.cart, headers))
        expect([again.status, again.body, replayOf(again)]).toEqual([200, { orderID: 1 }, 'true'])
      }
    })

    test(`${when}, settling completes it and answers its key`, async () => {
      await using next = disposable(await crash(fate, withKey))
      others.pass(checkoutWindowMs)
      expect(await next.cart.settle()).toBe(1)
      const made = fate === 'asker dies after'
      expect(await states(next.cart)).toEqual([made ? 'placed' : 'abandoned'])
      const again = await checkout(next.cart, withKey)
      expect([again.body, replayOf(again)]).toEqual([{ orderID: 1 }, made ? 'true' : null])
      expect(others.orders).toHaveLength(1)
    })
  }
})

const disposable = (cart: Cart) => ({ cart, [Symbol.asyncDispose]: () => cart.close() })
