//! How long a purchase takes that is begun at the moment when a part of the shop is killed, under load; one part after the other.
import { startTrade } from '../../tests/faults/buyers.ts'
import { chanceOf } from '../../tests/faults/chance.ts'
import { probe } from '../../tests/faults/probe.ts'
import { services } from '../../tests/faults/services.ts'
import { settled, shopOf } from '../../tests/faults/shop.ts'
import { startSystem } from '../../tests/harness/system.ts'
import { flag, Latencies, report, round } from '../lib/measure.ts'

const kills = flag('kills', 30)
const withinMs = 10_000
const probesFrom = 2_000_000_000

await using system = await startSystem({ seed: true, env: { LOG_LEVEL: 'error' } })
const shop = shopOf(system)
const chance = chanceOf('recovery')
const trade = startTrade(shop, chance, { parallel: 8 })
const rows: object[] = []
let user = probesFrom

// Nobody is killed in the first of these: what the purchase takes anyhow.
for (const victim of ['nobody', ...services, 'nats']) {
  const told = new Latencies()
  const ready = new Latencies()
  for (let kill = 0; kill < kills; kill += 1) {
    await trade.more(20)
    const since = performance.now()
    const probing = probe(shop, user, chance, withinMs)
    user += 1
    if (victim !== 'nobody') {
      await system.kill(victim)
      await system.start(victim)
      ready.add(performance.now() - since)
    }
    told.add((await probing).ms)
  }
  const { p50, p99, max } = told.summary()
  const restarted = victim === 'nobody' ? 0 : ready.summary().p50
  rows.push({
    killed: victim,
    kills: victim === 'nobody' ? 0 : kills,
    'ready again p50 ms': round(restarted, 0),
    'told p50 ms': round(p50, 0),
    'told p99 ms': round(p99, 0),
    'told at worst ms': round(max, 0),
  })
}

const bought = await trade.end(0)
const { ok, output, ms } = await settled(system, withinMs)
if (!ok) throw new Error(output)
await report('recovery', rows, { checkouts: bought.length, 'settled ms': Math.round(ms) })
