//! The tables of accounts on SQLite.
import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-accounts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const url = async () => `sqlite:${join(folder, `${crypto.randomUUID()}.sqlite`)}`
rowsSuite('sqlite', { url })
raceSuite('sqlite', { url, processes: 1 })
