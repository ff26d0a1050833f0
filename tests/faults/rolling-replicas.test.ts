//! Two processes a service on PostgreSQL, restarted one after the other in the middle of trade: nobody outside notices at all.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { startNatsServer } from '../harness/nats.ts'
import { hasPostgres, startPostgres } from '../harness/postgres.ts'
import { startFleet } from '../scale/fleet.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, notCounted } from './counted.ts'
import { RollingClient, shopBy } from './rolling-client.ts'
import { shopOf } from './shop.ts'

setDefaultTimeout(60_000)
const rounds = roundsOf(3)
const doubled = ['cart', 'loms', 'catalog'] as const

const title = `with two processes a service ${rounds} of them are restarted, and every call is answered as if none were`
if (!hasPostgres()) {
  notCounted(13, 'two processes a service: PostgreSQL is not installed')
  test.skip(`PostgreSQL is not on this machine: ${title}`, () => undefined)
} else
  test(
    title,
    async () => {
      const chance = chanceOf('rolling replicas')
      await using nats = await startNatsServer()
      await using postgres = await startPostgres()
      if (postgres === undefined) throw new Error('PostgreSQL was there a moment ago')
      const databases = await Promise.all(
        ['CART', 'LOMS', 'CATALOG', 'NOTIFIER'].map(
          async (name) => [`${name}_DATABASE_URL`, await postgres.createDatabase()] as const,
        ),
      )
      await using fleet = await startFleet({
        natsUrl: nats.urlOf,
        counts: { cart: 2, loms: 2, catalog: 2, notifier: 1 },
        env: Object.fromEntries(databases),
        seed: true,
      })
      // A balancer in front of them, which knows who is up before it is told to stop.
      const client = new RollingClient((service) => fleet.url(service))
      const trade = startTrade(shopBy(client), chance)
      let exitMs = 0
      for (let round = 0; round < rounds; round += 1) {
        await trade.more(chance.between(5, 15))
        const service = doubled[round % doubled.length] ?? 'loms'
        const member = `${service}-${1 + (Math.floor(round / doubled.length) % 2)}`
        const toldAt = performance.now()
        await fleet.kill(member, 'SIGTERM')
        exitMs = Math.max(exitMs, performance.now() - toldAt)
        expect(fleet.logs(member).at(-1)).toContain('"msg":"stopped"')
        await fleet.start(member)
      }
      const bought = await trade.end(100)
      client.close()
      const { answered, notArrived, lost, notNow } = client.calls
      console.log(
        `  ${rounds} restarts, ${answered} answers, ${notArrived} tries at a closed port, not now: ${JSON.stringify(notNow)}`,
      )
      expect({ lost, notNow, notArrived }).toEqual({ lost: [], notNow: {}, notArrived: 0 })
      expect(exitMs).toBeLessThan(10_000)
      const { ok, output } = await fleet.settled()
      expect(ok ? '' : output).toBe('')
      await expectAllServed(shopOf(fleet), bought)
      counted(
        13,
        {
          'restarts of one of two processes': rounds,
          'answers through two processes': answered,
          'failed through two processes': 0,
        },
        { exit: Math.round(exitMs) },
      )
    },
    timeoutMsOf(rounds, 15_000),
  )
