//! `bun tests/scale/figures.ts [--seconds 6]`: what each step past one process and one file costs and buys, all of it on this machine.
import { Connection } from '../../benchmarks/lib/connection.ts'
import { drive, flag, report } from '../../benchmarks/lib/measure.ts'
import { demoProducts } from '../../tools/seed/shop.ts'
import { startNatsServer } from '../harness/nats.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startCluster } from './cluster.ts'
import { type Fleet, startFleet } from './fleet.ts'

const seconds = flag('seconds', 6)
const warmUpSeconds = 1
const buyers = flag('buyers', 32)

// SKUs that a run cannot empty.
const skus = demoProducts
  .filter(({ stock }) => stock.reduce((sum, { onHand }) => sum + onHand, 0) >= 1_000_000)
  .map(({ sku }) => sku)
const inPostgres = ['loms', 'cart', 'notifier'] as const

type Step = {
  readonly what: string
  readonly processes: number
  readonly postgres: boolean
  readonly cluster: boolean
}

const steps: readonly Step[] = [
  { what: 'files, a process a service', processes: 1, postgres: false, cluster: false },
  { what: 'PostgreSQL, a process a service', processes: 1, postgres: true, cluster: false },
  { what: 'PostgreSQL, two of loms and cart', processes: 2, postgres: true, cluster: false },
  { what: 'the same, NATS cluster of three', processes: 2, postgres: true, cluster: true },
]

async function measure({ what, processes, postgres, cluster }: Step): Promise<object> {
  await using nats = cluster ? await startCluster() : await startNatsServer()
  await using server = postgres ? await startPostgres({ durable: true }) : undefined
  const env: Record<string, string> = { LOG_LEVEL: 'warn', NATS_STREAM_REPLICAS: cluster ? '3' : '1' }
  if (server !== undefined)
    for (const service of inPostgres)
      env[`${service.toUpperCase()}_DATABASE_URL`] = await server.createDatabase()
  const counts = { catalog: 1, loms: processes, cart: processes, notifier: 1 }
  await using fleet = await startFleet({ natsUrl: nats.urlOf, counts, env, seed: true })
  await trade(fleet, warmUpSeconds, 1)
  const { perSecond, latencies } = await trade(fleet, seconds, 1_000_000)
  const { p50, p99 } = latencies.summary()
  return { what, 'purchases/s': perSecond, 'p50 ms': p50, 'p99 ms': p99 }
}

async function trade(fleet: Fleet, forSeconds: number, firstUser: number) {
  const open = (service: string) =>
    Promise.all(Array.from({ length: buyers }, () => Connection.open(fleet.url(service))))
  const [carts, orders] = await Promise.all([open('cart'), open('loms')])
  let purchase = 0
  const done = await drive(buyers, forSeconds, async (buyer) => {
    const [cart, loms] = [carts[buyer], orders[buyer]]
    if (cart === undefined || loms === undefined) throw new Error(`there is no buyer ${buyer}`)
    purchase += 1
    const user = firstUser + purchase
    await ok(cart.post('/cart/item/add', { user, sku: skus[purchase % skus.length], count: 1 }))
    const { orderID } = JSON.parse(await ok(cart.post('/cart/checkout', { user })))
    await ok(loms.post('/order/pay', { orderID }))
  })
  for (const connection of [...carts, ...orders]) connection.close()
  return done
}

async function ok(answer: Promise<{ readonly status: number; readonly body: string }>): Promise<string> {
  const { status, body } = await answer
  if (status !== 200) throw new Error(`answered ${status}: ${body}`)
  return body
}

const rows: object[] = []
for (const step of steps) rows.push(await measure(step))
await report('scale', rows)
