//! The same rules over PostgreSQL: a shop whose data is there is looked at as it was at one moment.
import { afterAll, expect, test } from 'bun:test'
import postgres from 'postgres'
import type { Service } from '../../tools/verify/options.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { settled, shopOf } from '../faults/shop.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { purchasePath, startSystem } from '../harness/system.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: verify over it is not tested', () => undefined)
} else {
  test('good data in PostgreSQL holds, and what is spoiled there is noticed', () => look(server), 60_000)
}

async function look(server: TestPostgres): Promise<void> {
  const urls: Record<Service, string> = {
    notifier: await server.createDatabase(),
    cart: await server.createDatabase(),
    billing: await server.createDatabase(),
    loms: await server.createDatabase(),
    catalog: await server.createDatabase(),
  }
  const env = Object.fromEntries(
    Object.entries(urls).map(([service, url]) => [`${service.toUpperCase()}_DATABASE_URL`, url]),
  )
  await using system = await startSystem({ services: [...purchasePath, 'billing'], seed: true, env })
  const shop = shopOf(system)
  await shop.add({ user: 1, sku: 2001, count: 2 })
  const { body } = await shop.checkout({ user: 1 }, { key: 'one' })
  expect((await shop.pay({ orderID: body.orderID })).status).toBe(200)

  const { ok, output, counts } = await settled(system, 10_000, env)
  expect(ok ? '' : output).toBe('')
  expect(counts).toMatchObject({ 'orders confirmed': 1, 'checkouts placed': 1, notices: 2, products: 252 })
  const running = await runVerify({ dataDir: system.dataDir, env })
  expect(running.output).toStartWith('data of a running system')

  const sql = postgres(urls.loms, { max: 1 })
  await sql`update reservations set quantity = quantity + 1`
  await sql.end()
  const spoiled = await runVerify({ dataDir: system.dataDir, env })
  expect(spoiled.ok).toBe(false)
  expect(spoiled.broken).toContain('the reservations of an order are its lines')
}
