//! Whether memory grows: the whole shop at half of what it can take, for as long as it is told, and then verify.
import { startSystem, type TestSystem } from '../../tests/harness/system.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { Connection } from '../lib/connection.ts'
import { drive, flag, report, round } from '../lib/measure.ts'
import { expectOk, lagSeconds, rpcBuyers, rssOf, skus, usagesOf } from '../lib/shop.ts'
import { pursesOf, withoutLimits } from '../lib/wallet.ts'

const minutes = flag('minutes', 60)
/** Caches fill and the allocator finds its size: what grows meanwhile says nothing. */
const warmUpShare = 1 / 3
const sampleMs = 5_000
const buyers = 16
const peakSeconds = 10
const stores = ['accounts', 'catalog', 'loms', 'cart', 'notifier', 'billing', 'delivery']
const processes = [...stores, 'gateway', 'nats']

/** Every second purchase goes through the public door, paid from a wallet. */
async function shoppers(system: TestSystem) {
  const rpc = await rpcBuyers(system, buyers, 1_000_000)
  const purses = await pursesOf(system, buyers)
  const doors = await Promise.all(purses.map(() => Connection.open(system.url('gateway'))))
  let purchases = 0
  const fromWallet = async (buyer: number) => {
    const [door, purse] = [doors[buyer] as Connection, purses[buyer]]
    const body = { items: [{ sku: skus[purchases % skus.length], quantity: 1 }] }
    for (;;) {
      const reply = await door.post('/api/v1/order', body, purse?.bearer)
      if (reply.status === 401) await purse?.signIn()
      else if (reply.status === 402) await purse?.topUp()
      else if (reply.status === 202) return
      else return void expectOk('order', reply)
    }
  }
  return {
    work: async (buyer: number) => {
      purchases += 1
      // Always the same of either kind: a connection that rests is closed.
      await (buyer % 2 === 0 ? fromWallet(buyer) : rpc.buy(buyer))
    },
    close: () => {
      rpc.close()
      for (const door of doors) door.close()
    },
  }
}

/** No faster than so many a second, over all callers. */
function paced(perSecond: number, work: (caller: number) => Promise<void>) {
  const eachMs = (1_000 * buyers) / perSecond
  const nextAt = Array.from({ length: buyers }, (_, caller) => performance.now() + (caller * eachMs) / buyers)
  return async (caller: number) => {
    const at = nextAt[caller] as number
    nextAt[caller] = Math.max(at, performance.now() - eachMs) + eachMs
    await Bun.sleep(Math.max(0, at - performance.now()))
    await work(caller)
  }
}

type Sample = { readonly hour: number; readonly rssMib: Readonly<Record<string, number>> }

async function sampled(system: TestSystem, isOver: () => boolean): Promise<readonly Sample[]> {
  const startedAt = performance.now()
  const samples: Sample[] = []
  while (!isOver()) {
    const rssMib = rssOf(await usagesOf(system, processes))
    samples.push({ hour: (performance.now() - startedAt) / 3_600_000, rssMib })
    await Bun.sleep(sampleMs)
  }
  return samples
}

/** MiB an hour: least squares, with the standard error of the slope. */
function slopeOf(points: readonly (readonly [hour: number, mib: number])[]): {
  slope: number
  error: number
} {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [x, y] = [mean(([hour]) => hour), mean(([, mib]) => mib)]
  const spread = points.reduce((sum, [hour]) => sum + (hour - x) ** 2, 0)
  const slope = points.reduce((sum, [hour, mib]) => sum + (hour - x) * (mib - y), 0) / spread
  const left = points.reduce((sum, [hour, mib]) => sum + (mib - y - slope * (hour - x)) ** 2, 0)
  return { slope, error: Math.sqrt(left / Math.max(1, points.length - 2) / spread) }
}

await using system = await startSystem({
  services: [...stores, 'gateway'],
  seed: true,
  env: { ...withoutLimits, LOG_LEVEL: 'warn' },
})
const { work, close } = await shoppers(system)
const peak = await drive(buyers, peakSeconds, work)
const half = peak.perSecond / 2
console.log(`${peak.perSecond} purchases a second at the most; ${half} a second for ${minutes} minutes`)
let isOver = false
const sampling = sampled(system, () => isOver)
const { perSecond, latencies } = await drive(buyers, minutes * 60, paced(half, work))
isOver = true
const samples = await sampling
close()
const lag = await lagSeconds(
  system,
  stores.filter((name) => name !== 'cart'),
  ['loms', 'notifier', 'billing', 'delivery'],
)
const { ok, output } = await runVerify({ dataDir: system.dataDir, mode: 'settled' })
if (!ok) throw new Error(`what was written does not hold:\n${output}`)

const warm = samples.filter(({ hour }) => hour >= (minutes / 60) * warmUpShare)
const rows = processes.map((name) => {
  const all = samples.map(({ rssMib }) => rssMib[name] ?? 0)
  const { slope, error } = slopeOf(warm.map(({ hour, rssMib }) => [hour, rssMib[name] ?? 0]))
  return {
    process: name,
    'first MiB': all[0],
    'warm MiB': warm[0]?.rssMib[name],
    'last MiB': all.at(-1),
    'most MiB': Math.max(...all),
    'MiB/h after warm-up': round(slope, 1),
    '± ': round(2 * error, 1),
  }
})
const { p50, p99 } = latencies.summary()
const told = { minutes, purchases: latencies.count, perSecond, p50, p99, lag, samples: samples.length }
await report('soak', rows, { ...told, verify: 'clean' })
