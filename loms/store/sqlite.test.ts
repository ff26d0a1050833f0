//! The tables of loms on SQLite, and who comes first when many want the last piece.

import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-loms-'))
afterAll(() => rmSync(folder, { recursive: true }))

rowsSuite('sqlite in memory', async () => 'sqlite::memory:')
raceSuite('sqlite', {
  url: async () => `sqlite:${join(folder, `${crypto.randomUUID()}.sqlite`)}`,
  processes: 1,
})
