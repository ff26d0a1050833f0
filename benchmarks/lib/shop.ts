//! The whole shop under load: what can be bought without end, a purchase on the RPC surface, and what it cost each process.
import type { TestSystem } from '../../tests/harness/system.ts'
import { demoProducts } from '../../tools/seed/shop.ts'
import { Connection, type Reply } from './connection.ts'
import { Latencies, round, usage } from './measure.ts'

/** SKUs that a run cannot empty: what is measured is buying, not being refused. */
export const skus: readonly number[] = demoProducts
  .filter(({ stock }) => stock.reduce((sum, { onHand }) => sum + onHand, 0) >= 1_000_000)
  .map(({ sku }) => sku)

/** The body; any other answer ends the run. */
export function expectOk(step: string, { status, body }: Reply): string {
  if (status !== 200) throw new Error(`${step} was answered ${status}: ${body}`)
  return body
}

export type Buying = {
  /** One purchase of one of the buyers, as another customer every time. */
  buy(buyer: number): Promise<void>
  readonly steps: Readonly<Record<'add' | 'checkout' | 'pay', Latencies>>
  close(): void
}

/** Buyers that add something to a cart, check out and pay, over HTTP. */
export async function rpcBuyers(system: TestSystem, buyers: number, firstUser: number): Promise<Buying> {
  const open = (service: string) =>
    Promise.all(Array.from({ length: buyers }, () => Connection.open(system.url(service))))
  const [carts, orders] = await Promise.all([open('cart'), open('loms')])
  const steps = { add: new Latencies(), checkout: new Latencies(), pay: new Latencies() }
  let purchase = 0

  const timed = async (step: keyof typeof steps, connection: Connection, path: string, body: object) => {
    const since = performance.now()
    const reply = expectOk(step, await connection.post(path, body))
    steps[step].add(performance.now() - since)
    return reply
  }
  return {
    steps,
    async buy(buyer) {
      const cart = carts[buyer] as Connection
      const loms = orders[buyer] as Connection
      purchase += 1
      const user = firstUser + purchase
      await timed('add', cart, '/cart/item/add', { user, sku: skus[purchase % skus.length], count: 1 })
      const { orderID } = JSON.parse(await timed('checkout', cart, '/cart/checkout', { user }))
      await timed('pay', loms, '/order/pay', { orderID })
    },
    close() {
      for (const connection of [...carts, ...orders]) connection.close()
    },
  }
}

/** The sum of a metric over its labels. */
export async function metric(system: TestSystem, service: string, name: string): Promise<number> {
  const text = await (await fetch(`${system.url(service)}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)$`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  )
}

/** Seconds until every fact has been published by those and read by these, or the bound. */
export async function lagSeconds(
  system: TestSystem,
  tellers: readonly string[],
  readers: readonly string[],
): Promise<number> {
  const since = performance.now()
  while (performance.now() - since < 60_000) {
    const left = await Promise.all([
      ...tellers.map((service) => metric(system, service, 'outbox_unsent')),
      ...readers.map((service) => metric(system, service, 'reader_lag')),
    ])
    if (left.every((count) => count === 0)) break
    await Bun.sleep(20)
  }
  return round((performance.now() - since) / 1000)
}

export type Usages = Readonly<Record<string, { readonly cpuSeconds: number; readonly rssMib: number }>>

export async function usagesOf(system: TestSystem, processes: readonly string[]): Promise<Usages> {
  return Object.fromEntries(
    await Promise.all(processes.map(async (name) => [name, await usage(system.pid(name))] as const)),
  )
}

/** CPU milliseconds of each process, for one of `count` purchases. */
export function cpuMsEach(before: Usages, after: Usages, count: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, { cpuSeconds }]) => [
      name,
      round(((cpuSeconds - (before[name]?.cpuSeconds ?? 0)) * 1000) / count, 3),
    ]),
  )
}

/** Resident MiB of each process. */
export const rssOf = (usages: Usages): Record<string, number> =>
  Object.fromEntries(Object.entries(usages).map(([name, { rssMib }]) => [name, rssMib]))

/** `p50 / p99` of each. */
export const percentiles = (all: Readonly<Record<string, Latencies>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).map(([name, its]) => {
      const { p50, p99 } = its.summary()
      return [`${name} p50/p99`, `${p50} / ${p99}`]
    }),
  )
