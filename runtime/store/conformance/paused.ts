//! A process of its own that is paused within a body, for postgres.test.ts: `bun paused.ts <url>`.
import { join } from 'node:path'
import { Refusal } from '../../refusal.ts'
import { openStore } from '../open.ts'
import { schema, type Tables } from './schema.ts'

const pausedMs = 4_000

const url = process.argv[2] ?? ''
const store = await openStore<Tables>(url, {
  schema,
  migrations: join(import.meta.dir, 'migrations'),
  lanes: 1,
})
const add = (amount: number, pause: () => void) =>
  store.write(async (tx) => {
    await tx.db.execute(`update accounts set balance = balance + ${amount} where name = 'a'`)
    pause()
    await tx.db.execute('select 1')
  })

const outcome = await add(1, () => {
  process.stdout.write('holds the row\n')
  Bun.sleepSync(pausedMs)
}).then(
  () => 'done',
  (error: unknown) => (error instanceof Refusal ? error.error.code : String(error)),
)
process.stdout.write(`${outcome}\n`)
await add(100, () => undefined)
process.stdout.write('works again\n')
await store.close()
