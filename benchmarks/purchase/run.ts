//! How many complete purchases a second go through the whole running system, and what each step and process costs.
import { startSystem, type TestSystem } from '../../tests/harness/system.ts'
import { drive, flag, report } from '../lib/measure.ts'
import { cpuMsEach, lagSeconds, percentiles, rpcBuyers, rssOf, usagesOf } from '../lib/shop.ts'

const seconds = flag('seconds', 20)
const buyerCounts = process.argv.includes('--buyers') ? [flag('buyers', 32)] : [1, 8, 32, 128]
const processes = ['cart', 'loms', 'catalog', 'notifier', 'nats'] as const

async function measure(system: TestSystem, buyers: number, firstUser: number) {
  const { buy, steps, close } = await rpcBuyers(system, buyers, firstUser)
  const before = await usagesOf(system, processes)
  const { perSecond, latencies } = await drive(buyers, seconds, buy)
  const after = await usagesOf(system, processes)
  const lag = await lagSeconds(system, ['loms'], ['notifier'])
  close()
  return {
    row: {
      buyers,
      'purchases/s': perSecond,
      'p50 ms': latencies.summary().p50,
      'p99 ms': latencies.summary().p99,
      'lag s': lag,
      ...percentiles(steps),
    },
    cpuMs: cpuMsEach(before, after, latencies.count),
    rssMib: rssOf(after),
  }
}

await using system = await startSystem({ seed: true, env: { LOG_LEVEL: 'warn' } })
const rows: object[] = []
const costs: object[] = []
let firstUser = 1_000_000
for (const buyers of buyerCounts) {
  const { row, cpuMs, rssMib } = await measure(system, buyers, firstUser)
  firstUser += 10_000_000
  rows.push(row)
  costs.push({ buyers, cpuMsPerPurchase: cpuMs, rssMib })
}
await report('purchase', rows, { costs })
