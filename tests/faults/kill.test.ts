//! `kill -9` of one process or several, again and again in the middle of checkouts: what was answered is there, nothing is there twice, everything goes on.
import { expect, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { expectAllServed, type PassingBy, passingBy, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { settled, shopOf } from './shop.ts'

const victims = ['loms', 'cart', 'notifier', 'nats', 'catalog'] as const
const rounds = roundsOf(10)
const buyersLeast = 100
/** Beyond the users of all buyers. */
const passersFrom = 1_000_000_000

/** Mostly one, now and then several at once, down to all of them. */
function choose(chance: Chance): readonly string[] {
  if (chance.random() < 0.6) return [chance.pick(victims)]
  const chosen = victims.filter(() => chance.random() < 0.5)
  return chosen.length === 0 ? victims : chosen
}

async function killAndStart(system: TestSystem, chosen: readonly string[], chance: Chance): Promise<void> {
  await Promise.all(chosen.map((each) => system.kill(each)))
  await Bun.sleep(chance.between(0, 60))
  await Promise.all(chosen.map((each) => system.start(each)))
}

test(
  `everything is killed again and again, ${rounds} times, with buyers served in between`,
  async () => {
    const chance = chanceOf('kill')
    await using system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
    const shop = shopOf(system)
    const trade = startTrade(shop, chance)
    const passers: PassingBy[] = []
    let kills = 0
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(chance.between(1, 15))
      const passer = passingBy(shop, passersFrom + round, chance)
      passers.push(passer)
      await passer.come()
      const asked = passer.ask()
      await Bun.sleep(chance.between(0, 30))
      const chosen = choose(chance)
      kills += chosen.length
      await killAndStart(system, chosen, chance)
      await asked
    }
    const bought = await trade.end(buyersLeast)

    const { ok, output, counts, ms } = await settled(system)
    console.log(
      `  ${kills} kills, ${bought.length} checkouts and ${passers.length} asked once, settled ${Math.round(ms)} ms after the last of them`,
    )
    expect(ok ? '' : output).toBe('')
    await expectAllServed(shop, bought)
    const passed = await Promise.all(passers.map((passer) => passer.expectServed()))
    const orders = bought.length + passed.reduce((sum, count) => sum + count, 0)
    expect(counts).toMatchObject({ orders, 'checkouts placed': orders })
  },
  timeoutMsOf(rounds, 5_000),
)
