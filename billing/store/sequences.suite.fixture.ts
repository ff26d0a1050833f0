//! One suite for both engines: random sequences of everything that moves money, against a model, with every rule after each step.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { TenantId } from '../../contracts/ids.ts'
import {
  type Billing,
  billingInMemory,
  callOf,
  order,
  uah,
  unknownOrderMs,
  user,
  violations,
} from '../fixture.ts'
import { captureConfirmedOrder } from '../operations/capture-confirmed-order.ts'
import { captureHold } from '../operations/capture-hold.ts'
import { chargeOrder } from '../operations/charge-order.ts'
import { holdFunds } from '../operations/hold-funds.ts'
import type { PlaceHold } from '../operations/place-hold.ts'
import { returnMoney } from '../operations/return-money.ts'
import { settleHolds } from '../operations/settle-holds.ts'
import { topUp } from '../operations/top-up.ts'
import { voidHold } from '../operations/void-hold.ts'

const anyUser = fc.integer({ min: 1, max: 2 })
const anyOrder = fc.integer({ min: 1, max: 5 })
const anyAmount = fc.integer({ min: 1, max: 60 })
const onOrder = <Word extends string>(word: Word) => fc.record({ do: fc.constant(word), order: anyOrder })
const asking = <Word extends string>(word: Word) =>
  fc.record({ do: fc.constant(word), order: anyOrder, user: anyUser, amount: anyAmount })
const command = fc.oneof(
  fc.record({ do: fc.constant('top up' as const), user: anyUser, amount: anyAmount }),
  { arbitrary: asking('hold' as const), weight: 3 },
  { arbitrary: onOrder('capture' as const), weight: 2 },
  onOrder('void' as const),
  asking('charge' as const),
  onOrder('confirmed' as const),
  { arbitrary: onOrder('cancelled' as const), weight: 2 },
  // loms knows an order while it is charged only, so this gives back whatever is held.
  fc.record({ do: fc.constant('settle' as const) }),
)
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

type Held =
  | { state: string; user: number; amount: number }
  | { state: 'voided'; user?: never; amount?: never }

/** What should be true, said as plainly as possible. */
class Model {
  readonly wallets = new Map<number, { available: number; held: number }>()
  readonly holds = new Map<number, Held>()

  wallet(user: number) {
    const wallet = this.wallets.get(user) ?? { available: 0, held: 0 }
    this.wallets.set(user, wallet)
    return wallet
  }

  /** What is answered: `ok`, or a code. */
  take(step: Command): string {
    if (step.do === 'settle') {
      for (const held of this.holds.values()) if (held.state === 'held') this.#back(held)
      return 'ok'
    }
    if (step.do === 'top up') {
      this.wallet(step.user).available += step.amount
      return 'ok'
    }
    const held = this.holds.get(step.order)
    switch (step.do) {
      case 'hold':
        return this.#hold(step, held)
      case 'charge': {
        const placed = this.#hold(step, held)
        return placed === 'ok' ? this.#capture(this.holds.get(step.order)) : placed
      }
      case 'capture':
        return this.#capture(held)
      case 'confirmed':
        return held === undefined ? 'ok' : this.#capture(held)
      case 'void':
        if (held === undefined) this.holds.set(step.order, { state: 'voided' })
        if (held?.state === 'held') this.#back(held)
        return ['captured', 'refunded'].includes(held?.state ?? '') ? 'hold_captured' : 'ok'
      case 'cancelled':
        if (held === undefined) this.holds.set(step.order, { state: 'voided' })
        if (held?.state === 'held') this.#back(held)
        if (held?.state === 'captured' && held.user !== undefined) {
          held.state = 'refunded'
          this.wallet(held.user).available += held.amount
        }
        return 'ok'
    }
  }

  #hold(step: { order: number; user: number; amount: number }, held: Held | undefined): string {
    const { user, amount } = step
    if (held === undefined) {
      const wallet = this.wallets.get(user)
      const isThere = wallet !== undefined && wallet.available >= amount
      this.holds.set(step.order, { state: isThere ? 'held' : 'refused', user, amount })
      if (!isThere) return 'insufficient_funds'
      wallet.available -= amount
      wallet.held += amount
      return 'ok'
    }
    if (held.user === undefined) return 'hold_closed'
    if (held.user !== user || held.amount !== amount) return 'hold_differs'
    if (held.state === 'refused') return 'insufficient_funds'
    return held.state === 'voided' ? 'hold_closed' : 'ok'
  }

  #capture(held: Held | undefined): string {
    if (held === undefined || held.state === 'refused') return 'hold_not_found'
    if (held.state === 'voided') return 'hold_closed'
    if (held.state === 'held' && held.user !== undefined) {
      held.state = 'captured'
      this.wallet(held.user).held -= held.amount
    }
    return 'ok'
  }

  #back(held: Held): void {
    if (held.user === undefined) return
    held.state = 'voided'
    const wallet = this.wallet(held.user)
    wallet.held -= held.amount
    wallet.available += held.amount
  }
}

/** Of an order that loms said to wait for this money: whatever has become of it since. */
async function charge({ deps, loms, now }: Billing, request: PlaceHold): ReturnType<typeof chargeOrder> {
  const { tenantId } = request
  loms.owes(request)
  const charged = await chargeOrder(deps, callOf({ now }, { tenantId }), request)
  loms.forgets(request)
  return charged
}

async function run(billing: Billing, tenantId: TenantId, step: Command): Promise<string> {
  const { deps, store } = billing
  const call = callOf(billing, { tenantId })
  if (step.do === 'settle') {
    billing.pass(unknownOrderMs)
    await settleHolds(deps)
    return 'ok'
  }
  if (step.do === 'top up') {
    const answer = await topUp(deps, call, { userId: user(step.user), amount: uah(step.amount) })
    return answer.ok ? 'ok' : answer.error.code
  }
  const orderId = order(step.order)
  const key = { tenantId, orderId }
  const answered = () => {
    switch (step.do) {
      case 'hold':
        return holdFunds(deps, call, { orderId, userId: user(step.user), amount: uah(step.amount) })
      case 'charge':
        return charge(billing, { ...key, userId: user(step.user), amount: uah(step.amount) })
      case 'capture':
        return captureHold(deps, call, { orderId })
      case 'void':
        return voidHold(deps, call, { orderId })
      case 'confirmed':
        return store.write((tx) => captureConfirmedOrder(tx, deps, call, key))
      case 'cancelled':
        return store.write((tx) => returnMoney(tx, deps, call, key))
    }
  }
  const answer = await answered()
  return answer.ok ? 'ok' : answer.error.code
}

type Engine = { readonly url: () => Promise<string>; readonly runs: number }

export function sequencesSuite(engine: string, { url, runs }: Engine): void {
  describe(`whatever is asked on ${engine}`, () => {
    let billing: Billing
    let tenants = 0
    beforeAll(async () => {
      billing = await billingInMemory(await url())
    })
    afterAll(() => billing.store.close())
    const newTenant = () => {
      tenants += 1
      return `t${tenants}` as TenantId
    }
    const standing = async (tenantId: TenantId) => {
      const { wallets, holds } = await billing.rows()
      return {
        wallets: Object.fromEntries(
          wallets
            .filter((row) => row.tenantId === tenantId)
            .map(({ userId, available, held }) => [Number(userId), { available, held }]),
        ),
        holds: Object.fromEntries(
          holds
            .filter((row) => row.tenantId === tenantId)
            .map(({ orderId, state }) => [Number(orderId), String(state)]),
        ),
      }
    }

    test('one after another, each step perhaps again: answered as the model says, and all adds up', async () => {
      const steps = fc.array(fc.tuple(command, fc.boolean()), { minLength: 1, maxLength: 25 })
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          const tenantId = newTenant()
          const model = new Model()
          for (const [step, again] of sequence) {
            for (const _ of again && step.do !== 'top up' ? [1, 2] : [1]) {
              expect([step, await run(billing, tenantId, step)]).toEqual([step, model.take(step)])
            }
            expect(await violations(billing, tenantId)).toEqual([])
          }
          expect(await standing(tenantId)).toEqual({
            wallets: Object.fromEntries(model.wallets),
            holds: Object.fromEntries([...model.holds].map(([id, { state }]) => [id, state])),
          })
        }),
        { numRuns: runs },
      )
    }, 60_000)

    test('at once: all adds up, every order was told one thing, and each change was announced once', async () => {
      const rounds = fc.array(fc.array(command, { minLength: 2, maxLength: 6 }), {
        minLength: 1,
        maxLength: 6,
      })
      await fc.assert(
        fc.asyncProperty(rounds, async (sequence) => {
          const tenantId = newTenant()
          for (const steps of sequence) {
            await Promise.all(steps.map((step) => run(billing, tenantId, step)))
            expect(await violations(billing, tenantId)).toEqual([])
          }
          const facts = (await billing.facts()).filter((fact) => fact.tenantId === tenantId)
          const told = (type: string) =>
            facts
              .filter((fact) => fact.type === type)
              .map(({ key }) => key)
              .sort()
          const { transactions, holds } = await billing.rows()
          const moved = (kind: string) =>
            transactions
              .filter((row) => row.tenantId === tenantId && row.kind === kind)
              .map(({ orderId, userId }) => String(orderId ?? userId))
              .sort()
          expect(told('wallet.topped_up')).toEqual(moved('top_up'))
          expect(told('wallet.held')).toEqual(moved('hold'))
          expect(told('wallet.charged')).toEqual(moved('charge'))
          // Of those that were charged, the ones that somebody paid for in one step; each once.
          const paid = told('payment.completed')
          expect(paid).toEqual([...new Set(paid)].filter((key) => moved('charge').includes(key)))
          expect(told('payment.refunded')).toEqual(moved('refund'))
          const refused = holds.filter((row) => row.tenantId === tenantId && row.state === 'refused')
          expect(told('wallet.refused')).toEqual(refused.map(({ orderId }) => String(orderId)).sort())
        }),
        { numRuns: runs },
      )
    }, 60_000)
  })
}
