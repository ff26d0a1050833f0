//! loms, cart and notifier with two processes each over PostgreSQL: the last piece, lease holders killed, a lease holder paused.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Bought, expectAllServed, startTrade } from '../faults/buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from '../faults/chance.ts'
import { startProxy } from '../faults/proxy.ts'
import { type Shop, shopOf } from '../faults/shop.ts'
import { startNatsServer, type TestNats } from '../harness/nats.ts'
import { freePort } from '../harness/ports.ts'
import { hasPostgres, startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { announced, disorderIn, eventually } from '../journeys/shop.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type Leases, leasesIn } from './leases.ts'

setDefaultTimeout(90_000)
const single = 2010
const buyers = 100
const purchases = 60
const races = roundsOf(3)
const kills = roundsOf(1)
/** A lease lives 5 s, and who waits for it asks every 1.7 s. */
const takeoverMs = 10_000

if (!hasPostgres()) {
  test.skip('PostgreSQL is not on this machine: several processes of a service are not tested', () =>
    undefined)
} else {
  describe('two processes a service', severalProcesses)
}

function severalProcesses(): void {
  let server: TestPostgres | undefined
  let nats: TestNats
  let fleet: Fleet
  let shop: Shop
  let chance: Chance
  let leases: Record<'loms' | 'notifier', Leases>
  let users = 0
  let orders = 0

  beforeAll(async () => {
    chance = chanceOf('several processes')
    server = await startPostgres()
    if (server === undefined) throw new Error('PostgreSQL is here and was not started')
    nats = await startNatsServer()
    const urls = {
      loms: await server.createDatabase(),
      cart: await server.createDatabase(),
      notifier: await server.createDatabase(),
    }
    leases = { loms: leasesIn(urls.loms), notifier: leasesIn(urls.notifier) }
    fleet = await startFleet({
      natsUrl: nats.urlOf,
      counts: { catalog: 1, loms: 2, cart: 2, notifier: 2 },
      env: {
        LOMS_DATABASE_URL: urls.loms,
        CART_DATABASE_URL: urls.cart,
        NOTIFIER_DATABASE_URL: urls.notifier,
        CART_CHECKOUT_WINDOW_SECONDS: '2',
      },
      seed: true,
    })
    shop = shopOf(fleet)
  })
  afterAll(async () => {
    for (const each of Object.values(leases ?? {})) await each[Symbol.asyncDispose]()
    await fleet?.stop()
    await nats?.stop()
    await server?.stop()
  })

  const trade = (parallel = 2) => startTrade(shop, chance, { parallel, firstUser: users + 1 })

  /** Everything that was bought so far is there once, and everything that happened was told once and in order. */
  async function expectWhole(bought: readonly Bought[]): Promise<number> {
    users += bought.length
    orders += bought.length
    const { ok, output, counts, ms } = await fleet.settled()
    expect(ok ? '' : output).toBe('')
    expect(counts.orders).toBe(orders)
    await expectAllServed(shop, bought)
    expect(disorderIn(await announced({ natsUrl: nats.url }))).toEqual([])
    return Math.round(ms)
  }

  test('purchases go through every process, and all of it adds up', async () => {
    const startedAt = performance.now()
    const bought = await trade(10).end(purchases)
    const seconds = (performance.now() - startedAt) / 1_000
    const ms = await expectWhole(bought)
    console.log(`${bought.length} purchases in ${seconds.toFixed(1)} s, settled after ${ms} ms`)
    for (const member of [...fleet.members('cart'), ...fleet.members('loms')])
      expect(await answered(fleet.url(member), 'http_requests_total')).toBeGreaterThan(0)
    for (const member of fleet.members('loms'))
      expect(await answered(fleet.url(member), 'rpc_server_seconds_count')).toBeGreaterThan(0)
  })

  test(
    `in ${races} races of ${buyers} buyers for one piece, through both processes of loms, exactly one wins`,
    async () => {
      for (let race = 0; race < races; race += 1) {
        const replies = await Promise.all(
          Array.from({ length: buyers }, (_, n) =>
            shop.create({ user: users + n + 1, items: [{ sku: single, count: 1 }] }),
          ),
        )
        orders += buyers
        const winners = replies.filter(({ status }) => status === 200)
        const losers = replies.filter(({ body }) => body.code === 'insufficient_stock')
        expect({ winners: winners.length, losers: losers.length }).toEqual({ winners: 1, losers: buyers - 1 })
        // The piece goes back for the next race; the last one is sold.
        const end = race === races - 1 ? shop.pay : shop.cancel
        expect((await end({ orderID: winners[0]?.body.orderID })).status).toBe(200)
      }
      users += buyers
      expect((await shop.stock({ sku: single })).body).toEqual({ count: 0 })
      await expectWhole([])
    },
    timeoutMsOf(races, 5_000),
  )

  test(
    'the processes that hold the leases are killed while buyers trade, and the others take over',
    async () => {
      const running = trade()
      for (let round = 0; round < kills; round += 1) {
        await running.more(10)
        const [relay, reader] = await Promise.all([
          holder(leases.loms, 'relay'),
          holder(leases.notifier, 'reader:loms'),
        ])
        const killed = [fleet.memberOf(relay), fleet.memberOf(reader)]
        const killedAt = performance.now()
        await Promise.all(killed.map((member) => fleet.kill(member)))
        const took = async (pid: Promise<number>) => {
          const member = fleet.memberOf(await pid)
          return `${member} after ${Math.round(performance.now() - killedAt)} ms`
        }
        const [sends, reads] = await Promise.all([
          took(leases.loms.takenFrom('relay', relay, takeoverMs)),
          took(leases.notifier.takenFrom('reader:loms', reader, takeoverMs)),
        ])
        console.log(`${killed.join(' and ')} killed; the relay is ${sends}, the reader ${reads}`)
        await running.more(10)
        await Promise.all(killed.map((member) => fleet.start(member)))
      }
      const bought = await running.end(40)
      const ms = await expectWhole(bought)
      console.log(`${bought.length} checkouts with ${kills * 2} kills, settled after ${ms} ms`)
    },
    timeoutMsOf(kills, 30_000),
  )

  test('a holder that is paused past its lease, with facts on their way, is fenced when it goes on', async () => {
    // What it has sent is held up on the way, so that it arrives when another has long sent the same.
    await using proxy = await startProxy({ port: freePort(), to: nats.port })
    await fleet.kill('loms-1', 'SIGTERM')
    await fleet.start('loms-1', { NATS_URL: `nats://127.0.0.1:${proxy.port}` })
    await fleet.kill('loms-2', 'SIGTERM')
    await eventually('loms-1 to take over', async () =>
      (await leases.loms.holder('relay')) === fleet.pid('loms-1') ? true : undefined,
    )
    await fleet.start('loms-2')

    const running = trade()
    await running.more(10)
    const paused = fleet.pid('loms-1')
    const pausedAt = performance.now()
    proxy.stall()
    await running.more(1)
    // Its relay looks once a second for what the other process has announced: by now it has sent something.
    await Bun.sleep(1_500)
    await fleet.kill('loms-1', 'SIGSTOP')
    const taker = fleet.memberOf(await leases.loms.takenFrom('relay', paused, 2 * takeoverMs))
    const takenMs = Math.round(performance.now() - pausedAt)
    expect(taker).toBe('loms-2')
    await running.more(5)
    proxy.heal()
    fleet.resume('loms-1')
    await running.more(10)
    const bought = await running.end(40)
    const ms = await expectWhole(bought)
    console.log(`loms-1 paused; ${taker} took over after ${takenMs} ms; settled after ${ms} ms`)
    const said = (words: string) => fleet.logs('loms-1').filter((line) => line.includes(words))
    expect(said('no answer within')).not.toBeEmpty() // there were facts on their way
    expect(said('left a lease')).not.toBeEmpty()
  })
}

const holder = (leases: Leases, lease: string) =>
  eventually(`somebody to hold ${lease}`, () => leases.holder(lease))

/** The sum of a counter over all its labels, at one process. */
async function answered(url: string, counter: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { keepalive: false })).text()
  const values = text.split('\n').filter((line) => line.split(/[{ ]/, 1)[0] === counter)
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
