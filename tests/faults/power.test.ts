//! Power loss: the disk under all services and NATS stops in the middle of sales and keeps what was written through. What was answered is there.
import { expect, test } from 'bun:test'
import { catalogueRead, metricOf } from '../harness/quiet.ts'
import { purchasePath, startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer } from '../harness/tokens.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, notCounted, percentile } from './counted.ts'
import { tillOf } from './nth/till.ts'
import { settled, shopOf } from './shop.ts'
import { madeOn, makePoweredVolume, type PoweredVolume, whyNoPoweredVolumes } from './volumes.ts'
import { expectAllPaid, startWalletTrade } from './wallet-trade.ts'

const services = [...purchasePath, 'billing', 'delivery']
const losses = roundsOf(5)
const volumeMegabytes = 512

const whyNot = await whyNoPoweredVolumes()
const name = `the power goes ${losses} times in the middle of sales, and what was answered is there`

if (whyNot === undefined) test(name, losePower, timeoutMsOf(losses, 10_000))
else {
  notCounted(5, whyNot)
  test.skip(`${name} (not here: ${whyNot})`, () => undefined)
}

async function losePower(): Promise<void> {
  const chance = chanceOf('power')
  await using volume = await makePoweredVolume(volumeMegabytes)
  await using issuer = await startTokenIssuer()
  const env = { ...issuer.env, CART_CHECKOUT_WINDOW_SECONDS: '2' }
  await using system = await madeOn(volume, () => startSystem({ services, seed: true, env }))
  expect(system.dataDir).toStartWith(volume.path)
  expect(system.nats.storeDir).toStartWith(volume.path)

  const shop = shopOf(system)
  const trade = startTrade(shop, chance, { parallel: 6 })
  await catalogueRead(system)
  const till = tillOf(system, issuer)
  const wallets = startWalletTrade(till, chance)
  const backMs: number[] = []
  let repaired = 0
  for (let loss = 0; loss < losses; loss += 1) {
    await trade.more(chance.between(20, 60))
    await Bun.sleep(chance.between(0, 30))
    const since = performance.now()
    await cutAndRestore(system, volume)
    await trade.more(1)
    backMs.push(performance.now() - since)
    for (const service of ['loms', 'billing', 'delivery'])
      repaired += (await metricOf(system, service, 'outbox_repaired_total')) ?? 0
  }
  const [bought, paid] = await Promise.all([trade.end(0), wallets.end()])
  const { ok, output, counts, ms } = await settled(system)
  expect(ok ? '' : output).toBe('')
  expect(counts.orders).toBe(bought.length + paid.length)
  await expectAllServed(shop, bought)
  await expectAllPaid(till, paid)
  counted(
    5,
    {
      'power losses': losses,
      checkouts: bought.length,
      'orders from wallets': paid.length,
      'facts that NATS had lost': repaired,
    },
    { 'back p50': percentile(backMs, 0.5), 'back p99': percentile(backMs, 0.99), settled: Math.round(ms) },
  )
}

/** Nothing is stopped in order: whoever ran when the power went is gone, whatever it was about to answer. */
async function cutAndRestore(system: TestSystem, volume: PoweredVolume): Promise<void> {
  volume.cutPower()
  await Promise.all([...services, 'nats'].map((each) => system.kill(each)))
  await volume.restorePower()
  await system.start('nats')
  await Promise.all(services.map((each) => system.start(each)))
}
