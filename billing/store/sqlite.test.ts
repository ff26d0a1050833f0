//! The tables of billing on SQLite, and what becomes of money when many want it.
import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'
import { sequencesSuite } from './sequences.suite.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-billing-'))
afterAll(() => rmSync(folder, { recursive: true }))

rowsSuite('sqlite in memory', async () => 'sqlite::memory:')
raceSuite('sqlite', {
  url: async () => `sqlite:${join(folder, `${crypto.randomUUID()}.sqlite`)}`,
  processes: 1,
})
sequencesSuite('sqlite', { url: async () => 'sqlite::memory:', runs: 100 })
