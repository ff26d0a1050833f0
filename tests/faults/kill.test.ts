//! `kill -9` of each process in the middle of checkouts: what was answered is there, nothing is there twice, everything goes on.
import { expect, test } from 'bun:test'
import { startSystem } from '../harness/system.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { settled, shopOf } from './shop.ts'

const victims = ['loms', 'cart', 'notifier', 'nats', 'catalog'] as const
const buyersLeast = 100

type Choose = (chance: Chance) => readonly string[]

for (const victim of victims) surviving(victim, roundsOf(4), () => [victim])
surviving('several at once', roundsOf(6), (chance) => {
  const chosen = victims.filter(() => chance.random() < 0.5)
  return chosen.length === 0 ? victims : chosen
})

/** Kills, at moments of chance but with somebody served in between, and starts again. */
function surviving(name: string, rounds: number, choose: Choose): void {
  const killAndServe = async () => {
    const chance = chanceOf(`kill -9 of ${name}`)
    await using system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
    const shop = shopOf(system)
    const trade = startTrade(shop, chance)
    let kills = 0
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(chance.between(1, 20))
      await Bun.sleep(chance.between(0, 60))
      const chosen = choose(chance)
      kills += chosen.length
      await Promise.all(chosen.map((each) => system.kill(each)))
      await Bun.sleep(chance.between(0, 60))
      await Promise.all(chosen.map((each) => system.start(each)))
    }
    const bought = await trade.end(buyersLeast)

    const { ok, output, counts, ms } = await settled(system)
    console.log(
      `  ${kills} kills, ${bought.length} checkouts, settled ${Math.round(ms)} ms after the last of them`,
    )
    expect(ok ? '' : output).toBe('')
    expect(counts).toMatchObject({ orders: bought.length, 'checkouts placed': bought.length })
    await expectAllServed(shop, bought)
  }
  test(`${name}: killed in the middle of checkouts`, killAndServe, timeoutMsOf(rounds, 5_000))
}
