//! Services are told to stop and started again, one after the other, in the middle of trade: nothing that was sent stays unanswered.
import { expect, test } from 'bun:test'
import { startSystem } from '../harness/system.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { RollingClient, shopBy } from './rolling-client.ts'
import { stopInOrder } from './rolling-stop.ts'
import { settled, shopOf } from './shop.ts'

const rounds = roundsOf(8)
const services = ['cart', 'loms', 'catalog', 'notifier'] as const
const exitMsMax = 10_000

test(
  `services are restarted ${rounds} times under load: whatever was sent is answered, and nothing answered is lost`,
  async () => {
    const chance = chanceOf('rolling')
    await using system = await startSystem({ seed: true })
    const client = new RollingClient((service) => system.url(service))
    const trade = startTrade(shopBy(client), chance)
    const exits: number[] = []
    const restarts: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(chance.between(5, 15))
      const service = services[round % services.length] ?? 'loms'
      const toldAt = performance.now()
      exits.push(await stopInOrder(system, service))
      await system.start(service)
      restarts.push(performance.now() - toldAt)
    }
    const bought = await trade.end(100)
    client.close()
    const { answered, notArrived, cutOff, lost, notNow } = client.calls
    const longest = (times: readonly number[]) => Math.round(Math.max(...times))
    console.log(
      `  ${rounds} restarts, ${answered} answers, ${notArrived} tries at a closed port, ${cutOff} cut off by it, not now: ${JSON.stringify(notNow)}; stopped within ${longest(exits)} ms, away for ${longest(restarts)} ms at most`,
    )
    expect(lost).toEqual([])
    // An instant a restart, hit by few.
    expect(cutOff).toBeLessThanOrEqual(rounds)
    expect(longest(exits)).toBeLessThan(exitMsMax)
    const { ok, output, ms } = await settled(system)
    expect(ok ? '' : output).toBe('')
    await expectAllServed(shopOf(system), bought)
    counted(
      13,
      {
        restarts: rounds,
        purchases: bought.length,
        answers: answered,
        'not arrived': notArrived,
        'cut off unheard': cutOff,
        'sent and not answered': lost.length,
        'not now': Object.values(notNow).reduce((sum, count) => sum + count, 0),
      },
      { exit: longest(exits), away: longest(restarts), settled: Math.round(ms) },
    )
  },
  timeoutMsOf(rounds, 8_000),
)
