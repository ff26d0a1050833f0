//! Notices as rows, on both engines.
import { afterAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import type { NoticeId, TenantId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import { instantOf } from '../../contracts/time.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import type { Notice } from '../domain/notice.ts'
import { noticeWith, openNotifier, orderOf, shop, userOf, walletNoticeWith } from '../fixture.ts'
import {
  arrivalOf,
  type History,
  lastOfAll,
  newestNotice,
  noticePage,
  noticesAfter,
  noticesOf,
  type OrderNotice,
  ownersTold,
  putNotice,
} from './notices.ts'
import type { NotifierStore } from './schema.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

noticeSuite('sqlite', () => openNotifier())
if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: notices are not tested on it', () => undefined)
} else {
  noticeSuite('postgres', async () => await openNotifier(await server.createDatabase()))
}

function noticeSuite(engine: string, open: () => Promise<NotifierStore>): void {
  const testWith = (name: string, run: (store: NotifierStore) => Promise<void>) =>
    test(name, async () => {
      const store = await open()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })
  const put = (store: NotifierStore, ...notices: Notice[]) =>
    store.write(async (tx) => {
      for (const notice of notices) expect(await putNotice(tx, notice)).toBe(true)
    })
  const read = (store: NotifierStore, own: Partial<History> = {}) =>
    store.read((tx) =>
      noticesOf(tx, {
        tenantId: shop,
        userId: userOf(1n),
        from: instantOf(Number.MIN_SAFE_INTEGER),
        to: instantOf(Number.MAX_SAFE_INTEGER),
        limit: 1000,
        ...own,
      }),
    )

  const ours = { tenantId: shop, userId: userOf(1n) }

  describe(`notices on ${engine}`, () => {
    testWith(
      'come back as they were put, with ids to the end of int64 and in every status',
      async (store) => {
        const last = 9_223_372_036_854_775_807n
        const notices = orderStatuses.map((status, index) =>
          noticeWith({ status, userId: userOf(last), orderId: orderOf(last), moment: instantOf(index) }),
        )
        await put(store, ...notices)
        expect(await read(store, { userId: userOf(last) })).toEqual(notices.toReversed())
      },
    )

    testWith('of a fact that was told are not put again', async (store) => {
      const first = noticeWith({ message: 'first' })
      await put(store, first)
      const again = noticeWith({ message: 'again', eventId: first.eventId })
      expect(await store.write((tx) => putNotice(tx, again))).toBe(false)
      expect(await read(store)).toEqual([first])
    })

    testWith('are the newest first: by moment, then by arrival', async (store) => {
      const [late, early, twin, twinLater] = [30, 10, 20, 20].map((moment) =>
        noticeWith({ moment: instantOf(moment) }),
      ) as [OrderNotice, OrderNotice, OrderNotice, OrderNotice]
      await put(store, late, early, twin, twinLater)
      expect(await read(store)).toEqual([late, twinLater, twin, early])
      expect(await read(store, { limit: 2 })).toEqual([late, twinLater])
    })

    testWith('of a time begin with it and end before its end', async (store) => {
      const notices = [10, 20, 30].map((moment) => noticeWith({ moment: instantOf(moment) }))
      await put(store, ...notices)
      const momentsOf = async (from: number, to: number) =>
        (await read(store, { from: instantOf(from), to: instantOf(to) })).map(({ moment }) => Number(moment))
      expect(await momentsOf(10, 30)).toEqual([20, 10])
      expect(await momentsOf(11, 31)).toEqual([30, 20])
      expect(await momentsOf(20, 20)).toEqual([])
      expect(await momentsOf(20, 21)).toEqual([20])
    })

    testWith('of another user or tenant are not seen', async (store) => {
      const ours = noticeWith({})
      const theirs = noticeWith({ userId: userOf(2n) })
      const abroad = noticeWith({ tenantId: 'other' as TenantId })
      await put(store, ours, theirs, abroad)
      expect(await read(store)).toEqual([ours])
      expect(await read(store, { userId: userOf(2n) })).toEqual([theirs])
      expect(await read(store, { tenantId: abroad.tenantId })).toEqual([abroad])
      expect(await read(store, { userId: userOf(3n) })).toEqual([])
    })

    testWith(
      'of everything else are kept with their parts, and are in no history of orders',
      async (store) => {
        const amount = money(9_007_199_254_740_991, 'JPY')
        const others = [
          walletNoticeWith({ kind: 'user.registered', details: {} }),
          walletNoticeWith({ details: { amount }, moment: instantOf(2_000) }),
          walletNoticeWith({
            kind: 'shipment.updated',
            orderId: orderOf(9_223_372_036_854_775_807n),
            details: { shipment: { id: 'shp_1', status: 'sent', carrier: 'courier' } },
            moment: instantOf(3_000),
          }),
        ]
        const order = noticeWith({ moment: instantOf(2_500) })
        await put(store, ...others, order)
        expect(await read(store)).toEqual([order])
        const { notices, total } = await store.read((tx) => noticePage(tx, ours, { limit: 10, offset: 0 }))
        expect(total).toBe(4)
        expect(notices).toEqual([others[2], order, others[1], others[0]] as Notice[])
      },
    )

    testWith('are read on from any of them in the order in which they arrived', async (store) => {
      const [first, second, third] = [30, 10, 20].map((moment) => noticeWith({ moment: instantOf(moment) }))
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('three are three')
      const theirs = [walletNoticeWith({ userId: userOf(2n) }), noticeWith({ tenantId: 'other' as TenantId })]
      expect(await store.read((tx) => newestNotice(tx, ours))).toBeUndefined()
      await put(store, first, ...theirs, second, third)
      const idsAfter = async (after: bigint, limit = 10) =>
        (await store.read((tx) => noticesAfter(tx, ours, { after, limit }))).map(({ id }) => id)
      const arrivalOfMine = (id: NoticeId) => store.read((tx) => arrivalOf(tx, ours, id))
      expect(await idsAfter(0n)).toEqual([first.id, second.id, third.id])
      expect(await idsAfter(0n, 2)).toEqual([first.id, second.id])
      expect(await idsAfter((await arrivalOfMine(first.id)) ?? -1n)).toEqual([second.id, third.id])
      expect(await idsAfter((await arrivalOfMine(third.id)) ?? -1n)).toEqual([])
      expect(await store.read((tx) => newestNotice(tx, ours))).toMatchObject({ id: third.id })
      for (const { id } of theirs) expect(await arrivalOfMine(id)).toBeUndefined()
      expect(await arrivalOfMine('ntc_none')).toBeUndefined()

      const all = await store.read((tx) => ownersTold(tx, 0n, 10))
      expect(all.map(({ tenantId, userId }) => [tenantId, userId])).toEqual([
        ['default', 1n],
        ['default', 2n],
        ['other', 1n],
        ['default', 1n],
        ['default', 1n],
      ] as never)
      expect(await store.read(lastOfAll)).toBe(all.at(-1)?.arrival ?? -1n)
    })

    if (engine === 'postgres')
      testWith('arrive in the order in which they are committed: who reads on misses none', async (store) => {
        const [slow, quick] = [noticeWith({}), noticeWith({})]
        const written = Promise.withResolvers<void>()
        const committing = store.write(async (tx) => {
          await putNotice(tx, slow)
          written.resolve()
          await tx.db.select({ slept: sql`pg_sleep(0.2)` }).from(sql`(select 1) as one`)
        })
        await written.promise
        await put(store, quick)
        const told = await store.read((tx) => noticesAfter(tx, ours, { after: 0n, limit: 10 }))
        expect(told.map(({ id }) => id)).toEqual([slow.id, quick.id])
        await committing
      })

    testWith('cannot be written outside of what a notice may be', async (store) => {
      const order = noticeWith({})
      const wallet = walletNoticeWith({})
      const wrongs: Record<string, Notice> = {
        'a status that nobody knows': { ...order, status: 'lost' as OrderStatus },
        'nothing to say': { ...order, message: '' },
        'no kind': { ...wallet, kind: '' },
        'a user of 0': { ...order, userId: userOf(0n) },
        'an order of 0': { ...order, orderId: orderOf(0n) },
        'a step of no order': { ...order, orderId: null },
        'a step to nowhere': { ...order, status: null },
        'a wallet with the status of an order': { ...wallet, orderId: orderOf(1n), status: 'confirmed' },
        'a whole letter for programs': { ...order, details: { reason: 'x'.repeat(1000) } },
      }
      const written: string[] = []
      for (const [what, wrong] of Object.entries(wrongs)) {
        await store
          .write((tx) => putNotice(tx, wrong))
          .then(
            () => written.push(what),
            (error) => expect(String(error.cause ?? error)).toMatch(/constraint/i),
          )
      }
      expect(written).toEqual([])
    })
  })
}
