//! The tables of accounts on PostgreSQL, which several processes share.
import { afterAll, test } from 'bun:test'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: accounts is not tested on it', () => undefined)
} else {
  rowsSuite('postgres', { url: server.createDatabase })
  raceSuite('postgres', { url: server.createDatabase, processes: 2 })
}
