//! `kill -9` of each process in the middle of checkouts: what was answered is there, nothing is there twice, everything goes on.
import { expect, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { countTo, expectAllServed, trade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { settled, shopOf } from './shop.ts'

const victims = ['loms', 'cart', 'notifier', 'nats', 'catalog'] as const
const buyersLeast = 100
const kills = roundsOf(8)

/** Kills and starts again, at moments of chance. */
async function killAgainAndAgain(system: TestSystem, victim: string, chance: Chance): Promise<void> {
  for (let round = 0; round < kills; round += 1) {
    await Bun.sleep(chance.between(0, 250))
    await system.kill(victim)
    await Bun.sleep(chance.between(0, 60))
    await system.start(victim)
  }
}

for (const victim of victims) {
  test(
    `${victim} is killed ${kills} times in the middle of checkouts`,
    async () => {
      const chance = chanceOf(`kill ${victim}`)
      await using system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
      const shop = shopOf(system)
      const over = new AbortController()
      const users = countTo(Number.MAX_SAFE_INTEGER)
      const trading = trade(shop, chance, { users, parallel: 10, until: over.signal })
      await killAgainAndAgain(system, victim, chance)
      const restartedAt = performance.now()
      over.abort()
      const first = await trading
      const rest = await trade(shop, chance, {
        users: countFrom(first.length, buyersLeast),
        parallel: 10,
        until: new AbortController().signal,
      })
      const bought = [...first, ...rest]

      const report = await settled(system)
      const ms = Math.round(performance.now() - restartedAt)
      console.log(
        `${victim}: ${kills} kills, ${bought.length} checkouts, settled ${ms} ms after the last restart`,
      )
      expect(report.ok ? '' : report.output).toBe('')
      expect(report.counts).toMatchObject({ orders: bought.length, 'checkouts placed': bought.length })
      await expectAllServed(shop, bought)
    },
    timeoutMsOf(kills, 2_000),
  )
}

/** Users after those who have bought already, until there are `least` in all. */
function* countFrom(known: number, least: number): Generator<number> {
  for (let user = known + 1; user <= least; user += 1) yield 1_000_000 + user
}
