//! Bad days between the services and NATS, with buyers all along: paused processes, restarts in a row, cut, silent and slow connections.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { freePort } from '../harness/ports.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { expectAllServed, startTrade, type Trade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { startProxy, type TcpProxy } from './proxy.ts'
import { settled, shopOf } from './shop.ts'

const rounds = roundsOf(1)
/** In a long run also longer than it takes to notice that NATS does not answer. */
const longestMs = rounds > 1 ? 12_000 : 3_000
const services = ['catalog', 'loms', 'cart', 'notifier'] as const
let system: TestSystem
let proxy: TcpProxy
let chance: Chance
let users = 0

/** One system for all: what one test has broken, the next one would notice. */
beforeAll(async () => {
  chance = chanceOf('network')
  system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
  proxy = await startProxy({ port: freePort(), to: system.nats.port })
  const throughProxy = { NATS_URL: `nats://127.0.0.1:${proxy.port}` }
  await Promise.all(services.map((service) => system.restart(service, throughProxy)))
}, 60_000)
afterAll(async () => {
  await system.stop()
  await proxy[Symbol.asyncDispose]()
})

/** Buyers are served before, may wait during, and are all served once it is over; nothing is under way 10 s later. */
function whenever(what: string, roundMs: number, happens: (trade: Trade) => Promise<void>): void {
  const surviveIt = async () => {
    const shop = shopOf(system)
    const trade = startTrade(shop, chance, { firstUser: users + 1 })
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(10)
      await happens(trade)
    }
    const healedAt = performance.now()
    await trade.more(1)
    const servedMs = Math.round(performance.now() - healedAt)
    const bought = await trade.end(20)
    users += bought.length
    const { ok, output, counts, ms } = await settled(system)
    console.log(
      `${what}: ${bought.length} checkouts, the next one ${servedMs} ms after it, settled after ${Math.round(ms)} ms`,
    )
    expect(ok ? '' : output).toBe('')
    expect(counts.orders).toBe(users)
    await expectAllServed(shop, bought)
  }
  test(`${what}: everybody is served once`, surviveIt, timeoutMsOf(rounds, roundMs))
}

for (const service of services) {
  whenever(`${service} is paused for some seconds`, 30_000, async () => {
    await system.kill(service, 'SIGSTOP')
    await Bun.sleep(chance.between(1_000, longestMs))
    await system.kill(service, 'SIGCONT')
  })
}

whenever('NATS is paused for some seconds', 30_000, async () => {
  await system.kill('nats', 'SIGSTOP')
  await Bun.sleep(chance.between(1_000, longestMs))
  await system.kill('nats', 'SIGCONT')
})

whenever('NATS is restarted ten times in a row', 20_000, async () => {
  for (let restart = 0; restart < 10; restart += 1) {
    await system.restart('nats')
    await Bun.sleep(chance.between(0, 100))
  }
})

whenever('connections to NATS are cut again and again', 10_000, async () => {
  for (let time = 0; time < 20; time += 1) {
    proxy.cut()
    await Bun.sleep(chance.between(0, 100))
  }
})

whenever('NATS cannot be reached for some seconds', 30_000, async () => {
  proxy.refuse()
  await Bun.sleep(chance.between(1_000, longestMs))
  proxy.heal()
})

whenever('nothing passes to NATS for some seconds, and then goes on', 30_000, async () => {
  proxy.stall()
  await Bun.sleep(chance.between(1_000, longestMs))
  proxy.heal()
})

whenever('connections to NATS are half-open', 20_000, async () => {
  proxy.halfOpen()
})

whenever('NATS is slow', 20_000, async (trade) => {
  proxy.delay(50)
  await trade.more(10)
  proxy.heal()
})
