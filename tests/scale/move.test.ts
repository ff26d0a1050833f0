//! A shop that outgrows its files: it trades on SQLite, stops, is moved to PostgreSQL service by service, and goes on there.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { expectAllServed, startTrade } from '../faults/buyers.ts'
import { chanceOf } from '../faults/chance.ts'
import { settled, shopOf } from '../faults/shop.ts'
import { hasPostgres, startPostgres } from '../harness/postgres.ts'
import { metricOf } from '../harness/quiet.ts'
import { startSystem } from '../harness/system.ts'
import { announced, disorderIn } from '../journeys/shop.ts'
import { runTool, useTool } from './tool.ts'

const services = ['catalog', 'loms', 'cart', 'notifier'] as const

if (!hasPostgres()) {
  test.skip('PostgreSQL is not on this machine: moving to it is not tested', () => undefined)
} else {
  test(
    'a shop is moved from SQLite to PostgreSQL, with facts not sent yet, and nothing is lost or told twice',
    moves,
    60_000,
  )
}

async function moves(): Promise<void> {
  await using server = await startPostgres()
  if (server === undefined) throw new Error('PostgreSQL is here and was not started')
  const chance = chanceOf('move')
  await using system = await startSystem({ services, seed: true, env: { CART_CHECKOUT_WINDOW_SECONDS: '2' } })
  const shop = shopOf(system)
  const before = await startTrade(shop, chance).end(40)
  // Without NATS loms still sells: these facts are told only after the move.
  await system.kill('nats', 'SIGTERM')
  for (const user of [501, 502, 503])
    expect((await shop.create({ user, items: [{ sku: 2001, count: 1 }] })).status).toBe(200)

  const urls: Record<string, string> = {}
  for (const service of services)
    urls[`${service.toUpperCase()}_DATABASE_URL`] = await server.createDatabase()
  const moveTo = (service: string) => [
    service,
    ...['--to', String(urls[`${service.toUpperCase()}_DATABASE_URL`])],
    ...['--data', system.dataDir],
  ]
  expect((await runTool('move', moveTo('loms'))).output).toContain('is in use')
  await Promise.all(services.map((service) => system.kill(service, 'SIGTERM')))
  const said = await Promise.all(services.map((service) => useTool('move', moveTo(service))))
  console.log(said[services.indexOf('loms')])
  // The old file is out of the way, and the new database does not take another one.
  const again = await runTool('move', moveTo('loms'))
  expect(again.output).toContain(`there is no ${join(system.dataDir, 'loms.sqlite')}`)

  await system.start('nats')
  // Nor is a new one made where somebody forgets the new settings: its orders would have the numbers of the old ones.
  await expect(system.start('loms')).rejects.toThrow('was moved')
  await Promise.all(services.map((service) => system.start(service, urls)))
  const after = await startTrade(shop, chance, { firstUser: 1_001 }).end(40)
  const { ok, output, counts } = await settled(system, 10_000, urls)
  expect(ok ? '' : output).toBe('')
  expect(counts.orders).toBe(before.length + 3 + after.length)
  await expectAllServed(shop, [...before, ...after])
  const facts = await announced(system)
  expect(disorderIn(facts)).toEqual([])
  // They went on where they were: nothing was sent or read a second time.
  expect(await metricOf(system, 'loms', 'outbox_repaired_total')).toBe(0)
  for (const reader of ['loms', 'notifier'])
    expect((await metricOf(system, reader, 'reader_went_back_total')) ?? 0).toBe(0)
}
