//! What an order paid from a wallet costs through the public door, as a saga in both modes, against the same purchase on the RPC surface.
import { startSystem, type TestSystem } from '../../tests/harness/system.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { Connection } from '../lib/connection.ts'
import { drive, flag, type Latencies, report, round } from '../lib/measure.ts'
import { cpuMsEach, expectOk, lagSeconds, metric, rpcBuyers, rssOf, skus, usagesOf } from '../lib/shop.ts'
import { pursesOf, withoutLimits } from '../lib/wallet.ts'

const seconds = flag('seconds', 8)
const buyers = flag('buyers', 32)
const modes = ['orchestration', 'choreography'] as const
const stores = ['accounts', 'catalog', 'loms', 'cart', 'notifier', 'billing', 'delivery']
const services = [...stores, 'gateway']
const processes = [...services, 'nats']

type Load = { readonly name: string; readonly work: (buyer: number) => Promise<void> }

/** Orders of everybody, again and again; those whose outcome was not known in time are counted. */
async function walletBuyers(system: TestSystem) {
  const purses = await pursesOf(system, buyers)
  const doors = await Promise.all(purses.map(() => Connection.open(system.url('gateway'))))
  let orders = 0
  const told = { open: 0 }
  return {
    told,
    async work(buyer: number) {
      orders += 1
      const body = { items: [{ sku: skus[orders % skus.length], quantity: 1 }] }
      const reply = await (doors[buyer] as Connection).post('/api/v1/order', body, purses[buyer]?.bearer)
      if (reply.status === 202) told.open += 1
      else expectOk('order', reply)
    },
    close() {
      for (const door of doors) door.close()
    },
  }
}

const counted = {
  commits: 'write_lane_batch_jobs_count',
  'lane bodies': 'write_lane_batch_jobs_sum',
  questions: 'rpc_client_seconds_count',
  facts: 'outbox_published_total',
  'facts read': 'reader_facts_total',
} as const

/** Sums over all services of what they count themselves. */
async function counts(system: TestSystem): Promise<Record<string, number>> {
  const sums = Object.entries(counted).map(async ([name, metricName]) => {
    const of = await Promise.all(stores.map((service) => metric(system, service, metricName)))
    return [name, of.reduce((sum, count) => sum + count, 0)] as const
  })
  return Object.fromEntries(await Promise.all(sums))
}

async function measure(system: TestSystem, { name, work }: Load) {
  await drive(buyers, 1, work) // to be warm
  await settle(system)
  const [before, countsBefore] = [await usagesOf(system, processes), await counts(system)]
  const { perSecond, latencies } = await drive(buyers, seconds, work)
  // What follows an order is part of what it costs.
  const lag = await settle(system)
  const [after, countsAfter] = [await usagesOf(system, processes), await counts(system)]
  return {
    name,
    perSecond,
    latencies,
    lag,
    each: eachOf(latencies, countsBefore, countsAfter),
    before,
    after,
  }
}

const settle = (system: TestSystem) =>
  lagSeconds(
    system,
    stores.filter((name) => name !== 'cart'),
    ['loms', 'notifier', 'billing', 'delivery'],
  )

const eachOf = (
  { count }: Latencies,
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
) =>
  Object.fromEntries(
    Object.entries(after).map(([name, sum]) => [name, round((sum - (before[name] ?? 0)) / count)]),
  )

const rows: object[] = []
const costs: object[] = []
for (const mode of modes) {
  await using system = await startSystem({
    services,
    seed: true,
    env: { ...withoutLimits, LOG_LEVEL: 'warn', LOMS_SAGA: mode },
  })
  const rpc = await rpcBuyers(system, buyers, 1_000_000)
  const wallet = await walletBuyers(system)
  const floor = await measure(system, { name: 'RPC purchase', work: rpc.buy })
  const order = await measure(system, { name: 'wallet order', work: wallet.work })
  rpc.close()
  wallet.close()
  const { ok, output } = await runVerify({ dataDir: system.dataDir, mode: 'settled' })
  for (const { name, perSecond, latencies, lag, each, before, after } of [floor, order]) {
    rows.push({
      mode,
      what: name,
      'per second': perSecond,
      'of RPC': round(perSecond / floor.perSecond),
      'p50 ms': latencies.summary().p50,
      'p99 ms': latencies.summary().p99,
      open: name === 'wallet order' ? wallet.told.open : 0,
      'lag s': lag,
      ...each,
      verify: ok ? 'clean' : 'BROKEN',
    })
    const cpuMs = cpuMsEach(before, after, latencies.count)
    const sum = round(Object.values(cpuMs).reduce((all, ms) => all + ms, 0))
    costs.push({ mode, what: name, cpuMs: { all: sum, ...cpuMs }, rssMib: rssOf(after) })
  }
  if (!ok) throw new Error(`what was written does not hold:\n${output}`)
}
await report('wallet-order', rows, { costs })
