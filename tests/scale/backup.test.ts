//! A backup of a shop that is selling, and what comes of it: the shop as it was at that moment, whatever NATS has to say.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readManifest } from '../../tools/backup/manifest.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { type Bought, expectAllServed, startTrade } from '../faults/buyers.ts'
import { type Chance, chanceOf } from '../faults/chance.ts'
import { type Shop, settled, shopOf } from '../faults/shop.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually } from '../journeys/shop.ts'
import { runTool, useTool } from './tool.ts'

setDefaultTimeout(60_000)
const services = ['catalog', 'loms', 'cart', 'notifier'] as const
let system: TestSystem
let shop: Shop
let chance: Chance
let folder: string
let users = 0
/** Whoever bought before the last backup began: theirs must be there for ever. */
const kept: Bought[] = []

beforeAll(async () => {
  chance = chanceOf('backup')
  folder = await mkdtemp(join(tmpdir(), 'kiosk-backups-'))
  system = await startSystem({ services, seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
  shop = shopOf(system)
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function trade(
  count: number,
  during: () => Promise<unknown> = async () => undefined,
): Promise<Bought[]> {
  // Far enough apart that nobody who is forgotten by a restore comes again as somebody else.
  users += 10_000
  const running = startTrade(shop, chance, { firstUser: users })
  await running.more(count / 4)
  await during()
  return await running.end(count)
}

const backUp = (name: string) => useTool('backup', ['--to', join(folder, name), '--data', system.dataDir])
const restoreArgs = (name: string) => ['--from', join(folder, name), '--data', system.dataDir]
const natsUrl = () => ({ NATS_URL: system.natsUrl })

const stopServices = () => Promise.all(services.map((service) => system.kill(service, 'SIGTERM')))
const startServices = () => Promise.all(services.map((service) => system.start(service)))

async function expectWhole(bought: readonly Bought[], orders: number): Promise<void> {
  const { ok, output, counts } = await settled(system)
  expect(ok ? '' : output).toBe('')
  expect(counts.orders).toBe(orders)
  await expectAllServed(shop, bought)
}

test('a backup is made while buyers trade: nobody notices, and it holds by itself', async () => {
  kept.push(...(await trade(60)))
  let said = ''
  await trade(80, async () => {
    said = await backUp('first')
  })
  console.log(said)
  for (const service of ['loms', 'cart']) expect(await refusals(service)).toBe(0)
  const verified = await runVerify({ dataDir: join(folder, 'first'), mode: 'stopped' })
  expect(verified.ok ? '' : verified.output).toBe('')
  expect(verified.counts.orders).toBeGreaterThanOrEqual(60)
})

test('data and NATS are lost; the backup is restored, and the shop goes on from there', async () => {
  await Promise.all(services.map((service) => system.kill(service)))
  await system.kill('nats')
  await rm(system.nats.storeDir, { recursive: true })
  for (const name of await readdir(system.dataDir)) await rm(join(system.dataDir, name), { recursive: true })
  await system.start('nats')

  await useTool('restore', restoreArgs('first'), natsUrl())
  await startServices()
  const { copies } = await readManifest(join(folder, 'first'))
  const orders = copies.find(({ service }) => service === 'loms')?.rows.orders ?? 0
  await expectWhole(kept, orders)
  const more = await trade(40)
  await expectWhole([...kept, ...more], orders + more.length)
  kept.push(...more)
})

test('nothing is done to data that is there, or in use, without a word', async () => {
  const running = await runTool('restore', [...restoreArgs('first'), '--overwrite'], natsUrl())
  expect(running.code).toBe(1)
  expect(running.output).toContain('is in use')
  const existing = await runTool('restore', restoreArgs('first'), natsUrl())
  expect(existing.code).toBe(1)
  expect(existing.output).toContain('--overwrite')
  const again = await runTool('backup', ['--to', join(folder, 'first'), '--data', system.dataDir])
  expect(again.code).toBe(1)
  expect(again.output).toContain('not empty')
  expect((await readdir(system.dataDir)).filter((name) => name.includes('restoring'))).toEqual([])
  const { copies } = await readManifest(join(folder, 'first'))
  expect(copies.map(({ service }) => service).sort()).toEqual([...services].sort())
  expect((await settled(system)).ok).toBe(true)
})

test('a stream that is ahead of what was restored is emptied; left alone, it would tell of orders that are gone', async () => {
  await backUp('second')
  const { copies } = await readManifest(join(folder, 'second'))
  const orders = copies.find(({ service }) => service === 'loms')?.rows.orders ?? 0
  const gone = await trade(20)
  await expectWhole(gone, orders + gone.length)
  await stopServices()

  const overwrite = [...restoreArgs('second'), '--overwrite']
  await useTool('restore', [...overwrite, '--without-nats'], natsUrl())
  await startServices()
  const hear = async () => {
    const { broken, counts } = await runVerify({ dataDir: system.dataDir, mode: 'live' })
    return broken.includes('notifier ← loms: nothing was acted on that nobody announced') ? counts : undefined
  }
  // Of a running system verify says nothing about the last 10 s.
  const strangers = await eventually('the notifier to hear of them', hear, 20_000)
  console.log(`left alone: ${strangers.notices} notices of ${strangers.orders} orders`)
  await stopServices()

  console.log(await useTool('restore', overwrite, natsUrl()))
  await startServices()
  await expectWhole(kept, orders)
  for (const { buyer } of gone)
    expect((await shop.history({ user: buyer.user })).body).toEqual({ messages: [] })
  const more = await trade(40)
  await expectWhole([...kept, ...more], orders + more.length)
})

/** How many requests a service has turned away because something was not there. */
async function refusals(service: string): Promise<number> {
  const text = await (await fetch(`${system.url(service)}/metrics`, { keepalive: false })).text()
  const lines = text.split('\n').filter((line) => /^http_requests_total\{.*status="50\d"/.test(line))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
