//! One suite for both engines: many callers at once, and nothing is spent twice.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Answer } from '../../runtime/call.ts'
import { type Billing, billingInMemory, callOf, order, uah, user, violations } from '../fixture.ts'
import { captureHold } from '../operations/capture-hold.ts'
import { type ChargeOrder, chargeOrder } from '../operations/charge-order.ts'
import { getAccount } from '../operations/get-account.ts'
import { holdFunds } from '../operations/hold-funds.ts'
import { returnMoney } from '../operations/return-money.ts'
import { topUp } from '../operations/top-up.ts'
import { voidHold } from '../operations/void-hold.ts'

type Engine = {
  /** A database that nobody else uses. */
  readonly url: () => Promise<string>
  /** How many instances of billing share it. */
  readonly processes: number
}

export function raceSuite(engine: string, { url, processes }: Engine): void {
  describe(`many at once on ${engine}`, () => {
    let all: Billing[]
    // Each test has a user and orders of its own, so that one database does for all.
    let users = 0
    let orders = 0
    beforeAll(async () => {
      const shared = await url()
      const first = await billingInMemory(shared)
      const others = Array.from({ length: processes - 1 }, () => billingInMemory(shared))
      all = [first, ...(await Promise.all(others))]
    })
    afterEach(async () => expect(await violations(first())).toEqual([]))
    afterAll(() => Promise.all(all.map(({ store }) => store.close())))

    const first = (): Billing => all[0] as Billing
    /** The callers are spread over all processes. */
    const each = <R>(count: number, ask: (billing: Billing, caller: number) => Promise<R>): Promise<R[]> =>
      Promise.all(Array.from({ length: count }, (_, i) => ask(all[i % all.length] as Billing, i)))
    const newUser = async (amount: number) => {
      users += 1
      const userId = user(users)
      if (amount > 0) await topUp(first().deps, callOf(first()), { userId, amount: uah(amount) })
      return userId
    }
    const newOrder = () => {
      orders += 1
      return order(orders)
    }
    const standingOf = async (userId: bigint) => {
      const row = (await first().rows()).wallets.find((wallet) => wallet.userId === userId)
      return row && [row.available, row.held]
    }
    const charge = ({ deps, loms, now }: Billing, request: ChargeOrder) => {
      const call = callOf({ now })
      loms.owes({ ...request, tenantId: call.tenantId })
      return chargeOrder(deps, call, request)
    }
    const said = (answers: readonly Answer<unknown>[]) => {
      const counts: Record<string, number> = {}
      for (const answer of answers) {
        const word = answer.ok ? 'ok' : answer.error.code
        counts[word] = (counts[word] ?? 0) + 1
      }
      return counts
    }

    test('of two orders that want the last of the money exactly one gets it, a hundred times', async () => {
      for (const _ of Array.from({ length: 100 })) {
        const userId = await newUser(100)
        const pair = [newOrder(), newOrder()]
        const answers = await each(2, (billing, caller) =>
          holdFunds(billing.deps, callOf(billing), {
            orderId: pair[caller] ?? newOrder(),
            userId,
            amount: uah(51),
          }),
        )
        expect(said(answers)).toEqual({ ok: 1, insufficient_funds: 1 })
        expect(await standingOf(userId)).toEqual([49, 51])
      }
    }, 30_000)

    test('money for ten orders pays exactly ten of forty', async () => {
      const userId = await newUser(1000)
      const answers = await each(40, (billing) =>
        charge(billing, { orderId: newOrder(), userId, amount: uah(100) }),
      )
      expect(said(answers)).toEqual({ ok: 10, insufficient_funds: 30 })
      expect(await standingOf(userId)).toEqual([0, 0])
    })

    test('one order asked for by many at once is held once, charged once, and told to all alike', async () => {
      const userId = await newUser(1000)
      const orderId = newOrder()
      const request = { orderId, userId, amount: uah(400) }
      const answers = await each(
        40,
        async (billing, caller): Promise<Answer<'held' | 'captured' | { paymentId: string }>> =>
          caller % 2 === 0
            ? await holdFunds(billing.deps, callOf(billing), request)
            : await charge(billing, request),
      )
      expect(said(answers)).toEqual({ ok: 40 })
      const payments = answers.flatMap((answer) =>
        answer.ok && typeof answer.value === 'object' ? [answer.value.paymentId] : [],
      )
      expect(new Set(payments).size).toBe(1)
      expect(await standingOf(userId)).toEqual([600, 0])
      const told = (await first().facts()).filter(({ key }) => key === String(orderId))
      const types = ['wallet.held', 'wallet.charged', 'payment.completed']
      expect(told.map(({ type }) => type)).toEqual(types)
    })

    test('a hold and its calling off, in whatever order they come, leave nothing held', async () => {
      const userId = await newUser(1000)
      const ids = Array.from({ length: 20 }, newOrder)
      await each(40, async (billing, caller) => {
        const orderId = ids[caller % 20] ?? newOrder()
        return caller < 20 === ((caller % 20) % 3 === 0)
          ? await holdFunds(billing.deps, callOf(billing), { orderId, userId, amount: uah(50) })
          : await voidHold(billing.deps, callOf(billing), { orderId })
      })
      expect(await standingOf(userId)).toEqual([1000, 0])
    })

    test('of capturing and calling off one wins, and a cancelled order has its money back whichever it was', async () => {
      const userId = await newUser(1000)
      const ids = Array.from({ length: 20 }, newOrder)
      for (const orderId of ids)
        await holdFunds(first().deps, callOf(first()), { orderId, userId, amount: uah(50) })
      const answers = await each(40, (billing, caller) => {
        const request = { orderId: ids[caller % 20] ?? newOrder() }
        return caller < 20
          ? captureHold(billing.deps, callOf(billing), request)
          : voidHold(billing.deps, callOf(billing), request)
      })
      const { ok = 0, hold_captured: captured = 0, hold_closed: closed = 0 } = said(answers)
      expect([ok, captured + closed]).toEqual([20, 20])
      expect(await standingOf(userId)).toEqual([1000 - 50 * captured, 0])
      await each(40, (billing, caller) => {
        const key = { ...callOf(billing), orderId: ids[caller % 20] ?? newOrder() }
        return billing.store.write((tx) => returnMoney(tx, billing.deps, key, key))
      })
      expect(await standingOf(userId)).toEqual([1000, 0])
      const refunds = (await first().facts()).filter(({ type }) => type === 'payment.refunded')
      const told = refunds.filter(({ key }) => ids.includes(order(Number(key))))
      expect([told.length, new Set(told.map(({ key }) => key)).size]).toEqual([captured, captured])
    })

    test('one idempotency key on many top-ups is one top-up and one answer', async () => {
      const userId = await newUser(0)
      const key = { key: `top-up-${userId}` }
      const answers = await each(40, (billing) =>
        topUp(billing.deps, callOf(billing, { key }), { userId, amount: uah(100) }),
      )
      expect(said(answers)).toEqual({ ok: 40 })
      expect(answers.filter(({ replayOf }) => replayOf === undefined)).toHaveLength(1)
      expect(await standingOf(userId)).toEqual([100, 0])
    })

    test('a wallet that many look at first is opened once, and top-ups at once all count', async () => {
      const userId = await newUser(0)
      await each(20, (billing) => getAccount(billing.deps, callOf(billing), { userId }))
      await each(30, (billing) => topUp(billing.deps, callOf(billing), { userId, amount: uah(7) }))
      expect(await standingOf(userId)).toEqual([210, 0])
    })

    test('the bound of a wallet holds for many at once', async () => {
      const userId = await newUser(0)
      const answers = await each(15, (billing) =>
        topUp(billing.deps, callOf(billing), { userId, amount: uah(100_000_00) }),
      )
      expect(said(answers)).toEqual({ ok: 10, wallet_full: 5 })
    })
  })
}
