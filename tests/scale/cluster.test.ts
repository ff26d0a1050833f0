//! A NATS cluster of three with every stream on all of them: one node dies, the stream's leader too, and the shop goes on.
import { expect, test } from 'bun:test'
import { expectAllServed, startTrade } from '../faults/buyers.ts'
import { chanceOf, roundsOf, timeoutMsOf } from '../faults/chance.ts'
import { shopOf } from '../faults/shop.ts'
import { disorderIn, eventually } from '../journeys/shop.ts'
import { startCluster } from './cluster.ts'
import { startFleet } from './fleet.ts'

const rounds = roundsOf(1)

test(
  `of three nodes the stream's leader and another one are killed in turn, ${rounds} times, while buyers trade`,
  async () => {
    const chance = chanceOf('cluster')
    await using cluster = await startCluster()
    await using fleet = await startFleet({
      natsUrl: cluster.urlOf,
      counts: { catalog: 1, loms: 1, cart: 1, notifier: 1 },
      env: { NATS_STREAM_REPLICAS: '3', CART_CHECKOUT_WINDOW_SECONDS: '2' },
      seed: true,
    })
    const shop = shopOf(fleet)
    await eventually(
      'all nodes to keep the stream',
      async () => ((await cluster.copies()) === 3 ? true : undefined),
      30_000,
    )
    const trade = startTrade(shop, chance, { parallel: 2 })
    let probes = 0

    /** From an order to its notice: what loms announces, NATS takes, and the notifier reads. */
    const toldMs = async (): Promise<number> => {
      probes += 1
      const user = 1_000_000 + probes
      const since = performance.now()
      const { status } = await shop.create({ user, items: [{ sku: 2001, count: 1 }] })
      expect(status).toBe(200)
      await eventually(
        'the notice',
        async () => {
          const { body } = await shop.history({ user })
          return (body.messages as unknown[]).length === 1 ? true : undefined
        },
        40_000,
      )
      return Math.round(performance.now() - since)
    }

    const killOne = async (node: string, what: string) => {
      await cluster.kill9(node)
      const killedAt = performance.now()
      const bought = trade.more(5).then(() => Math.round(performance.now() - killedAt))
      const [boughtMs, told] = await Promise.all([bought, toldMs()])
      console.log(
        `${what} (${node}) killed: 5 purchases within ${boughtMs} ms, the next fact is told after ${told} ms`,
      )
      await cluster.start(node)
      await eventually(
        `${node} to catch up`,
        async () => ((await cluster.copies()) === 3 ? true : undefined),
        30_000,
      )
    }

    await trade.more(20)
    console.log(`NATS ${cluster.version}; with all nodes a fact is told after ${await toldMs()} ms`)
    for (let round = 0; round < rounds; round += 1) {
      await killOne(await cluster.leader(), "the stream's leader")
      const leader = await cluster.leader()
      await killOne(
        chance.pick(cluster.nodes.filter((node) => node !== leader) as [string, ...string[]]),
        'another node',
      )
    }
    const bought = await trade.end(60)

    const { ok, output, counts, ms } = await fleet.settled(15_000)
    console.log(`${bought.length} checkouts, settled after ${Math.round(ms)} ms`)
    expect(ok ? '' : output).toBe('')
    expect(counts.orders).toBe(bought.length + probes)
    await expectAllServed(shop, bought)
    expect(disorderIn(await cluster.facts())).toEqual([])
  },
  timeoutMsOf(rounds, 60_000),
)
