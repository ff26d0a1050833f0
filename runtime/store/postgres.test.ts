//! PostgreSQL under the conformance suite, and what is its own: lost races run again, lost connections are told.
import { afterAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import postgres from 'postgres'
import { startPostgres } from '../../tests/harness/postgres.ts'
import { schema, type Tables } from './conformance/schema.ts'
import { storeConformance } from './conformance/suite.ts'
import { type OpenOptions, openStore } from './open.ts'

const server = await startPostgres()
const migrations = join(import.meta.dir, 'conformance/migrations')
let databases = 0

async function openDatabase(options: Partial<OpenOptions<Tables>> = {}) {
  if (server === undefined) throw new Error('PostgreSQL is absent')
  databases += 1
  const name = `conformance_${databases}`
  const admin = postgres(server.url, { max: 1, onnotice: () => undefined })
  await admin.unsafe(`create database ${name}`)
  await admin.end()
  const url = new URL(server.url)
  url.pathname = `/${name}`
  const store = await openStore<Tables>(url.href, { schema, migrations, lanes: 4, ...options })
  return { store, url: url.href, end: () => store.close() }
}

afterAll(() => server?.stop())

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of stream) {
    const whole = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n')
    rest = whole.pop() ?? ''
    yield* whole
  }
}

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: its store is not tested', () => undefined)
} else {
  storeConformance('postgres', () => openDatabase())

  describe('postgres only:', () => {
    test('two bodies that lock each other’s rows both succeed: the one that was chosen to yield is run again', async () => {
      const { store, end } = await openDatabase()
      await store.write((tx) =>
        tx.db.insert(tx.tables.accounts).values([
          { name: 'a', balance: 0 },
          { name: 'b', balance: 0 },
        ]),
      )
      const { promise: bothHold, resolve } = Promise.withResolvers<void>()
      let holding = 0
      let runs = 0
      const take = async (first: string, second: string) =>
        await store.write(async (tx) => {
          runs += 1
          await tx.db.execute(`update accounts set balance = balance + 1 where name = '${first}'`)
          holding += 1
          if (holding === 2) resolve()
          // Asks the database until the other one holds its first row too, so that they are certain to meet.
          while (holding < 2) await tx.db.execute('select 1')
          await tx.db.execute(`update accounts set balance = balance + 1 where name = '${second}'`)
        })
      await Promise.all([take('a', 'b'), take('b', 'a'), bothHold])
      expect(runs).toBeGreaterThan(2)
      const rows = await store.read((tx) =>
        tx.db.select({ balance: tx.tables.accounts.balance }).from(tx.tables.accounts),
      )
      expect(rows).toEqual([{ balance: 2 }, { balance: 2 }])
      await end()
    })

    test('a connection that is cut within a body undoes it, is told as unavailable, and the next body works', async () => {
      const { store, url, end } = await openDatabase({ lanes: 1 })
      const admin = postgres(url, { max: 1, onnotice: () => undefined })
      const cut = store.write(async (tx) => {
        await tx.db.insert(tx.tables.accounts).values({ name: 'cut', balance: 1 })
        await tx.db.execute('select pg_terminate_backend(pg_backend_pid())')
        await tx.db.insert(tx.tables.accounts).values({ name: 'after the cut', balance: 1 })
      })
      expect(cut).rejects.toMatchObject({ error: { code: 'unavailable' } })
      await cut.catch(() => undefined)
      await store.write((tx) => tx.db.insert(tx.tables.accounts).values({ name: 'next', balance: 1 }))
      expect((await admin`select name from accounts`).map(({ name }) => name)).toEqual(['next'])
      await admin.end()
      await end()
    })

    test('a process that is paused within a body gives its locks back; its body is undone and told as unavailable', async () => {
      const { store, url, end } = await openDatabase()
      await store.write((tx) => tx.db.insert(tx.tables.accounts).values({ name: 'a', balance: 0 }))
      const child = Bun.spawn([process.execPath, join(import.meta.dir, 'conformance/paused.ts'), url], {
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'inherit',
      })
      const words = lines(child.stdout)
      expect((await words.next()).value).toBe('holds the row')
      let wokeUp = false
      const told = words.next().finally(() => {
        wokeUp = true
      })
      await store.write((tx) => tx.db.execute("update accounts set balance = balance + 10 where name = 'a'"))
      expect(wokeUp).toBe(false)
      expect((await told).value).toBe('unavailable')
      expect((await words.next()).value).toBe('works again')
      expect(await child.exited).toBe(0)
      const [row] = await store.read((tx) => tx.db.select().from(tx.tables.accounts))
      expect(row?.balance).toBe(110)
      await end()
    }, 20_000)

    test('a body that swallows a failed statement does not pass for committed', async () => {
      const { store, end } = await openDatabase()
      const swallowed = store.write(async (tx) => {
        await tx.db.insert(tx.tables.accounts).values({ name: 'lost', balance: 1 })
        await tx.db.execute('select 1/0').catch(() => undefined)
      })
      expect(swallowed).rejects.toThrow()
      await swallowed.catch(() => undefined)
      expect(await store.read((tx) => tx.db.select().from(tx.tables.accounts))).toEqual([])
      await end()
    })

    test('several processes may open and migrate at once', async () => {
      const { url, end } = await openDatabase()
      const stores = await Promise.all(
        Array.from({ length: 4 }, () => openStore<Tables>(url, { schema, migrations, lanes: 1 })),
      )
      await Promise.all(stores.map((store) => store.close()))
      await end()
    })
  })
}
