//! Verify raises no false alarm: not over a shop that is selling, and not over one that was killed in the middle of it.
import { expect, test } from 'bun:test'
import { runVerify } from '../../tools/verify/run.ts'
import { startTrade } from '../faults/buyers.ts'
import { chanceOf } from '../faults/chance.ts'
import { settled, shopOf } from '../faults/shop.ts'
import { startSystem } from '../harness/system.ts'

const services = ['catalog', 'loms', 'cart', 'notifier'] as const

test('a shop that is selling holds, also when it is killed whole, and when it is back', async () => {
  await using system = await startSystem({ seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
  const trade = startTrade(shopOf(system), chanceOf('verify while selling'))
  for (let look = 0; look < 5; look += 1) {
    await trade.more(20)
    const { ok, output } = await runVerify({ dataDir: system.dataDir })
    expect(output).toStartWith('data of a running system')
    expect(ok ? '' : output).toBe('')
  }

  await Promise.all(services.map((service) => system.kill(service)))
  const stopped = await runVerify({ dataDir: system.dataDir })
  expect(stopped.output).toStartWith('data of a stopped system')
  expect(stopped.ok ? '' : stopped.output).toBe('')

  await Promise.all(services.map((service) => system.start(service)))
  const bought = await trade.end(0)
  const { ok, output, counts } = await settled(system)
  expect(ok ? '' : output).toBe('')
  expect(counts.orders).toBe(bought.length)
}, 60_000)
