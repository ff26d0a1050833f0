//! One suite for both engines: wallets, the ledger and holds as rows, and what the tables themselves refuse.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { newId, type OrderId, type TenantId, type UserId } from '../../contracts/ids.ts'
import { int64Max } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import type { Asked } from '../domain/hold.ts'
import { post } from '../domain/ledger.ts'
import { type Billing, billingInMemory, order, uah, user, violations } from '../fixture.ts'
import { claimHold, lockHold, lookLater, moveHold, nextLook, oldHolds, refuseLateHold } from './holds.ts'
import type { Tx } from './schema.ts'
import { historyOf, openWallet, record, walletOf } from './wallets.ts'

const at = 1_700_000_000_000 as Instant

/** `url` names a database that nobody else uses. */
export function rowsSuite(engine: string, url: () => Promise<string>): void {
  describe(`rows on ${engine}`, () => {
    let billing: Billing
    // Every test has a tenant of its own, so that one database does for all.
    let tenants = 0
    const newTenant = () => {
      tenants += 1
      return `t${tenants}` as TenantId
    }
    beforeAll(async () => {
      billing = await billingInMemory(await url())
    })
    afterAll(() => billing.store.close())

    const write = <R>(body: (tx: Tx) => Promise<R>) => billing.store.write(body)
    const read = <R>(body: (tx: Tx) => Promise<R>) => billing.store.read(body)
    const walletKey = (tenantId: TenantId, userId: UserId = user(1)) => ({
      tenantId,
      userId,
      currency: 'UAH' as const,
    })
    const move = (key: ReturnType<typeof walletKey>, posting: ReturnType<typeof post>, moment = at) =>
      write((tx) => record(tx, key, posting, { id: newId('entry'), moment }))
    async function filled(amount: number, userId = user(1)) {
      const key = walletKey(newTenant(), userId)
      await write((tx) => openWallet(tx, key, at))
      await move(key, post('top_up', uah(amount)))
      return key
    }
    /** Money set aside for order 1, whole: with the row that says for what. */
    async function hold(key: ReturnType<typeof walletKey>, amount: number) {
      const asked = { userId: key.userId, amount: uah(amount), paymentId: newId('payment') }
      const own = { tenantId: key.tenantId, orderId: order(1) }
      await write((tx) => claimHold(tx, own, asked, { createdAt: at, lookAt: plusMs(at, 1_000_000) }))
      await move(key, post('hold', uah(amount), order(1)))
    }
    const refused = (body: (tx: Tx) => PromiseLike<unknown>) =>
      write(async (tx) => await body(tx)).then(
        () => 'taken',
        () => 'refused',
      )

    describe('a wallet', () => {
      test('is opened once and stays as it is when it is opened again', async () => {
        const key = walletKey(newTenant())
        expect(await read((tx) => walletOf(tx, key))).toBeUndefined()
        await write((tx) => openWallet(tx, key, at))
        await move(key, post('top_up', uah(5)))
        await write((tx) => openWallet(tx, key, plusMs(at, 1)))
        const wallet = { ...key, available: uah(5), held: uah(0), transactions: 1 }
        expect(await read((tx) => walletOf(tx, key))).toEqual(wallet)
      })

      test('has amounts and ids to the ends of their ranges', async () => {
        const amount = Number.MAX_SAFE_INTEGER
        const key = await filled(amount, int64Max as UserId)
        await move(key, post('hold', uah(amount), int64Max as OrderId))
        await move(key, post('charge', uah(amount), int64Max as OrderId))
        await move(key, post('refund', uah(amount), int64Max as OrderId))
        const wallet = { ...key, available: uah(amount), held: uah(0), transactions: 4 }
        expect(await read((tx) => walletOf(tx, key))).toEqual(wallet)
      })

      test('gives nothing that it has not got, and nothing of it is written', async () => {
        const key = await filled(100)
        for (const wrong of [post('hold', uah(101), order(1)), post('charge', uah(1), order(1))]) {
          expect(move(key, wrong)).rejects.toThrow('has not got')
          await move(key, wrong).catch(() => undefined)
        }
        expect(await read((tx) => walletOf(tx, key))).toMatchObject({ available: uah(100), transactions: 1 })
        expect(await violations(billing, key.tenantId)).toEqual([])
      })

      test('of nobody takes nothing', async () => {
        expect(
          await refused((tx) =>
            record(tx, walletKey(newTenant()), post('top_up', uah(1)), { id: newId('entry'), moment: at }),
          ),
        ).toBe('refused')
      })

      test('is not seen by another user or tenant, nor in another currency', async () => {
        const key = await filled(100)
        const page = { limit: 10, offset: 0 }
        for (const other of [
          { ...key, tenantId: newTenant() },
          { ...key, userId: user(2) },
          { ...key, currency: 'EUR' as const },
        ]) {
          expect(await read((tx) => walletOf(tx, other))).toBeUndefined()
          expect(await read((tx) => historyOf(tx, other, page))).toEqual({ transactions: [], total: 0 })
        }
      })
    })

    test('the history is the newest first, page by page, without what was only set aside', async () => {
      const key = await filled(1000)
      const one = order(tenants * 10)
      await move(key, post('hold', uah(300), one), plusMs(at, 1))
      await move(key, post('charge', uah(300), one), plusMs(at, 2))
      const two = order(tenants * 10 + 1)
      await move(key, post('hold', uah(100), two), plusMs(at, 3))
      await move(key, post('void', uah(100), two), plusMs(at, 4))
      await move(key, post('refund', uah(300), one), plusMs(at, 5))
      const pageOf = async (limit: number, offset: number) => {
        const { transactions, total } = await read((tx) => historyOf(tx, key, { limit, offset }))
        const shown = transactions.map(({ kind, amount, orderId }) => `${kind} ${amount.amount} ${orderId}`)
        return { shown, total }
      }
      const refund = `refund 300 ${one}`
      const charge = `charge 300 ${one}`
      const topUp = 'top_up 1000 undefined'
      expect(await pageOf(10, 0)).toEqual({ shown: [refund, charge, topUp], total: 3 })
      expect(await pageOf(2, 0)).toEqual({ shown: [refund, charge], total: 3 })
      expect(await pageOf(2, 2)).toEqual({ shown: [topUp], total: 3 })
      expect(await pageOf(2, 4)).toEqual({ shown: [], total: 3 })
    })

    describe('a hold', () => {
      const asked = (): Asked => ({ userId: user(1), amount: uah(500), paymentId: newId('payment') })
      const moments = { createdAt: at, lookAt: plusMs(at, 10) }

      test('is claimed once, whoever asks, and comes back as it was put', async () => {
        const key = { tenantId: newTenant(), orderId: int64Max as OrderId }
        const [first, second] = [asked(), asked()]
        expect(await write((tx) => claimHold(tx, key, first, moments))).toBe(true)
        expect(await write((tx) => claimHold(tx, key, second, moments))).toBe(false)
        expect(await write((tx) => refuseLateHold(tx, key, at))).toBe(false)
        expect(await write((tx) => lockHold(tx, key))).toEqual({ ...key, state: 'held', asked: first })
        expect(await write((tx) => lockHold(tx, { ...key, tenantId: newTenant() }))).toBeUndefined()
      })

      test('that was called off before it was made cannot be made', async () => {
        const key = { tenantId: newTenant(), orderId: order(1) }
        expect(await write((tx) => refuseLateHold(tx, key, at))).toBe(true)
        expect(await write((tx) => claimHold(tx, key, asked(), moments))).toBe(false)
        expect(await write((tx) => lockHold(tx, key))).toEqual({ ...key, state: 'voided', asked: undefined })
      })

      test('moves from the state that was looked at, and from no other', async () => {
        const key = { tenantId: newTenant(), orderId: order(1) }
        await write((tx) => claimHold(tx, key, asked(), moments))
        const step = { from: 'held', state: 'captured', updatedAt: at } as const
        await write((tx) => moveHold(tx, key, step))
        expect(write((tx) => moveHold(tx, key, step))).rejects.toThrow('is not held any more')
        expect((await write((tx) => lockHold(tx, key)))?.state).toBe('captured')
      })

      test('is looked at from its time on while it is open, the longest first', async () => {
        const tenantId = newTenant()
        // Long before those of all other tests, which share the clock's view over all tenants.
        const keys = [30, 10, 20].map((ms, index) => ({
          tenantId,
          orderId: order(index + 1),
          ms: ms as Instant,
        }))
        for (const { ms, ...key } of keys)
          await write((tx) => claimHold(tx, key, asked(), { createdAt: at, lookAt: ms }))
        const due = (now: number, limit = 10) =>
          read(async (tx) =>
            (await oldHolds(tx, { now: now as Instant, limit })).map(({ orderId }) => orderId),
          )
        expect(await read((tx) => nextLook(tx))).toBe(10 as Instant)
        expect(await due(9)).toEqual([])
        expect(await due(20)).toEqual([order(2), order(3)])
        expect(await due(1000, 1)).toEqual([order(2)])
        await write((tx) => lookLater(tx, { tenantId, orderId: order(2) }, 40 as Instant))
        for (const orderId of [order(1), order(3)])
          await write((tx) =>
            moveHold(tx, { tenantId, orderId }, { from: 'held', state: 'voided', updatedAt: at }),
          )
        // Too late for one that has ended.
        await write((tx) => lookLater(tx, { tenantId, orderId: order(1) }, 5 as Instant))
        expect(await due(1000)).toEqual([order(2)])
        await write((tx) =>
          moveHold(tx, { tenantId, orderId: order(2) }, { from: 'held', state: 'voided', updatedAt: at }),
        )
      })
    })

    describe('the tables themselves', () => {
      test('refuse money that is not there, and postings that mean nothing', async () => {
        const key = await filled(100)
        await hold(key, 40)
        const { wallets, transactions, entries } = await read(async (tx) => tx.tables)
        const transaction = {
          ...key,
          number: 9,
          id: newId('entry'),
          amount: 1,
          orderId: order(1),
          moment: at,
        }
        const wrong: ((tx: Tx) => PromiseLike<unknown>)[] = [
          (tx) => tx.db.update(wallets).set({ available: -1 }),
          (tx) => tx.db.update(wallets).set({ held: sql`${wallets.held} - 41` }),
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'charge', amount: 0 }),
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'gift' as never }),
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'charge', orderId: null }),
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'top_up' }),
          // The second of its kind for the order.
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'hold' }),
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'charge', number: 2 }),
          (tx) => tx.db.insert(transactions).values({ ...transaction, kind: 'charge', userId: user(2) }),
          (tx) => tx.db.insert(entries).values({ ...key, number: 1, account: 'revenue', change: 0 }),
          (tx) => tx.db.insert(entries).values({ ...key, number: 3, account: 'revenue', change: 1 }),
          (tx) => tx.db.insert(entries).values({ ...key, number: 1, account: 'pocket' as never, change: 1 }),
          (tx) => tx.db.insert(entries).values({ ...key, number: 1, account: 'available', change: 1 }),
        ]
        for (const [index, statement] of wrong.entries())
          expect([index, await refused(statement)]).toEqual([index, 'refused'])
        expect(await violations(billing, key.tenantId)).toEqual([])
      })

      test('let nobody change or remove what the ledger says', async () => {
        const key = await filled(100)
        const { transactions, entries } = await read(async (tx) => tx.tables)
        const before = await billing.rows()
        const wrong: ((tx: Tx) => PromiseLike<unknown>)[] = [
          (tx) => tx.db.update(transactions).set({ amount: 1 }),
          (tx) => tx.db.update(entries).set({ change: 1 }),
          (tx) => tx.db.delete(entries),
          (tx) => tx.db.delete(transactions),
        ]
        for (const statement of wrong) expect(await refused(statement)).toBe('refused')
        expect(await billing.rows()).toEqual(before)
        expect(await violations(billing, key.tenantId)).toEqual([])
      })

      test('refuse a hold that is neither one thing nor the other', async () => {
        const tenantId = newTenant()
        const { holds } = await read(async (tx) => tx.tables)
        const whole = {
          tenantId,
          orderId: order(1),
          state: 'held' as const,
          userId: user(1),
          currency: 'UAH' as const,
          amount: 1,
          paymentId: newId('payment'),
          createdAt: at,
          updatedAt: at,
          lookAt: at,
        }
        const wrong = [
          { state: 'lost' as never },
          { lookAt: null },
          { state: 'captured' as const },
          { amount: 0 },
          { amount: null },
          { paymentId: null },
          { userId: null },
          {
            state: 'captured' as const,
            lookAt: null,
            userId: null,
            currency: null,
            amount: null,
            paymentId: null,
          },
        ]
        for (const own of wrong)
          expect([own, await refused((tx) => tx.db.insert(holds).values({ ...whole, ...own }))]).toEqual([
            own,
            'refused',
          ])
        expect(await refused((tx) => tx.db.insert(holds).values(whole))).toBe('taken')
        const samePayment = { ...whole, orderId: order(2) }
        expect(await refused((tx) => tx.db.insert(holds).values(samePayment))).toBe('refused')
        await write((tx) => moveHold(tx, whole, { from: 'held', state: 'refused', updatedAt: at }))
      })
    })
  })
}
