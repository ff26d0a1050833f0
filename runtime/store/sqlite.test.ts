//! SQLite under the conformance suite, on a file and in memory, and what is its own: the batch, the lane's limits, the disk.
import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { schema, type Tables } from './conformance/schema.ts'
import { storeConformance } from './conformance/suite.ts'
import { movedName } from './moved.ts'
import { type OpenOptions, openStore } from './open.ts'

const migrations = join(import.meta.dir, 'conformance/migrations')

async function openFile(options: Partial<OpenOptions<Tables>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'kiosk-store-'))
  const path = join(folder, 'store.sqlite')
  const store = await openStore<Tables>(`sqlite:${path}`, { schema, migrations, ...options })
  const end = async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  }
  return { store, end, path }
}

storeConformance('sqlite file', () => openFile())
storeConformance('sqlite in memory', async () => {
  const store = await openStore<Tables>('sqlite::memory:', { schema, migrations })
  return { store, end: () => store.close() }
})

test('a file whose data was moved away is not made anew, until something is in its place again', async () => {
  const { store, end, path } = await openFile()
  await store.close()
  const old = movedName(path, new Date())
  renameSync(path, old)
  await expect(openStore(`sqlite:${path}`, { schema, migrations })).rejects.toThrow(
    `settings: what was in ${path} was moved (${old}): its DATABASE_URL must say where to`,
  )
  expect(existsSync(path)).toBe(false)
  renameSync(old, path)
  await (await openStore(`sqlite:${path}`, { schema, migrations })).close()
  await end()
})

test('callers that wait together share one commit', async () => {
  const batches: number[] = []
  const { store, end } = await openFile({ onBatch: (jobs) => batches.push(jobs) })
  await Promise.all(
    Array.from({ length: 64 }, (_, i) =>
      store.write((tx) => tx.db.insert(tx.tables.accounts).values({ name: `a${i}`, balance: i })),
    ),
  )
  expect(batches.reduce((sum, jobs) => sum + jobs, 0)).toBe(64)
  expect(batches.length).toBeLessThan(8)
  await end()
})

test('past its limit the lane refuses with overloaded, and what it took it finishes', async () => {
  const { store, end } = await openFile({ waitingMax: 10 })
  const settled = await Promise.allSettled(Array.from({ length: 25 }, () => store.write(async () => 'done')))
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  for (const outcome of settled) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ error: { code: 'overloaded' } })
  }
  await end()
})

test('a statement that rolls the batch back is told to everyone in it, and the next batch works', async () => {
  const { store, end } = await openFile()
  const insert = async (name: string) => {
    await store.write((tx) => tx.db.insert(tx.tables.accounts).values({ name, balance: 1 }))
    return name
  }
  const rollBack = () =>
    store.write(async (tx) => {
      const client = (tx.db as unknown as { session: { client: { prepare(text: string): { run(): void } } } })
        .session.client
      client.prepare("insert or rollback into accounts (name, balance) values ('x', -5)").run()
    })
  const answered = new Set<string>()
  let undone = 0
  for (let round = 0; round < 20; round += 1) {
    const inserts = ['a', 'b', 'c'].map((name) => insert(`${name}${round}`))
    const [rolledBack, ...outcomes] = await Promise.allSettled([rollBack(), ...inserts])
    expect(rolledBack?.status).toBe('rejected')
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') answered.add(String(outcome.value))
      else undone += 1
    }
  }
  // Who shares a batch with whom is up to the lane; on a machine that is not overloaded most do.
  expect(undone).toBeGreaterThan(0)
  answered.add(await insert('last'))
  const rows = await store.read((tx) => tx.db.select().from(tx.tables.accounts))
  expect(rows.map(({ name }) => name).sort()).toEqual([...answered].sort())
  await end()
})

test('the file and what stands beside it are nobody else’s on the machine to read', async () => {
  const { end, path } = await openFile()
  for (const suffix of ['', '-wal', '-shm']) expect(statSync(`${path}${suffix}`).mode & 0o007).toBe(0)
  await end()
})

test('another process that holds the file makes a write unavailable, and nothing hangs', async () => {
  const { store, end, path } = await openFile()
  const other = new Database(path)
  other.exec('BEGIN IMMEDIATE')
  expect(store.write(async () => 'never')).rejects.toMatchObject({ error: { code: 'unavailable' } })
  await Bun.sleep(0)
  await store.write(async () => 'x').catch(() => undefined)
  other.exec('ROLLBACK')
  other.close()
  expect(await store.write(async () => 'again')).toBe('again')
  await end()
})

test('what is written in a read fails', async () => {
  const { store, end } = await openFile()
  expect(
    store.read((tx) => tx.db.insert(tx.tables.accounts).values({ name: 'r', balance: 1 })),
  ).rejects.toThrow(/readonly/)
  await end()
})

test('the file survives with everything that was answered when the process is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiosk-store-'))
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'conformance/writer.ts'), join(folder, 'store.sqlite')],
    {
      stdout: 'pipe',
      stderr: 'inherit',
    },
  )
  let answered = 0
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (answered < 200) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value)
    answered = text.split('\n').length - 1
  }
  child.kill('SIGKILL')
  await child.exited
  const store = await openStore<Tables>(`sqlite:${join(folder, 'store.sqlite')}`, { schema, migrations })
  const rows = new Set(
    (await store.read((tx) => tx.db.select().from(tx.tables.accounts))).map(({ name }) => name),
  )
  const missing = text
    .split('\n')
    .slice(0, -1)
    .filter((name) => !rows.has(name))
  expect(missing).toEqual([])
  expect(rows.size).toBeGreaterThanOrEqual(200)
  await store.close()
  rmSync(folder, { recursive: true })
})
