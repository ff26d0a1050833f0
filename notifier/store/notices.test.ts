//! Notices as rows, on both engines.
import { afterAll, describe, expect, test } from 'bun:test'
import type { TenantId } from '../../contracts/ids.ts'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import { instantOf } from '../../contracts/time.ts'
import { startPostgres } from '../../tests/harness/postgres.ts'
import type { Notice } from '../domain/notice.ts'
import { noticeWith, openNotifier, orderOf, shop, userOf } from '../fixture.ts'
import { type History, noticesOf, putNotice } from './notices.ts'
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
      ) as [Notice, Notice, Notice, Notice]
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

    testWith('cannot be written outside of what a notice may be', async (store) => {
      const wrongs: Record<string, Partial<Notice>> = {
        'a status that nobody knows': { status: 'lost' as OrderStatus },
        'nothing to say': { message: '' },
        'a user of 0': { userId: userOf(0n) },
        'an order of 0': { orderId: orderOf(0n) },
      }
      const written: string[] = []
      for (const [what, wrong] of Object.entries(wrongs)) {
        await store
          .write((tx) => putNotice(tx, noticeWith(wrong)))
          .then(
            () => written.push(what),
            (error) => expect(String(error.cause ?? error)).toMatch(/constraint/i),
          )
      }
      expect(written).toEqual([])
    })
  })
}
