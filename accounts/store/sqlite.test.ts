//! The tables of accounts on SQLite.
import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rowsSuite } from './rows.suite.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-accounts-'))
afterAll(() => rmSync(folder, { recursive: true }))

rowsSuite('sqlite', {
  url: async () => `sqlite:${join(folder, `${crypto.randomUUID()}.sqlite`)}`,
  processes: 1,
})
