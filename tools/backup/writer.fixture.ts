//! A process that writes to two files in turn without a pause, as services do that wait for one another: first into one, then the same into the other.
import { Database } from 'bun:sqlite'

const [first, second] = process.argv.slice(2).map((path) => {
  const database = new Database(path, { create: true, readwrite: true })
  // As a service waits; the fsync is left out, so that it writes as often as can be.
  for (const pragma of ['journal_mode = WAL', 'synchronous = OFF', 'busy_timeout = 500'])
    database.exec(`PRAGMA ${pragma}`)
  database.exec('create table if not exists counter (n integer)')
  database.exec('insert into counter select 0 where not exists (select 1 from counter)')
  return database.query('update counter set n = n + 1')
})
process.stdout.write('writes\n')
let stop = false
process.on('SIGTERM', () => {
  stop = true
})
while (!stop) {
  for (let turn = 0; turn < 100; turn += 1) {
    first?.run()
    second?.run()
  }
  await new Promise((resolve) => setImmediate(resolve))
}
