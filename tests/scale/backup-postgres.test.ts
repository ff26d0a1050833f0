//! A backup of a shop with loms and cart in PostgreSQL and the others in files: still of one moment, and restored into both.
import { expect, test } from 'bun:test'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readManifest } from '../../tools/backup/manifest.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { expectAllServed, startTrade } from '../faults/buyers.ts'
import { chanceOf } from '../faults/chance.ts'
import { settled, shopOf } from '../faults/shop.ts'
import { hasPostgres, startPostgres } from '../harness/postgres.ts'
import { startSystem } from '../harness/system.ts'
import { runTool, useTool } from './tool.ts'

const services = ['catalog', 'loms', 'cart', 'notifier'] as const

if (!hasPostgres()) {
  test.skip('PostgreSQL is not on this machine: its backup is not tested', () => undefined)
} else {
  test(
    'services in PostgreSQL and in files are backed up as one, while buyers trade, and restored as one',
    backUpBoth,
    60_000,
  )
}

async function backUpBoth(): Promise<void> {
  await using server = await startPostgres()
  if (server === undefined) throw new Error('PostgreSQL is here and was not started')
  const urls = {
    LOMS_DATABASE_URL: await server.createDatabase(),
    CART_DATABASE_URL: await server.createDatabase(),
  }
  const chance = chanceOf('backup of PostgreSQL')
  await using system = await startSystem({
    services,
    seed: true,
    env: { ...urls, CART_CHECKOUT_WINDOW_SECONDS: '2' },
  })
  const shop = shopOf(system)
  const kept = await startTrade(shop, chance).end(40)
  const trade = startTrade(shop, chance, { firstUser: 10_000 })
  await trade.more(20)
  const to = join(system.dataDir, 'backup')
  console.log(await useTool('backup', ['--to', to, '--data', system.dataDir], urls))
  await trade.end(60)
  const verified = await runVerify({ dataDir: to, mode: 'stopped' })
  expect(verified.ok ? '' : verified.output).toBe('')

  const restore = ['--from', to, '--data', system.dataDir]
  const env = { ...urls, NATS_URL: system.natsUrl }
  await Promise.all(['catalog', 'notifier'].map((service) => system.kill(service, 'SIGTERM')))
  const running = await runTool('restore', [...restore, '--overwrite'], env)
  expect(running.output).toContain('in use by')
  await Promise.all(['loms', 'cart'].map((service) => system.kill(service)))
  const existing = await runTool('restore', restore, env)
  expect(existing.output).toContain('loms has data in PostgreSQL')
  for (const service of ['catalog', 'notifier']) await rm(join(system.dataDir, `${service}.sqlite`))
  await useTool('restore', [...restore, '--overwrite'], env)

  await Promise.all(services.map((service) => system.start(service)))
  const more = await startTrade(shop, chance, { firstUser: 20_000 }).end(40)
  const { ok, output, counts } = await settled(system, 10_000, urls)
  expect(ok ? '' : output).toBe('')
  const { copies } = await readManifest(to)
  const then = copies.find(({ service }) => service === 'loms')?.rows.orders ?? 0
  expect(counts.orders).toBe(then + more.length)
  await expectAllServed(shop, [...kept, ...more])
}
