//! How many complete purchases a second go through the whole running system, and what each step and process costs.
import { startSystem, type TestSystem } from '../../tests/harness/system.ts'
import { demoProducts } from '../../tools/seed/shop.ts'
import { Connection, type Reply } from '../lib/connection.ts'
import { drive, flag, Latencies, report, round, usage } from '../lib/measure.ts'

const seconds = flag('seconds', 20)
const buyerCounts = process.argv.includes('--buyers') ? [flag('buyers', 32)] : [1, 8, 32, 128]
const processes = ['cart', 'loms', 'catalog', 'notifier', 'nats'] as const

// SKUs that a run cannot empty: what is measured is buying, not being refused.
const skus = demoProducts
  .filter(({ stock }) => stock.reduce((sum, { onHand }) => sum + onHand, 0) >= 1_000_000)
  .map(({ sku }) => sku)

function expectOk(step: string, { status, body }: Reply): string {
  if (status !== 200) throw new Error(`${step} was answered ${status}: ${body}`)
  return body
}

async function metric(system: TestSystem, service: string, name: string): Promise<number> {
  const text = await (await fetch(`${system.url(service)}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)$`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  )
}

/** Seconds until every fact has been published and read, or the bound. */
async function lagSeconds(system: TestSystem): Promise<number> {
  const since = performance.now()
  while (performance.now() - since < 60_000) {
    const [unsent, lag] = await Promise.all([
      metric(system, 'loms', 'outbox_unsent'),
      metric(system, 'notifier', 'reader_lag'),
    ])
    if (unsent === 0 && lag === 0) break
    await Bun.sleep(20)
  }
  return round((performance.now() - since) / 1000)
}

const usageOfAll = async (system: TestSystem) =>
  Object.fromEntries(
    await Promise.all(processes.map(async (name) => [name, await usage(system.pid(name))] as const)),
  )

async function measure(system: TestSystem, buyers: number, firstUser: number) {
  const carts = await Promise.all(Array.from({ length: buyers }, () => Connection.open(system.url('cart'))))
  const orders = await Promise.all(Array.from({ length: buyers }, () => Connection.open(system.url('loms'))))
  const steps = { add: new Latencies(), checkout: new Latencies(), pay: new Latencies() }
  let purchase = 0

  const timed = async (step: keyof typeof steps, connection: Connection, path: string, body: object) => {
    const since = performance.now()
    const reply = expectOk(step, await connection.post(path, body))
    steps[step].add(performance.now() - since)
    return reply
  }
  const buy = async (buyer: number) => {
    const cart = carts[buyer] as Connection
    const loms = orders[buyer] as Connection
    purchase += 1
    const user = firstUser + purchase
    await timed('add', cart, '/cart/item/add', { user, sku: skus[purchase % skus.length], count: 1 })
    const { orderID } = JSON.parse(await timed('checkout', cart, '/cart/checkout', { user }))
    await timed('pay', loms, '/order/pay', { orderID })
  }
  const before = await usageOfAll(system)
  const { perSecond, latencies } = await drive(buyers, seconds, buy)
  const after = await usageOfAll(system)
  const lag = await lagSeconds(system)
  for (const connection of [...carts, ...orders]) connection.close()

  const cpuMs = Object.fromEntries(
    processes.map((name) => [
      name,
      round((((after[name]?.cpuSeconds ?? 0) - (before[name]?.cpuSeconds ?? 0)) * 1000) / latencies.count, 3),
    ]),
  )
  return {
    row: {
      buyers,
      'purchases/s': perSecond,
      'p50 ms': latencies.summary().p50,
      'p99 ms': latencies.summary().p99,
      'lag s': lag,
      ...Object.fromEntries(
        Object.entries(steps).map(([step, its]) => [
          `${step} p50/p99`,
          `${its.summary().p50} / ${its.summary().p99}`,
        ]),
      ),
    },
    cpuMs,
    rssMib: Object.fromEntries(processes.map((name) => [name, after[name]?.rssMib ?? 0])),
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
