//! What anybody may ask of accounts is looked up in SQLite, however many sessions others have.
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../runtime/store/open.ts'
import { schema } from './schema.ts'

/** As sessions.ts asks. */
const questions = {
  sessions_by_range:
    'select id from sessions where tenant_id = ? and user_id = ? and address_range = ? limit 1',
  sessions_alive:
    'select count(*) from sessions where tenant_id = ? and user_id = ? and ended_at is null and expires_at > ?',
  sessions_by_cookie: 'select * from sessions where cookie_hash = ?',
} as const

test.each(Object.entries(questions))('%s answers', async (index, question) => {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-plans-'))
  const path = join(folder, 'accounts.sqlite')
  const store = await openStore(`sqlite:${path}`, { schema, migrations: join(import.meta.dir, 'migrations') })
  await store.close()
  using file = new Database(path, { readonly: true })
  const plan = file.query<{ detail: string }, []>(`explain query plan ${question}`).all()
  expect(plan.map(({ detail }) => detail).join('; ')).toMatch(
    new RegExp(`^SEARCH sessions USING .*INDEX ${index}`),
  )
  await rm(folder, { recursive: true })
})
