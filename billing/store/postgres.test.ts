//! The tables of billing on PostgreSQL, and what becomes of money when many, of several processes, want it.
import { afterAll, test } from 'bun:test'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'
import { sequencesSuite } from './sequences.suite.fixture.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: billing is not tested on it', () => undefined)
} else {
  rowsSuite('postgres', server.createDatabase)
  raceSuite('postgres', { url: server.createDatabase, processes: 2 })
  sequencesSuite('postgres', { url: server.createDatabase, runs: 20 })
}
