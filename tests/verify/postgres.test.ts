//! The same rules over PostgreSQL: a shop whose data is there is looked at as it was at one moment.
import { afterAll, expect, test } from 'bun:test'
import postgres from 'postgres'
import { type Service, services } from '../../tools/verify/options.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { settled, shopOf } from '../faults/shop.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { startSystem } from '../harness/system.ts'
import { startTokenIssuer } from '../harness/tokens.ts'
import { buyFromWallets } from './good-wallets.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: verify over it is not tested', () => undefined)
} else {
  test('good data in PostgreSQL holds, and what is spoiled there is noticed', () => look(server), 60_000)
}

async function look(server: TestPostgres): Promise<void> {
  const urls = Object.fromEntries(
    await Promise.all(services.map(async (service) => [service, await server.createDatabase()] as const)),
  ) as Record<Service, string>
  const env = Object.fromEntries(
    Object.entries(urls).map(([service, url]) => [`${service.toUpperCase()}_DATABASE_URL`, url]),
  )
  await using issuer = await startTokenIssuer()
  await using system = await startSystem({ services, seed: true, env: { ...issuer.env, ...env } })
  const shop = shopOf(system)
  await shop.add({ user: 1, sku: 2001, count: 2 })
  const { body } = await shop.checkout({ user: 1 }, { key: 'one' })
  expect((await shop.pay({ orderID: body.orderID })).status).toBe(200)

  await buyFromWallets(system, issuer)

  const { ok, output, counts } = await settled(system, 10_000, env)
  expect(ok ? '' : output).toBe('')
  expect(counts).toMatchObject({
    'orders confirmed': 2,
    'checkouts placed': 1,
    'sagas done': 3,
    'shipments received': 1,
    notices: 26,
    products: 252,
  })
  const running = await runVerify({ dataDir: system.dataDir, env })
  expect(running.output).toStartWith('data of a running system')

  await spoil(urls.loms, 'update reservations set quantity = quantity + 1')
  await spoil(urls.billing, `update holds set state = 'voided' where state = 'captured'`)
  await spoil(urls.delivery, `update shipments set is_released = false where status = 'queued'`)
  const spoiled = await runVerify({ dataDir: system.dataDir, env, mode: 'settled' })
  expect(spoiled.ok).toBe(false)
  expect(spoiled.broken).toEqual(
    expect.arrayContaining([
      'the reservations of an order are its lines',
      'billing ← loms: what was heard had its one effect, or is a dead letter',
      'an order from the wallet was charged once and in full where it is confirmed, and costs nothing where it is over',
      'an order from the wallet is delivered where it is confirmed, and not where it is over',
    ]),
  )
}

async function spoil(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1 })
  await sql.unsafe(statement)
  await sql.end()
}
