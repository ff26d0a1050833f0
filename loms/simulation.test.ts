//! Seeded random sequences of commands on the real operations and store; after each the invariants hold.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { CheckoutId, OrderId } from '../contracts/ids.ts'
import { plusMs } from '../contracts/time.ts'
import { callOf, items, type Loms, lomsInMemory, paymentWindowMs, user, violations } from './fixture.ts'
import { cancelOrder } from './operations/cancel-order.ts'
import { createOrder } from './operations/create-order.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { payOrder } from './operations/pay-order.ts'
import { placeCheckout } from './operations/place-checkout.ts'
import { settleCheckout } from './operations/settle-checkout.ts'

const anySku = fc.integer({ min: 1, max: 3 })
const anyItems = fc.array(fc.tuple(anySku, fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 3 })
const anyOrder = fc.integer({ min: 1, max: 12 })
const anyCheckout = fc.integer({ min: 1, max: 4 })
const command = fc.oneof(
  fc.record({ do: fc.constant('create' as const), items: anyItems }),
  fc.record({ do: fc.constant('pay' as const), order: anyOrder }),
  fc.record({ do: fc.constant('cancel' as const), order: anyOrder }),
  fc.record({
    do: fc.constant('checkout' as const),
    checkout: anyCheckout,
    items: anyItems,
    late: fc.boolean(),
  }),
  fc.record({ do: fc.constant('settle' as const), checkout: anyCheckout }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: paymentWindowMs }) }),
  fc.record({ do: fc.constant('expire' as const) }),
)
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

async function run(loms: Loms, step: Command): Promise<unknown> {
  const { deps } = loms
  const call = callOf(loms)
  switch (step.do) {
    case 'create':
      return await createOrder(deps, call, { userId: user(1), items: items(...step.items) })
    case 'pay':
      return await payOrder(deps, call, { orderId: BigInt(step.order) as OrderId })
    case 'cancel':
      return await cancelOrder(deps, call, { orderId: BigInt(step.order) as OrderId, reason: 'customer' })
    case 'checkout':
      return await placeCheckout(deps, call, {
        checkoutId: `chk_${step.checkout}` as CheckoutId,
        userId: user(1),
        items: items(...step.items),
        notAfter: plusMs(loms.now(), step.late ? -1 : 1000),
      })
    case 'settle':
      return await settleCheckout(deps, call, { checkoutId: `chk_${step.checkout}` as CheckoutId })
    case 'pass':
      return loms.pass(step.ms)
    case 'expire':
      return await expireOrders(deps)
  }
}

test('whatever is asked in whatever order, alone or at once, stock and reservations add up', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
      async (rounds) => {
        const loms = await lomsInMemory([
          [1, 1, 7],
          [1, 2, 3],
          [2, 2, 9],
          [3, 3, 2],
        ])
        const outcomes = new Map<string, string>()
        for (const steps of rounds) {
          // The commands of a round are asked at once and share a batch.
          const answers = await Promise.all(steps.map((step) => run(loms, step)))
          expect(await violations(loms)).toEqual([])
          for (const [index, step] of steps.entries()) {
            if (step.do !== 'checkout') continue
            // A checkout's outcome is kept for ever: what it was answered once it is answered always.
            const key = `chk_${step.checkout}`
            const answer = JSON.stringify(answers[index], (_, value) =>
              typeof value === 'bigint' ? String(value) : value,
            )
            expect(answer).toBe(outcomes.get(key) ?? answer)
            outcomes.set(key, answer)
          }
        }
        const facts = (await loms.facts()).filter(({ type }) => type.startsWith('order.'))
        for (const order of (await loms.rows()).orders) {
          const told = facts.filter(({ key }) => key === String(order.id)).map(({ data }) => data)
          expect(told.map(({ version }) => version)).toEqual(
            Array.from({ length: order.version }, (_, i) => i + 1),
          )
          expect(told.at(-1)?.status).toBe(order.status)
        }
        await loms.store.close()
      },
    ),
    { numRuns: 150 },
  )
})
