//! The tables of cart on PostgreSQL, and many callers of one cart, at several processes.
import { afterAll, test } from 'bun:test'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: cart is not tested on it', () => undefined)
} else {
  rowsSuite('postgres', server.createDatabase)
  raceSuite('postgres', { url: server.createDatabase, processes: 2 })
}
