//! A process that writes rows until it is killed and prints each name only after the store has answered.
import { join } from 'node:path'
import { openStore } from '../open.ts'
import { schema, type Tables } from './schema.ts'

const store = await openStore<Tables>(`sqlite:${process.argv[2]}`, {
  schema,
  migrations: join(import.meta.dir, 'migrations'),
})
const rowsMax = 100_000

async function writer(lane: number): Promise<void> {
  for (let row = 0; row < rowsMax; row += 1) {
    const name = `${lane}-${row}`
    await store.write((tx) => tx.db.insert(tx.tables.accounts).values({ name, balance: row }))
    process.stdout.write(`${name}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, lane) => writer(lane)))
