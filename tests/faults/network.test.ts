//! Bad days between the services and NATS, with buyers all along: paused processes, restarts in a row, cut, silent and slow connections.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { freePort } from '../harness/ports.ts'
import { catalogueRead } from '../harness/quiet.ts'
import { purchasePath, startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { expectAllServed, startTrade, type Trade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Till, tillOf } from './nth/till.ts'
import { startProxy, type TcpProxy } from './proxy.ts'
import { settled } from './shop.ts'
import { expectAllPaid, startWalletTrade } from './wallet-trade.ts'

const services = [...purchasePath, 'billing', 'delivery']
const rounds = roundsOf(1)
/** In a long run also longer than it takes to notice that NATS does not answer. */
const longestMs = rounds > 1 ? 12_000 : 2_000
const firstWithWallet = 5_000_000
let issuer: TokenIssuer
let system: TestSystem
let till: Till
let chance: Chance
let users = 0
let usersWithWallet = 0
/** One between each service and NATS, so that some may be cut off and others not. */
const proxies = new Map<string, TcpProxy>()

/** One system for all: what one test has broken, the next one would notice. */
beforeAll(async () => {
  chance = chanceOf('network')
  issuer = await startTokenIssuer()
  const mode = chance.pick(['orchestration', 'choreography'])
  const env = { ...issuer.env, CART_CHECKOUT_WINDOW_SECONDS: '2', LOMS_SAGA: mode }
  system = await startSystem({ services, seed: true, env })
  till = tillOf(system, issuer)
  await catalogueRead(system)
  for (const service of services)
    proxies.set(service, await startProxy({ port: freePort(), to: system.nats.port }))
  const throughProxy = ([service, { port }]: readonly [string, TcpProxy]) =>
    system.restart(service, { NATS_URL: `nats://127.0.0.1:${port}` })
  await Promise.all([...proxies].map(throughProxy))
}, 60_000)
afterAll(async () => {
  await system.stop()
  await issuer[Symbol.asyncDispose]()
  for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]()
})

/** Half of the time all connections, else those of some services. */
function some(): readonly TcpProxy[] {
  const all = [...proxies.values()]
  const chosen = all.filter(() => chance.random() < 0.5)
  return chance.random() < 0.5 || chosen.length === 0 ? all : chosen
}

const forSomeTime = () => Bun.sleep(chance.between(500, longestMs))

type Counts = Readonly<Record<string, number>>

/** Buyers are served before, may wait during, and are all served once it is over; nothing is under way 10 s later. */
function whenever(what: string, roundMs: number, happens: (trade: Trade) => Promise<Counts>): void {
  const surviveIt = async () => {
    const trade = startTrade(till, chance, { firstUser: users + 1 })
    const wallets = startWalletTrade(till, chance, {
      parallel: 2,
      firstUser: firstWithWallet + usersWithWallet,
    })
    const total: Record<string, number> = {}
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(10)
      for (const [kind, count] of Object.entries(await happens(trade)))
        total[kind] = (total[kind] ?? 0) + count
    }
    const healedAt = performance.now()
    await Promise.all([trade.more(1), wallets.more(1)])
    const servedMs = Math.round(performance.now() - healedAt)
    const [bought, paid] = await Promise.all([trade.end(20), wallets.end()])
    users += bought.length
    usersWithWallet += paid.length
    const { ok, output, counts, ms } = await settled(system)
    expect(ok ? '' : output).toBe('')
    expect(counts.orders).toBe(users + usersWithWallet)
    await expectAllServed(till, bought)
    await expectAllPaid(till, paid)
    counted(
      6,
      { ...total, checkouts: bought.length, 'orders from wallets': paid.length },
      { served: servedMs, settled: Math.round(ms) },
    )
  }
  test(`${what}: everybody is served once`, surviveIt, timeoutMsOf(rounds, roundMs))
}

for (const service of services) {
  whenever(`${service} is paused for some time`, 30_000, async () => {
    await system.kill(service, 'SIGSTOP')
    await forSomeTime()
    await system.kill(service, 'SIGCONT')
    return { pauses: 1 }
  })
}

whenever('NATS is paused for some time', 30_000, async () => {
  await system.kill('nats', 'SIGSTOP')
  await forSomeTime()
  await system.kill('nats', 'SIGCONT')
  return { pauses: 1 }
})

whenever('NATS is restarted ten times in a row', 20_000, async () => {
  for (let restart = 0; restart < 10; restart += 1) {
    await system.restart('nats')
    await Bun.sleep(chance.between(0, 100))
  }
  return { 'restarts of NATS': 10 }
})

whenever('connections to NATS are cut again and again', 10_000, async () => {
  for (let time = 0; time < 20; time += 1) {
    for (const proxy of some()) proxy.cut()
    await Bun.sleep(chance.between(0, 100))
  }
  return { cuts: 20 }
})

whenever('NATS cannot be reached for some time', 30_000, async () => {
  const cutOff = some()
  for (const proxy of cutOff) proxy.refuse()
  await forSomeTime()
  for (const proxy of cutOff) proxy.heal()
  return { 'times out of reach': 1 }
})

whenever('nothing passes to NATS for some time, and then goes on', 30_000, async () => {
  const silent = some()
  for (const proxy of silent) proxy.stall()
  await forSomeTime()
  for (const proxy of silent) proxy.heal()
  return { silences: 1 }
})

whenever('questions pass and answers wait for some time', 30_000, async () => {
  const deaf = some()
  for (const proxy of deaf) proxy.deafen()
  await forSomeTime()
  for (const proxy of deaf) proxy.heal()
  return { 'silences in one direction': 1 }
})

whenever('connections to NATS are half-open', 20_000, async () => {
  for (const proxy of some()) proxy.halfOpen()
  return { 'half-open': 1 }
})

whenever('NATS is slow', 20_000, async (trade) => {
  for (const proxy of proxies.values()) proxy.delay(50)
  await trade.more(10)
  for (const proxy of proxies.values()) proxy.heal()
  return { delays: 1 }
})

whenever('NATS is slower than anybody waits', 40_000, async () => {
  for (const proxy of some()) proxy.delay(chance.between(2_000, 6_000))
  await forSomeTime()
  for (const proxy of proxies.values()) proxy.heal()
  return { delays: 1 }
})
