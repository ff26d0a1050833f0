//! One suite for both engines: many callers at once, of one cart, and nothing is bought twice or lost.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ask, post, type Told } from '../../tests/harness/ask.ts'
import { as } from '../../tests/harness/doors.ts'
import { type Cart, checkoutWindowMs, startCart } from '../fixture.ts'
import { Others } from '../others.fixture.ts'

type Engine = {
  /** A database that nobody else uses. */
  readonly url: () => Promise<string>
  /** How many instances of cart share it. */
  readonly processes: number
}

export function raceSuite(engine: string, { url, processes }: Engine): void {
  describe(`many at once on ${engine}`, () => {
    // Every test has a user of its own, so that one database does for all.
    let all: { cart: Cart; app: ReturnType<Cart['httpDoor']> }[]
    let others: Others
    beforeAll(async () => {
      const shared = await url()
      others = new Others()
      others.offer([1, 1, 100_000], [2, 1, 100_000])
      for (let sku = 1001; sku <= 1120; sku += 1) others.offer([sku, 1, 10])
      const carts = await Promise.all(
        Array.from({ length: processes }, () => startCart({ others, url: shared })),
      )
      all = carts.map((cart) => ({ cart, app: cart.httpDoor() }))
    })
    afterAll(() => Promise.all(all.map(({ cart }) => cart.close())))

    const cart = (): Cart => (all[0] as (typeof all)[number]).cart
    /** The callers are spread over all processes. */
    const each = (
      count: number,
      path: string,
      body: (caller: number) => object,
      key?: (caller: number) => string,
    ) =>
      Promise.all(
        Array.from({ length: count }, (_, caller): Promise<Told> => {
          const { app } = all[caller % all.length] as (typeof all)[number]
          const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key(caller) }
          return post(app, path, body(caller), headers)
        }),
      )
    const statuses = (told: readonly Told[]) => [...new Set(told.map(({ status }) => status))].toSorted()
    const ordersOf = (user: number) => others.orders.filter(({ userId }) => userId === BigInt(user))

    test('pieces added to one line, new or there already, are all in it', async () => {
      for (let round = 1; round <= 3; round += 1) {
        const told = await each(20, '/cart/item/add', () => ({ user: 1, sku: 1, count: 2 }))
        expect(statuses(told)).toEqual([200])
        expect(await cart().lines(1)).toEqual([[1, 40 * round]])
      }
    })

    test('of many new lines a hundred find room', async () => {
      const told = await each(120, '/cart/item/add', (caller) => ({ user: 2, sku: 1001 + caller, count: 1 }))
      expect(told.filter(({ status }) => status === 200)).toHaveLength(100)
      expect(new Set(told.filter(({ status }) => status !== 200).map(({ body }) => body.code))).toEqual(
        new Set(['cart_full']),
      )
      expect(await cart().lines(2)).toHaveLength(100)
    })

    test('pieces added and taken out add up', async () => {
      await each(1, '/cart/item/add', () => ({ user: 3, sku: 1, count: 40 }))
      await Promise.all([
        each(20, '/cart/item/add', () => ({ user: 3, sku: 1, count: 2 })),
        each(20, '/cart/item/delete', () => ({ user: 3, sku: 1, count: 1 })),
      ])
      expect(await cart().lines(3)).toEqual([[1, 60]])
    })

    test('checkouts of one user are one order and one answer', async () => {
      await each(1, '/cart/item/add', () => ({ user: 4, sku: 1, count: 3 }))
      const told = await each(20, '/cart/checkout', () => ({ user: 4 }))
      // Who asks another process after it was done there finds the cart empty.
      const bought = told.filter(({ status }) => status === 200)
      expect(new Set(bought.map(({ text }) => text)).size).toBe(1)
      for (const { status, body } of told) if (status !== 200) expect(body.code).toBe('cart_empty')
      expect(ordersOf(4)).toHaveLength(1)
      expect(await cart().lines(4)).toEqual([])
    })

    test('checkouts with one key are one order and one answer to all', async () => {
      await each(1, '/cart/item/add', () => ({ user: 5, sku: 1, count: 3 }))
      const told = await each(
        20,
        '/cart/checkout',
        () => ({ user: 5 }),
        () => 'one',
      )
      expect(statuses(told)).toEqual([200])
      expect(new Set(told.map(({ text }) => text)).size).toBe(1)
      expect(ordersOf(5)).toHaveLength(1)
      const again = await each(
        2,
        '/cart/checkout',
        () => ({ user: 5 }),
        () => 'one',
      )
      expect(again.map(({ text }) => text)).toEqual([told[0]?.text, told[0]?.text] as string[])
    })

    test('checkouts from the wallet, with one key or none, are one order, one charge and one answer', async () => {
      await each(1, '/cart/item/add', () => ({ user: 8, sku: 1, count: 3 }))
      others.wallets.set('8', 10)
      const body = { delivery: { method: 'pickup' }, payment_method: 'wallet', expected_total: '0.03' }
      const told = await Promise.all(
        Array.from({ length: 20 }, (_, caller) => {
          const { app } = all[caller % all.length] as (typeof all)[number]
          const key: Record<string, string> = caller % 2 === 0 ? { 'idempotency-key': 'one' } : {}
          return ask(app, 'POST', '/api/v1/cart/checkout', { body, headers: { ...as('customer-8'), ...key } })
        }),
      )
      const bought = told.filter(({ status }) => status === 201)
      expect(new Set(bought.map(({ text }) => text)).size).toBe(1)
      // Who asks another process without the key after it was done there finds the cart empty.
      for (const { status, body } of told) if (status !== 201) expect(body.code).toBe('cart_empty')
      expect(bought.length).toBeGreaterThanOrEqual(10)
      expect([ordersOf(8).length, others.chargesOf(8), others.wallets.get('8')]).toEqual([1, 1, 7])
      expect(await cart().lines(8)).toEqual([])
    })

    test('checkouts while pieces are added order exactly what leaves the cart', async () => {
      await each(1, '/cart/item/add', () => ({ user: 6, sku: 1, count: 1 }))
      await Promise.all([
        each(30, '/cart/item/add', (caller) => ({ user: 6, sku: 1 + (caller % 2), count: 1 })),
        each(
          30,
          '/cart/checkout',
          () => ({ user: 6 }),
          (caller) => `k${caller % 20}`,
        ),
      ])
      const ordered = ordersOf(6).flatMap(({ items }) => items)
      const left = await cart().lines(6)
      const pieces = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)
      expect(pieces([...ordered.map(({ count }) => count), ...left.map(([, quantity]) => quantity)])).toBe(31)
      const rows = (await cart().checkouts()).filter(({ userId }) => userId === 6n)
      expect(rows.filter(({ state }) => state === 'placed')).toHaveLength(ordersOf(6).length)
      expect(rows.some(({ state }) => state === 'open')).toBe(false)
    })

    // The last one: it moves the clock.
    test('a checkout left behind is ended once by all who settle it and all who ask again', async () => {
      await each(1, '/cart/item/add', () => ({ user: 7, sku: 1, count: 3 }))
      others.fateOf = () => 'answer lost'
      await each(
        1,
        '/cart/checkout',
        () => ({ user: 7 }),
        () => 'left',
      )
      await each(2, '/cart/item/add', () => ({ user: 7, sku: 1, count: 1 }))
      others.fateOf = () => 'answered'
      await each(1, '/cart/item/add', () => ({ user: 7, sku: 1, count: 2 }))
      others.pass(checkoutWindowMs)
      const [told] = await Promise.all([
        each(
          10,
          '/cart/checkout',
          () => ({ user: 7 }),
          () => 'left',
        ),
        ...all.map(({ cart }) => cart.settle()),
      ])
      expect(statuses(told)).toEqual([200])
      expect(new Set(told.map(({ text }) => text)).size).toBe(1)
      expect(ordersOf(7)).toHaveLength(1)
      expect(await cart().lines(7)).toEqual([[1, 2]])
    })
  })
}
