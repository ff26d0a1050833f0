//! One suite that every engine runs: what `write` and `read` promise, whatever stands behind them.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { asc, eq, sql } from 'drizzle-orm'
import type { Instant } from '../../../contracts/time.ts'
import { bigInteger, inJsonList, integer, locked } from '../columns.ts'
import { type Params, type QueryKit, query, type Store } from '../store.ts'
import type { Tables } from './schema.ts'

type Q = QueryKit<Tables>

const put = query(({ db, tables: { accounts } }: Q, p: Params<{ name: string; balance: number }>) =>
  db.insert(accounts).values({ name: p.name, balance: p.balance }).returning({ name: accounts.name }),
)
const balanceOf = query(({ db, tables: { accounts: t } }: Q, p: Params<{ name: string }>) =>
  locked(db.select({ balance: t.balance }).from(t).where(eq(t.name, p.name))),
)
const setBalance = query(({ db, tables: { accounts: t } }: Q, p: Params<{ name: string; balance: number }>) =>
  db.update(t).set({ balance: p.balance }).where(eq(t.name, p.name)).returning({ balance: t.balance }),
)
const addEntry = query(({ db, tables: { entries } }: Q, p: Params<{ account: string; amount: number }>) =>
  db.insert(entries).values({ account: p.account, amount: p.amount }).returning({ id: entries.id }),
)
const names = query(({ db, tables: { accounts: t } }: Q, _: Params<Record<never, never>>) =>
  db.select({ name: t.name }).from(t).orderBy(asc(t.name)),
)

/** `open` makes an empty store of its own for each group of tests. */
export function storeConformance(
  engine: string,
  open: () => Promise<{ store: Store<Tables>; end: () => Promise<void> }>,
) {
  describe(`${engine}:`, () => {
    let store: Store<Tables>
    let end: () => Promise<void>
    beforeAll(async () => {
      ;({ store, end } = await open())
    })
    afterAll(() => end())

    test('what was written is read back exactly, at the limits of every type', async () => {
      const row = {
        name: 'limits',
        balance: Number.MAX_SAFE_INTEGER,
        big: 9_223_372_036_854_775_807n,
        open: false,
        openedAt: 1_700_000_000_123 as Instant,
        tags: ['ґ', "'; drop table accounts --", '\u{1F600}'],
      }
      await store.write((tx) => tx.db.insert(tx.tables.accounts).values(row))
      const [read] = await store.read((tx) =>
        tx.db.select().from(tx.tables.accounts).where(eq(tx.tables.accounts.name, 'limits')),
      )
      expect(read).toEqual(row)
    })

    test('null goes through a placeholder of every type', async () => {
      const putNulls = query(
        (
          { db, tables: { accounts } }: Q,
          p: Params<{ big: bigint | null; openedAt: Instant | null; tags: string[] | null }>,
        ) =>
          db
            .insert(accounts)
            .values({ name: 'nulls', balance: 0, big: p.big, openedAt: p.openedAt, tags: p.tags })
            .returning(),
      )
      const [row] = await store.write((tx) => putNulls(tx, { big: null, openedAt: null, tags: null }))
      expect(row).toEqual({ name: 'nulls', balance: 0, big: null, open: true, openedAt: null, tags: null })
    })

    test('an integer that a number cannot hold is an error and never another number', async () => {
      const beyond = 2n ** 53n + 1n
      await store.write((tx) =>
        tx.db.insert(tx.tables.accounts).values({ name: 'beyond', balance: 0, big: beyond }),
      )
      const sums = await store.read((tx) =>
        tx.db
          .select({ exact: bigInteger(tx.tables.accounts.big) })
          .from(tx.tables.accounts)
          .where(eq(tx.tables.accounts.name, 'beyond')),
      )
      expect(sums).toEqual([{ exact: beyond }])
      const lossy = store.read((tx) =>
        tx.db
          .select({ lossy: integer(tx.tables.accounts.big) })
          .from(tx.tables.accounts)
          .where(eq(tx.tables.accounts.name, 'beyond')),
      )
      expect(lossy).rejects.toThrow(RangeError)
    })

    test.each([2 ** 53, 2 ** 60, 1e300, 1.5, Number.NaN])(
      '%d, which would not read back, is not written',
      async (balance) => {
        const written = store.write((tx) => put(tx, { name: 'unreadable', balance }))
        await expect(written).rejects.toThrow(RangeError)
        expect((await store.read((tx) => names(tx, {}))).map(({ name }) => name)).not.toContain('unreadable')
      },
    )

    test('a body that throws leaves nothing behind, and its neighbours in the batch are kept', async () => {
      const bodies = ['kept-1', 'thrown', 'kept-2'].map((name) =>
        store.write(async (tx) => {
          await put(tx, { name, balance: 1 })
          if (name === 'thrown') throw new Error('no')
          return name
        }),
      )
      expect((await Promise.allSettled(bodies)).map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
      ])
      const found = (await store.read((tx) => names(tx, {}))).map(({ name }) => name)
      expect(found).toContain('kept-1')
      expect(found).toContain('kept-2')
      expect(found).not.toContain('thrown')
    })

    test('a CHECK constraint is the last word', async () => {
      expect(store.write((tx) => put(tx, { name: 'negative', balance: -1 }))).rejects.toThrow()
      expect((await store.read((tx) => names(tx, {}))).map(({ name }) => name)).not.toContain('negative')
    })

    test('a reference to nothing is refused', async () => {
      expect(store.write((tx) => addEntry(tx, { account: 'nobody', amount: 1 }))).rejects.toThrow()
    })

    test('a body that awaits something else fails, leaves nothing, and what it does later throws', async () => {
      let later: Promise<unknown> = Promise.resolve()
      const stray = store.write(async (tx) => {
        await put(tx, { name: 'stray', balance: 1 })
        later = Bun.sleep(20).then(() => put(tx, { name: 'later', balance: 1 }))
        await later
      })
      expect(stray).rejects.toThrow(/awaited something other/)
      await stray.catch(() => undefined)
      expect(later).rejects.toThrow(/has ended/)
      await later.catch(() => undefined)
      const found = (await store.read((tx) => names(tx, {}))).map(({ name }) => name)
      expect(found).not.toContain('stray')
      expect(found).not.toContain('later')
    })

    test('a query that was built in a body and is awaited after it does not run', async () => {
      const left = await store.write(async (tx) => [
        tx.db.insert(tx.tables.accounts).values({ name: 'left', balance: 1 }),
      ])
      const refused = await (async () => await left[0])().catch((error: Error) => error)
      // drizzle wraps what a PostgreSQL driver throws.
      expect(String((refused as Error).cause ?? refused)).toMatch(/has ended/)
      expect((await store.read((tx) => names(tx, {}))).map(({ name }) => name)).not.toContain('left')
    })

    test('read-modify-write bodies in parallel lose nothing', async () => {
      await store.write((tx) => put(tx, { name: 'counter', balance: 0 }))
      await Promise.all(
        Array.from({ length: 100 }, () =>
          store.write(async (tx) => {
            const [row] = await balanceOf(tx, { name: 'counter' })
            await setBalance(tx, { name: 'counter', balance: (row?.balance ?? 0) + 1 })
          }),
        ),
      )
      expect(await store.write((tx) => balanceOf(tx, { name: 'counter' }))).toEqual([{ balance: 100 }])
    })

    test('a sequence gives each row its own number', async () => {
      await store.write((tx) => put(tx, { name: 'sequence', balance: 0 }))
      const ids = await Promise.all(
        Array.from({ length: 50 }, () =>
          store.write((tx) => addEntry(tx, { account: 'sequence', amount: 1 })),
        ),
      )
      expect(new Set(ids.map(([row]) => row?.id)).size).toBe(50)
    })

    test('a read sees one moment, whatever is written meanwhile', async () => {
      await store.write((tx) => put(tx, { name: 'moment', balance: 0 }))
      let writing = true
      let value = 0
      const writer = (async () => {
        while (writing) {
          value += 1
          await store.write((tx) => setBalance(tx, { name: 'moment', balance: value }))
        }
      })()
      for (let round = 0; round < 50; round += 1) {
        const [first, second] = await store.read(async (tx) => [
          await tx.db.select().from(tx.tables.accounts).where(eq(tx.tables.accounts.name, 'moment')),
          await tx.db.select().from(tx.tables.accounts).where(eq(tx.tables.accounts.name, 'moment')),
        ])
        expect(first).toEqual(second ?? [])
      }
      writing = false
      await writer
    })

    test('a list of any length is one statement', async () => {
      await store.write(async (tx) => {
        await put(tx, { name: 'list', balance: 0 })
        await Promise.all([1, 2, 3].map((amount) => addEntry(tx, { account: 'list', amount })))
      })
      const listed = (amounts: number[]) =>
        store.read((tx) =>
          tx.db
            .select({ sum: integer(sql`sum(${tx.tables.entries.amount})`) })
            .from(tx.tables.entries)
            .where(
              sql`${tx.tables.entries.account} = 'list' and ${inJsonList(tx.dialect, tx.tables.entries.amount, sql`${JSON.stringify(amounts)}`)}`,
            ),
        )
      expect(await listed([1, 3, 99])).toEqual([{ sum: 4 }])
      expect(await listed([])).toEqual([{ sum: 0 }])
    })

    test('after close every call is refused as unavailable', async () => {
      const other = await open()
      await other.store.write((tx) => put(tx, { name: 'before', balance: 1 }))
      const last = other.store.write((tx) => put(tx, { name: 'last', balance: 1 }))
      await other.store.close()
      expect(await last).toEqual([{ name: 'last' }])
      expect(other.store.write((tx) => put(tx, { name: 'after', balance: 1 }))).rejects.toMatchObject({
        error: { code: 'unavailable' },
      })
      await other.end()
    })
  })
}
