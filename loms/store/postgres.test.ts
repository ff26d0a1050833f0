//! The tables of loms on PostgreSQL, and who comes first when many, of several processes, want the last piece.
import { afterAll, test } from 'bun:test'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: loms is not tested on it', () => undefined)
} else {
  rowsSuite('postgres', server.createDatabase)
  raceSuite('postgres', { url: server.createDatabase, processes: 2 })
}
