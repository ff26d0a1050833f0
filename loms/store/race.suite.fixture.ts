//! One suite for both engines: many callers at once, and nothing is sold twice.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { CheckoutId, OrderId, Sku } from '../../contracts/ids.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
import { plusMs, toRfc3339 } from '../../contracts/time.ts'
import type { Answer } from '../../runtime/call.ts'
import {
  callOf,
  items,
  type Loms,
  lomsInMemory,
  paymentWindowMs,
  type Shelf,
  user,
  violations,
} from '../fixture.ts'
import { cancelOrder } from '../operations/cancel-order.ts'
import { createOrder } from '../operations/create-order.ts'
import { expireOrders } from '../operations/expire-orders.ts'
import { payOrder } from '../operations/pay-order.ts'
import { placeCheckout } from '../operations/place-checkout.ts'
import { recordPayment } from '../operations/record-payment.ts'
import { settleCheckout } from '../operations/settle-checkout.ts'
import { putProduct } from './catalog.ts'

/** Each test has SKUs and a customer of its own, so that one database does for all. */
const shelves: readonly Shelf[] = [
  [1, 1, 1],
  [2, 1, 60],
  [2, 2, 40],
  [3, 1, 10],
  [3, 2, 10],
  [4, 2, 10],
  [5, 1, 30],
  [6, 1, 10],
  [7, 1, 100],
  [8, 1, 20],
]

type Engine = {
  /** A database that nobody else uses. */
  readonly url: () => Promise<string>
  /** How many instances of loms share it. */
  readonly processes: number
}

export function raceSuite(engine: string, { url, processes }: Engine): void {
  describe(`many at once on ${engine}`, () => {
    let all: Loms[]
    beforeAll(async () => {
      const shared = await url()
      const first = await lomsInMemory(shelves, shared)
      const others = Array.from({ length: processes - 1 }, () => lomsInMemory([], shared))
      all = [first, ...(await Promise.all(others))]
    })
    afterEach(async () => expect(await violations(first())).toEqual([]))
    afterAll(() => Promise.all(all.map(({ store }) => store.close())))

    const first = (): Loms => all[0] as Loms
    /** The callers are spread over all processes. */
    const each = <R>(count: number, ask: (loms: Loms, caller: number) => Promise<R>): Promise<R[]> =>
      Promise.all(Array.from({ length: count }, (_, i) => ask(all[i % all.length] as Loms, i)))
    const create = (loms: Loms, customer: number, ...lines: readonly (readonly [number, number])[]) =>
      createOrder(loms.deps, callOf(loms), { userId: user(customer), items: items(...lines) })
    const price = (sku: number, amount: number) => {
      const product = { sku: sku as Sku, productId: `prod_${sku}`, name: 'Tea', price: amount } as const
      const about = { currency: 'UAH', weightGrams: 1, withdrawn: false, version: 1 } as const
      const { tenantId } = callOf(first())
      return first().store.write((tx) => putProduct(tx, { tenantId, ...product, ...about }))
    }
    const ordersOf = async (customer: number) =>
      (await first().rows()).orders.filter(({ userId }) => userId === user(customer))
    const said = (answers: readonly Answer<unknown>[]) => {
      const counts: Record<string, number> = {}
      for (const answer of answers) {
        const word = answer.ok ? 'ok' : answer.error.code
        counts[word] = (counts[word] ?? 0) + 1
      }
      return counts
    }

    test('of a hundred who want the last piece exactly one gets it', async () => {
      const answers = await each(100, (loms) => create(loms, 1, [1, 1]))
      expect(said(answers)).toEqual({ ok: 1, insufficient_stock: 99 })
      expect(await first().available(1)).toBe(0)
      const orders = await ordersOf(1)
      expect(orders.map(({ status }) => status).filter((status) => status === 'pending')).toHaveLength(1)
      expect(new Set(orders.map(({ id }) => id)).size).toBe(100)
    })

    test('a stock of a hundred in two warehouses serves exactly a hundred of a hundred and twenty', async () => {
      const answers = await each(120, (loms) => create(loms, 2, [2, 1]))
      expect(said(answers)).toEqual({ ok: 100, insufficient_stock: 20 })
      expect(await first().available(2)).toBe(0)
    })

    test('orders that want the same SKUs in opposite order do not wait for each other for ever', async () => {
      const answers = await each(60, (loms, caller) =>
        caller % 2 === 0 ? create(loms, 3, [3, 1], [4, 1]) : create(loms, 3, [4, 1], [3, 1]),
      )
      expect(said(answers)).toEqual({ ok: 10, insufficient_stock: 50 })
      expect([await first().available(3), await first().available(4)]).toEqual([10, 0])
    })

    test('a checkout asked for and settled by many at once is one order at most, told to all alike', async () => {
      const checkoutId = 'chk_a' as CheckoutId
      const answers = await each(40, async (loms, caller) => {
        if (caller % 8 === 7) {
          const settled = await settleCheckout(loms.deps, callOf(loms), { checkoutId })
          return settled.kind === 'placed' ? settled.value.orderId : undefined
        }
        const notAfter = plusMs(loms.now(), 1000)
        const request = { checkoutId, userId: user(6), items: items([6, 1]), notAfter }
        const placed = await placeCheckout(loms.deps, callOf(loms), request)
        return placed.ok ? placed.value.orderId : undefined
      })
      expect(new Set(answers).size).toBe(1)
      expect(await ordersOf(6)).toHaveLength(answers[0] === undefined ? 0 : 1)
    })

    test('a checkout paid from the wallet, asked for and settled by many at once, is had by all or by none, and charged once', async () => {
      const { others } = first()
      await price(7, 100)
      const options = { delivery: { method: 'pickup' }, paymentMethod: 'wallet' }
      for (let round = 0; round < 12; round += 1) {
        const customer = 100 + round
        const checkoutId = `chk_w${round}` as CheckoutId
        others.wallets.set(`${customer}`, round % 2 === 0 ? 100 : 99)
        const told = await each(12, async (loms, caller) => {
          // All processes ask the same billing and the same delivery.
          const deps = { ...loms.deps, rpc: others }
          if (caller % 4 === 3) return (await settleCheckout(deps, callOf(loms), { checkoutId })).kind
          const notAfter = plusMs(loms.now(), 1000)
          const request = { checkoutId, userId: user(customer), items: items([7, 1]), notAfter, options }
          const placed = await placeCheckout(deps, callOf(loms), request)
          if (placed.ok) return 'placed'
          return placed.error.code === 'checkout_expired' ? 'none' : 'failed'
        })
        expect({ round, told: [...new Set(told)] }).toEqual({ round, told: told.slice(0, 1) })
        const ordered = await ordersOf(customer)
        expect(ordered.map(({ status }) => status)).toEqual(
          told[0] === 'none' ? [] : [round % 2 === 0 ? 'confirmed' : 'failed'],
        )
        expect(others.charged(customer)).toBeLessThanOrEqual(100)
      }
    })

    test('an order takes one of the payments that come while it is marked as paid or called off, or says that it takes none', async () => {
      await price(8, 100)
      const placed = await Promise.all(Array.from({ length: 20 }, () => create(first(), 8, [8, 1])))
      const ids = placed.flatMap((answer) => (answer.ok ? [answer.value.orderId] : []))
      const data = (orderId: OrderId, caller: number) => ({
        order_id: int64ToJson(orderId),
        user_id: 8,
        tenant_id: callOf(first()).tenantId,
        payment_id: `pay_${caller}`,
        provider: 'wallet',
        amount: 100,
        currency: 'UAH',
        moment: toRfc3339(first().now()),
      })
      await each(ids.length * 4, async (loms, caller) => {
        const orderId = ids[caller % ids.length] as OrderId
        // Who is first is another with every order.
        switch ((caller + Math.floor(caller / ids.length)) % 4) {
          case 0:
            return await payOrder(loms.deps, callOf(loms), { orderId })
          case 1:
            return await cancelOrder(loms.deps, callOf(loms), { orderId, reason: 'customer' })
          default:
            return await loms.store.write((tx) =>
              recordPayment(tx, loms.deps, { data: data(orderId, caller) }),
            )
        }
      })
      const facts = await first().facts()
      for (const { id, status, version } of await ordersOf(8)) {
        const refused = facts.filter(
          ({ type, key }) => type === 'order.payment_refused' && key === String(id),
        )
        expect(refused.length).toBeGreaterThanOrEqual(status === 'cancelled' ? 2 : 1)
        expect({ version, refused: refused.length <= 2 }).toEqual({ version: 2, refused: true })
        expect(['confirmed', 'cancelled']).toContain(status)
      }
    })

    test('one idempotency key on many requests is one order and one answer', async () => {
      const answers = await each(40, (loms) =>
        createOrder(loms.deps, callOf(loms, { key: 'k' }), { userId: user(7), items: items([6, 1]) }),
      )
      expect(new Set(answers.map((answer) => answer.ok && answer.value.orderId)).size).toBe(1)
      expect(answers.filter(({ replayOf }) => replayOf === undefined)).toHaveLength(1)
      expect(await ordersOf(7)).toHaveLength(1)
    })

    // The last one: its clock calls off what the others have left unpaid, too.
    test('of payments, cancellations and the clock at once one ends the order', async () => {
      const placed = await each(10, (loms) => create(loms, 5, [5, 3]))
      const orderIds = placed.map((answer) => (answer.ok ? answer.value.orderId : (0n as OrderId)))
      for (const loms of all) loms.pass(paymentWindowMs - 1)
      await each(80, async (loms, caller) => {
        const orderId = orderIds[caller % 10] as OrderId
        const call = callOf(loms)
        if (caller % 4 === 0) return await payOrder(loms.deps, call, { orderId })
        if (caller % 4 === 1) return await cancelOrder(loms.deps, call, { orderId, reason: 'customer' })
        // The clock of this one is ahead.
        const now = () => plusMs(loms.now(), 1)
        if (caller % 4 === 2) return await payOrder({ ...loms.deps, now }, call, { orderId })
        return await expireOrders({ ...loms.deps, now })
      })
      expect((await ordersOf(5)).map(({ version }) => version)).toEqual(orderIds.map(() => 2))
      const { reservations } = await first().rows()
      expect(reservations.some(({ state }) => state === 'open')).toBe(false)
      const ends = (await first().facts()).filter(({ data }) => data.user_id === 5 && data.version === 2)
      expect(ends).toHaveLength(10)
    })
  })
}
