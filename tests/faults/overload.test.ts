//! Ten times as many as can be served: nearly as many are served as ever, the others are told at once to come back, and afterwards all is as before.
import { expect, test } from 'bun:test'
import { usage } from '../../benchmarks/lib/measure.ts'
import { withoutLimits } from '../../benchmarks/lib/wallet.ts'
import { catalogueRead } from '../harness/quiet.ts'
import { purchasePath, startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer } from '../harness/tokens.ts'
import { shopOf } from '../journeys/shop.ts'
import { chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, percentile } from './counted.ts'
import type { Crowd, Crowded, Step } from './overload-crowd.ts'
import { settled } from './shop.ts'

const times = 10
const rounds = roundsOf(1)
/** A short run shares its machine with whatever else runs there. */
const leastOf = (longRun: number, short = 0.6) => (rounds > 3 ? longRun : short)
/** What else runs on the machine may cost a short round its figure, hardly three in a row. */
const triesMax = Math.max(rounds, 3)
const program = new URL('overload-crowd.ts', import.meta.url).pathname
const popular = 2001
/** Of which a wallet pays thousands. */
const cheap = 9001
const wallets = 64
const everybody = [...purchasePath, 'accounts', 'billing', 'delivery', 'gateway']

type Rush = {
  readonly system: TestSystem
  readonly services: readonly string[]
  readonly steps: readonly Step[]
  readonly bearers?: readonly string[]
  /** What others ask all the while, and are answered. */
  readonly asked: readonly string[]
}

const purchase = (system: TestSystem): Step[] => [
  {
    name: 'add',
    url: system.url('cart'),
    path: '/cart/item/add',
    body: `{"user":$user,"sku":${popular},"count":1}`,
  },
  { name: 'checkout', url: system.url('cart'), path: '/cart/checkout', body: '{"user":$user}' },
  { name: 'pay', url: system.url('loms'), path: '/order/pay', body: '{"orderID":$order}' },
]
const order = (system: TestSystem): Step[] => [
  {
    name: 'create',
    url: system.url('loms'),
    path: '/order/create',
    body: `{"user":$user,"items":[{"sku":${popular},"count":1}]}`,
  },
]

/** Starts what is rushed at, to be stopped with the stack. */
type Begin = (stack: AsyncDisposableStack) => Promise<Rush>

const rushFor =
  (stepsOf: (system: TestSystem) => Step[]): Begin =>
  async (stack) => {
    const services = purchasePath
    const system = stack.use(await startSystem({ services, seed: true, env: { LOG_LEVEL: 'error' } }))
    return { system, services, steps: stepsOf(system), asked: readiness(system, services) }
  }

/** At the public door, with all that is behind it. */
const rushOfWallets: Begin = async (stack) => {
  const issuer = stack.use(await startTokenIssuer())
  const env = { ...issuer.env, ...withoutLimits, LOG_LEVEL: 'error' }
  const system = stack.use(await startSystem({ services: everybody, seed: true, env }))
  await catalogueRead(system)
  const users = Array.from({ length: wallets }, (_, index) => index + 1)
  const bearers = await Promise.all(users.map((user) => issuer.bearer({ user })))
  const { done } = shopOf(system)
  for (const authorization of bearers)
    await done('billing', '/api/v1/account', { amount: '100000.00' }, { authorization })
  const url = system.url('gateway')
  const body = `{"items":[{"sku":${cheap},"quantity":1}]}`
  const steps = [{ name: 'order', url, path: '/api/v1/order', body }]
  const asked = [...readiness(system, everybody), `${url}/api/v1/products`]
  return { system, services: everybody, steps, bearers, asked }
}

const readiness = (system: TestSystem, services: readonly string[]) =>
  services.map((service) => `${system.url(service)}/health/ready`)

/** In a process of its own: who makes the load must not wait for who measures it. */
async function serve(crowd: Crowd): Promise<Crowded> {
  const child = Bun.spawn([process.execPath, '--no-env-file', program, JSON.stringify(crowd)], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  expect(await child.exited).toBe(0)
  return JSON.parse(text) as Crowded
}

/** Asks while `work` runs; answers with everything that was not 200. */
async function askedDuring<T>({ asked }: Rush, work: Promise<T>): Promise<{ done: T; refused: string[] }> {
  const refused: string[] = []
  let isOver = false
  const asking = (async () => {
    while (!isOver) {
      for (const url of asked) {
        const response = await fetch(url, { keepalive: false })
        await response.body?.cancel()
        if (response.status !== 200) refused.push(`${url} ${response.status}`)
      }
      await Bun.sleep(200)
    }
  })()
  const done = await work
  isOver = true
  await asking
  return { done, refused }
}

const rssOf = async ({ system, services }: Rush) =>
  Math.max(...(await Promise.all(services.map(async (name) => (await usage(system.pid(name))).rssMib))))
const totalOf = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

type Flood = {
  readonly peak: number
  readonly flood: Crowded
  readonly goodput: number
  readonly again: Crowded
}

for (const [what, begin, least, goodputLeast] of [
  ['purchases', rushFor(purchase), 128, leastOf(0.8)],
  ['orders', rushFor(order), 64, leastOf(0.8)],
  // A door that refuses takes of the same two cores as those who serve behind it, and so does who makes the load: the quicker the
  // machine, the more it is that ten times the peak takes. It is half of them at 5,000 a second.
  ['orders from wallets', rushOfWallets, 64, leastOf(0.5, 0.4)],
] as const) {
  test(
    `${what}: of ten times the load as many are served as of the most that can be, ${rounds} times`,
    async () => {
      const chance = chanceOf(`overload ${what}`)
      await using stack = new AsyncDisposableStack()
      const rush = await begin(stack)
      const { system, steps, bearers } = rush
      let firstUser = chance.between(1, 1_000_000)
      const crowd = async (more: Pick<Crowd, 'places' | 'seconds' | 'startSeconds' | 'perSecond'>) => {
        const crowded = await serve({ steps, firstUser, ...(bearers && { bearers }), ...more })
        firstUser += crowded.came
        return crowded
      }
      let most = 0
      const busy = async (seconds: number) => {
        const crowded = await crowd({ places: least, seconds, startSeconds: 0.2 })
        most = Math.max(most, crowded.boughtPerSecond)
        return crowded
      }

      async function flood(): Promise<Flood> {
        const before = (await busy(1.5)).boughtPerSecond
        const { done, refused } = await askedDuring(
          rush,
          crowd({ places: 4_000, seconds: 4, startSeconds: 1, perSecond: times * most }),
        )
        expect(refused).toEqual([])
        const again = await busy(1.5)
        const peak = (before + again.boughtPerSecond) / 2
        return { peak, flood: done, goodput: done.boughtPerSecond / peak, again }
      }

      // Both ways of answering are compiled before anything is measured.
      await busy(2)
      await crowd({ places: 1_000, seconds: 1.5, startSeconds: 0, perSecond: times * most })
      const rssMib = await rssOf(rush)
      const floods: Flood[] = []
      // In the middle of many; of a few the best.
      const goodput = () =>
        percentile(
          floods.map((each) => Math.round(each.goodput * 100)),
          rounds > 3 ? 0.5 : 1,
        )
      while (floods.length < rounds || (goodput() < goodputLeast * 100 && floods.length < triesMax)) {
        const each = await flood()
        const { peak, flood: crowded } = each
        floods.push(each)
        console.log(
          `  ${what}: ${Math.round(peak)}/s at the most; of ${crowded.came} who came in 4 s ${Math.round(crowded.boughtPerSecond)} were served a second (${Math.round(each.goodput * 100)} %), ${totalOf(crowded.turnedAway)} turned away after ${crowded.turnedAwayMs.join('/')} ms (50 %, 99 %, all), ${crowded.unsent} not sent`,
        )
        // Nobody was told anything else, and who is served when it is over is served as before.
        expect({ during: crowded.others, after: each.again.others }).toEqual({ during: {}, after: {} })
        expect(crowded.turnedAwayMs[1]).toBeLessThan(4_000)
        expect(totalOf(crowded.turnedAway)).toBeGreaterThan(peak * 3)
      }
      // Over means over.
      expect((await busy(0.5)).turnedAway).toEqual({})
      const grownMib = (await rssOf(rush)) - rssMib
      expect(grownMib).toBeLessThan(300)
      const { ok, output, ms } = await settled(system, 20_000)
      expect(ok ? '' : output).toBe('')
      const sum = (of: (each: Flood) => number) => floods.reduce((total, each) => total + of(each), 0)
      counted(
        12,
        {
          [`${what} offered`]: sum((each) => each.flood.came),
          [`${what} served`]: sum((each) => each.flood.bought),
          [`${what} turned away`]: sum((each) => totalOf(each.flood.turnedAway)),
          [`% goodput of ${what}`]: goodput(),
        },
        {
          settled: Math.round(ms),
          'turned away after': Math.max(...floods.map((each) => each.flood.turnedAwayMs[1] ?? 0)),
        },
      )
      expect(goodput()).toBeGreaterThanOrEqual(goodputLeast * 100)
    },
    timeoutMsOf(rounds, 20_000),
  )
}
