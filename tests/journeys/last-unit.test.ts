//! A hundred customers want the last piece at the same moment: one gets it, whichever way they ask, every time.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { demoSkus } from '../../tools/seed/shop.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { orderIdIn, type Reply, type Shop, shopOf } from './shop.ts'

setDefaultTimeout(120_000)
const buyersCount = 100
/** How often each race is run; the scorecard asks for more than CI has time for. */
const trialsCount = Number(process.env.LAST_UNIT_TRIALS ?? 50)
const sku = demoSkus.single
const buyers = Array.from({ length: buyersCount }, (_, index) => index + 1)
let system: TestSystem
let shop: Shop

beforeAll(async () => {
  system = await startSystem({ seed: true })
  shop = shopOf(system)
})
afterAll(() => system.stop())

/** Exactly one has it and the others are told that it is gone; answers the one's order and place. */
async function oneWinner(replies: readonly Reply[]): Promise<{ orderID: number; index: number }> {
  const winners = replies.flatMap(({ status }, index) => (status === 200 ? [index] : []))
  expect(winners).toHaveLength(1)
  const losers = replies.filter(({ status }) => status !== 200)
  const codes = new Set(losers.map(({ status, body }) => `${status} ${(body as { code: string }).code}`))
  expect([...codes]).toEqual(['412 insufficient_stock'])
  expect(await shop.available(sku)).toBe(0)
  const [index = 0] = winners
  return { index, orderID: orderIdIn(replies[index]?.body) }
}

/** Calls the winner's order off, so that there is a last piece again. */
async function giveBack(orderID: number): Promise<void> {
  await shop.done('loms', '/order/cancel', { orderID })
  expect(await shop.available(sku)).toBe(1)
}

test(`one of ${buyersCount} who order it has it, ${trialsCount} times`, async () => {
  for (let trial = 0; trial < trialsCount; trial++) {
    const replies = await Promise.all(
      buyers.map((user) => shop.ask('loms', '/order/create', { user, items: [{ sku, count: 1 }] })),
    )
    await giveBack((await oneWinner(replies)).orderID)
  }
})

test(`one of ${buyersCount} who have it in their carts has it, ${trialsCount} times, and at the end it is sold once`, async () => {
  const add = (user: number) => shop.done('cart', '/cart/item/add', { user, sku, count: 1 })
  await Promise.all(buyers.map(add))
  for (let trial = 0; trial < trialsCount; trial++) {
    const replies = await Promise.all(buyers.map((user) => shop.ask('cart', '/cart/checkout', { user })))
    const { orderID, index } = await oneWinner(replies)
    // Who lost has it in the cart still; who won and gave it back wants it again.
    if (trial < trialsCount - 1) {
      await giveBack(orderID)
      await add(buyers[index] ?? 0)
    } else {
      await shop.done('loms', '/order/pay', { orderID })
    }
  }
  expect(await shop.available(sku)).toBe(0)
  const late = await shop.ask('loms', '/order/create', { user: 1, items: [{ sku, count: 1 }] })
  expect(late.status).toBe(412)
})
