//! The tables of cart on SQLite, and many callers of one cart.
import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { raceSuite } from './race.suite.fixture.ts'
import { rowsSuite } from './rows.suite.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-cart-'))
afterAll(() => rmSync(folder, { recursive: true }))

rowsSuite('sqlite in memory', async () => 'sqlite::memory:')
raceSuite('sqlite', { url: async () => `sqlite:${join(folder, 'cart.sqlite')}`, processes: 1 })
