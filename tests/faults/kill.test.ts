//! `kill -9` of one process or several, again and again under load, also while they start: what was answered is there, nothing is there twice, everything goes on.
import { expect, test } from 'bun:test'
import { isQuiet } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually } from '../journeys/shop.ts'
import { expectAllServed, type PassingBy, passingBy, piecesHeld, skus, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, percentile } from './counted.ts'
import { type Probed, probe } from './probe.ts'
import { services } from './services.ts'
import { type Shop, settled, shopOf } from './shop.ts'

const victims = ['nats', ...services] as const
const killsLeast = roundsOf(100)
const killsInARowMax = 4
/** Once nothing dies any more, everything is done within this, with no hand on it. */
const convergeMs = 10_000
/** Beyond the users of all buyers. */
const passersFrom = 1_000_000_000
const probesFrom = 2_000_000_000

/** Mostly one, now and then several at once, down to all of them. */
function choose(chance: Chance): readonly string[] {
  if (chance.random() < 0.6) return [chance.pick(victims)]
  const chosen = victims.filter(() => chance.random() < 0.5)
  return chosen.length === 0 ? victims : chosen
}

/** Kills it, perhaps again and again while it starts, and lets it start; answers with how many kills it was. */
async function killAndStart(system: TestSystem, victim: string, chance: Chance): Promise<number> {
  let kills = 1
  await system.kill(victim)
  await Bun.sleep(chance.between(0, 60))
  while (victim !== 'nats' && kills < killsInARowMax && chance.random() < 0.6) {
    const starting = system.start(victim).catch(() => undefined) // killed before it was ready, or right after
    await Bun.sleep(chance.between(20, 400))
    await system.kill(victim)
    kills += 1
    await starting
  }
  await system.start(victim)
  return kills
}

async function stockOf(shop: Shop): Promise<readonly number[]> {
  const replies = await Promise.all(skus.map((sku) => shop.stock({ sku })))
  return replies.map(({ body }) => Number(body.count))
}

test(
  `everything is killed again and again, ${killsLeast} times, with buyers served in between`,
  async () => {
    const chance = chanceOf('kill')
    await using system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
    const shop = shopOf(system)
    const before = await stockOf(shop)
    const trade = startTrade(shop, chance, { parallel: 4 })
    const passers: PassingBy[] = []
    const probed: Probed[] = []
    const killed = Object.fromEntries(victims.map((victim) => [`of ${victim}`, 0]))
    let kills = 0
    for (let round = 0; kills < killsLeast; round += 1) {
      await trade.more(chance.between(1, 15))
      const passer = passingBy(shop, passersFrom + round, chance)
      passers.push(passer)
      await passer.come()
      const asked = passer.ask()
      await Bun.sleep(chance.between(0, 30))
      const killing = choose(chance).map(async (victim) => {
        const times = await killAndStart(system, victim, chance)
        kills += times
        killed[`of ${victim}`] = (killed[`of ${victim}`] ?? 0) + times
      })
      const probing = probe(shop, probesFrom + round, chance, convergeMs)
      await Promise.all(killing)
      probed.push(await probing)
      await asked
    }
    const bought = [...(await trade.end(0)), ...probed.map((each) => each.bought)]

    const since = performance.now()
    await eventually('every fact to be told', async () => (await isQuiet(system)) || undefined, convergeMs)
    const { ok, output, counts } = await settled(system, convergeMs - (performance.now() - since))
    const settledMs = Math.round(performance.now() - since)
    expect(ok ? '' : output).toBe('')

    await expectAllServed(shop, bought)
    const orders = await Promise.all(passers.map((passer) => passer.expectServed()))
    const ordersLeft = orders.reduce((sum, count) => sum + count, 0)
    expect(counts).toMatchObject({
      orders: bought.length + ordersLeft,
      'checkouts placed': bought.length + ordersLeft,
    })
    const held = piecesHeld(bought)
    const heldOf = (sku: number) => (held.get(sku) ?? 0) + (sku === passers[0]?.sku ? ordersLeft : 0)
    expect(await stockOf(shop)).toEqual(before.map((count, index) => count - heldOf(skus[index] ?? 0)))

    const untold = bought.filter(({ orderId }) => orderId === undefined).length
    const times = probed.map(({ ms }) => ms)
    counted(
      4,
      { kills, ...killed, checkouts: bought.length, 'asked once': passers.length, 'answers lost': untold },
      {
        'recovered p50': percentile(times, 0.5),
        'recovered p99': percentile(times, 0.99),
        settled: settledMs,
      },
    )
  },
  timeoutMsOf(killsLeast, 5_000),
)
