//! `kill -9` of each process once in the middle of a hundred checkouts: every answer holds, and the books agree to the last piece.
import { expect, test } from 'bun:test'
import { demoProducts } from '../../tools/seed/shop.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually, rowsOf } from '../journeys/shop.ts'
import { type Bought, buy, expectAllServed, newBuyer } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { isQuiet } from './quiet.ts'
import { type Shop, settled, shopOf } from './shop.ts'

const victims = ['loms', 'cart', 'notifier', 'nats'] as const
const rounds = roundsOf(1)
const checkouts = 100
const parallel = 10
const convergeMs = 10_000
const skus = demoProducts.map(({ sku }) => sku)

type Round = {
  readonly system: TestSystem
  readonly shop: Shop
  readonly chance: Chance
  readonly victim: string
}

/** A hundred checkouts of new users, ten at a time, and the kill somewhere in the middle of them. */
async function tradeThroughKill(
  { system, shop, chance, victim }: Round,
  firstUser: number,
): Promise<Bought[]> {
  const killAt = chance.between(checkouts / 4, (checkouts * 3) / 4)
  const bought: Bought[] = []
  let begun = 0
  const killing: Promise<void>[] = []
  const killAndStart = async () => {
    await Bun.sleep(chance.between(0, 15))
    await system.kill(victim)
    await Bun.sleep(chance.between(0, 300))
    await system.start(victim)
  }
  const oneAfterAnother = async () => {
    while (begun < checkouts) {
      const user = firstUser + begun
      begun += 1
      if (begun === killAt) killing.push(killAndStart())
      bought.push(await buy(shop, newBuyer(user, chance), chance))
    }
  }
  await Promise.all(Array.from({ length: parallel }, oneAfterAnother))
  await Promise.all(killing)
  return bought
}

async function stockOf(shop: Shop): Promise<number[]> {
  const replies = await Promise.all(skus.map((sku) => shop.stock({ sku })))
  return replies.map(({ body }) => Number(body.count))
}

/** Pieces per SKU in orders that hold or have taken them. An order that was never told to its buyer was not cancelled either. */
function piecesHeld(bought: readonly Bought[]): number[] {
  const held = bought.filter(({ buyer, orderId }) => buyer.ending !== 'cancel' || orderId === undefined)
  const lines = held.flatMap(({ buyer }) => buyer.items)
  return skus.map((sku) =>
    lines.filter((line) => line.sku === sku).reduce((sum, { count }) => sum + count, 0),
  )
}

for (const victim of victims) {
  test(
    `${victim} is killed in the middle of ${checkouts} checkouts, and nothing is lost or doubled`,
    async () => {
      const chance = chanceOf(`kills ${victim}`)
      await using system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
      const shop = shopOf(system)
      const before = await stockOf(shop)
      const bought: Bought[] = []
      for (let round = 0; round < rounds; round += 1)
        bought.push(...(await tradeThroughKill({ system, shop, chance, victim }, 1 + round * checkouts)))

      const since = performance.now()
      await eventually('every fact to be told', async () => (await isQuiet(system)) || undefined, convergeMs)
      const report = await settled(system, convergeMs - (performance.now() - since))
      const ms = Math.round(performance.now() - since)
      const untold = bought.filter(({ orderId }) => orderId === undefined).length
      console.log(
        `${victim}: ${bought.length} checkouts, ${untold} answers lost for good, settled after ${ms} ms`,
      )
      expect(report.ok ? '' : report.output).toBe('')

      await expectAllServed(shop, bought)
      const held = piecesHeld(bought)
      expect(await stockOf(shop)).toEqual(before.map((count, n) => count - (held[n] ?? 0)))
      await system.kill('loms', 'SIGTERM')
      const orders = rowsOf(
        system,
        'loms',
        'select count(*) as orders, count(distinct user_id) as users from orders',
      )
      expect(orders).toEqual([{ orders: bought.length, users: bought.length }])
    },
    timeoutMsOf(rounds, 10_000),
  )
}
