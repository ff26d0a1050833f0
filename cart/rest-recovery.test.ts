//! Checkouts from the wallet that died on their way: never two orders or two charges, and the cart agrees with the order.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, type Told } from '../tests/harness/ask.ts'
import { as } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import type { Fate } from '../tests/harness/stand-in.ts'
import { type Cart, checkoutWindowMs, startCart } from './fixture.ts'
import { Others } from './others.fixture.ts'

let others: Others
let folder: string
let url: string
beforeEach(() => {
  others = new Others()
  others.offer([1, 250, 100])
  others.wallets.set('7', 1000)
  folder = mkdtempSync(join(tmpdir(), 'kiosk-cart-'))
  url = `sqlite:${join(folder, 'cart.sqlite')}`
})
afterEach(() => rmSync(folder, { recursive: true }))

const headers = as('customer-7')
const key = { 'idempotency-key': 'k' }
const body = { delivery: { method: 'pickup' }, payment_method: 'wallet', expected_total: '5.00' }
const checkout = (cart: Cart, more: Record<string, string> = {}) =>
  ask(cart.httpDoor(), 'POST', '/api/v1/cart/checkout', { body, headers: { ...headers, ...more } })
const states = async (cart: Cart) => (await cart.checkouts()).map(({ state }) => state)
const replayOf = ({ headers }: Told) => headers.get('idempotent-replayed')

/** A process that dies while it asks loms, and the one that is started after it. */
async function crash(fate: Fate, more: Record<string, string> = key): Promise<Cart & AsyncDisposable> {
  const dying = await startCart({ others, url })
  const line = { body: { sku: 1, quantity: 2 }, headers }
  expect((await ask(dying.httpDoor(), 'POST', '/api/v1/cart/items', line)).status).toBe(200)
  others.fateOf = () => fate
  expect((await checkout(dying, more)).status).toBe(500)
  await dying.close()
  others.fateOf = () => 'answered'
  const next = await startCart({ others, url })
  expect([await states(next), await next.lines(7)]).toEqual([['open'], [[1, 2]]])
  return { ...next, [Symbol.asyncDispose]: () => next.close() }
}

/** The key has its answer, and no effect any more. */
async function replays(cart: Cart, expected: { status: number; body: object }) {
  const orders = others.orders.length
  const again = await changingNothing(cart, () => checkout(cart, key))
  expect(again).toMatchObject(expected)
  expect([replayOf(again), others.orders.length]).toEqual(['true', orders])
}

const paid = { status: 201, body: { id: '1', status: 'confirmed' } }
const open = { status: 202, body: { id: '1', status: 'pending' } }
const poor = { status: 402, body: { code: 'insufficient_funds', order_id: '1' } }

for (const [when, fate] of [
  ['before loms had heard of it', 'asker dies before'],
  ['when loms had made the order', 'asker dies after'],
] as const) {
  const made = fate === 'asker dies after'

  describe(`a process that died ${when}`, () => {
    test('is gone on for by whoever asks next with its key: one order, one charge', async () => {
      await using cart = await crash(fate)
      expect(await checkout(cart, key)).toMatchObject(paid)
      await replays(cart, paid)
      expect([others.orders.length, others.chargesOf(7)]).toEqual([1, 1])
      expect([await states(cart), await cart.lines(7)]).toEqual([['placed'], []])
    })

    test('is gone on for by many at once', async () => {
      await using cart = await crash(fate)
      const more = [key, {}, { 'idempotency-key': 'other' }, key, {}]
      const told = await Promise.all(more.map((each) => checkout(cart, each)))
      for (const each of told) expect(each).toMatchObject(paid)
      expect([others.orders.length, others.chargesOf(7)]).toEqual([1, 1])
    })

    test('is settled by the clock, and its key is answered as it would have been', async () => {
      await using cart = await crash(fate)
      others.pass(checkoutWindowMs)
      expect(await cart.settle()).toBe(1)
      expect([await states(cart), await cart.lines(7)]).toEqual(
        made ? [['placed'], []] : [['abandoned'], [[1, 2]]],
      )
      if (made) await replays(cart, paid)
      else expect(await checkout(cart, key)).toMatchObject(paid)
      expect([others.orders.length, others.chargesOf(7)]).toEqual([1, 1])
    })
  })
}

describe('a process that died with an order', () => {
  test('that could not be paid: settling leaves the cart as it was and tells the key so', async () => {
    others.wallets.set('7', 1)
    await using cart = await crash('asker dies after')
    others.pass(checkoutWindowMs)
    expect(await cart.settle()).toBe(1)
    expect([await states(cart), await cart.lines(7)]).toEqual([['refused'], [[1, 2]]])
    await replays(cart, poor)
  })

  test('of which nobody knows yet: settling takes it out of the cart, and the customer follows it', async () => {
    others.billingAnswers = false
    await using cart = await crash('asker dies after')
    others.pass(checkoutWindowMs)
    expect(await cart.settle()).toBe(1)
    expect([await states(cart), await cart.lines(7)]).toEqual([['placed'], []])
    await replays(cart, open)
    others.decide()
    await replays(cart, open)
    expect([others.orders.length, others.chargesOf(7)]).toEqual([1, 1])
  })

  test('that was settled while somebody drove it on agrees with what they are told', async () => {
    others.billingAnswers = false
    others.wallets.set('7', 1)
    await using cart = await crash('asker dies after')
    others.pass(checkoutWindowMs)
    // Settled as open; then it turns out that there is not the money, and only then the question arrives.
    others.meanwhile = async (method) => {
      if (method !== 'PlaceCheckout') return
      others.meanwhile = async () => undefined
      expect(await cart.settle()).toBe(1)
      others.decide()
    }
    const told = await checkout(cart)
    expect(told).toMatchObject({ status: 202, body: { id: '1', status: 'failed' } })
    expect([await states(cart), await cart.lines(7)]).toEqual([['placed'], []])
    await replays(cart, open)
  })

  test('of another total: settling finds that there is none, and tells the key why', async () => {
    await using cart = await crash('asker dies before')
    others.products.set(1, { name: 'dearer', price: 251 })
    others.fateOf = () => 'answer lost'
    expect((await checkout(cart, key)).status).toBe(503)
    others.fateOf = () => 'answered'
    others.pass(checkoutWindowMs)
    expect(await cart.settle()).toBe(1)
    expect([await states(cart), await cart.lines(7)]).toEqual([['abandoned'], [[1, 2]]])
    await replays(cart, { status: 409, body: { code: 'total_changed', total: '5.02' } })
  })
})
