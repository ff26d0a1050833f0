//! Several processes over one PostgreSQL: what one of them writes, those who listen to another hear.
import { afterAll, expect, test } from 'bun:test'
import { processClock } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import { startPostgres } from '../tests/harness/postgres.ts'
import { openNotifier, userOf, walletNoticeWith } from './fixture.ts'
import { startListenedTo } from './listening.fixture.ts'
import { putNotice } from './store/notices.ts'
import { watchNotices } from './watch-notices.ts'

const server = await startPostgres()
afterAll(() => server?.stop())

if (server === undefined) {
  test.skip('PostgreSQL is not on this machine: several processes are not tested', () => undefined)
} else {
  test('each notice once, in order, of whoever listens; long before the next heartbeat would look', async () => {
    const url = await server.createDatabase()
    const [writing, reading] = [await openNotifier(url), await openNotifier(url)]
    // What was told before anybody looked is nobody's news.
    await writing.write((tx) => putNotice(tx, walletNoticeWith({})))
    {
      await using notifier = await startListenedTo({ store: reading, heartbeatMs: 60_000 })
      const { listeners } = notifier.deps
      const log = createLog('notifier', 'silent')
      const watch = await watchNotices({ store: reading, listeners, now: processClock(), log, everyMs: 5 })
      const [ours, theirs] = [await notifier.listen('customer-1'), await notifier.listen('customer-2')]
      const notices = Array.from({ length: 40 }, (_, index) =>
        walletNoticeWith({ userId: userOf(index % 2 === 0 ? 1n : 2n) }),
      )
      for (const notice of notices) await writing.write((tx) => putNotice(tx, notice))
      const idsOf = (user: bigint) =>
        notices.filter(({ userId }) => userId === userOf(user)).map(({ id }) => id as string)
      expect(await ours.hear(20)).toEqual(idsOf(1n))
      expect(await theirs.hear(20)).toEqual(idsOf(2n))
      await watch.close()
    }
    await Promise.all([writing.close(), reading.close()])
  })

  test('a look that fails is tried again', async () => {
    const store = await openNotifier(await server.createDatabase())
    let failures = 0
    const failing = {
      ...store,
      read: ((body) => {
        failures += 1
        return failures === 2 || failures === 3 ? Promise.reject(new Error('away')) : store.read(body)
      }) as typeof store.read,
    }
    {
      await using notifier = await startListenedTo({ store, heartbeatMs: 60_000 })
      const { listeners } = notifier.deps
      const log = createLog('notifier', 'silent')
      const watch = await watchNotices({ store: failing, listeners, now: processClock(), log, everyMs: 5 })
      const ear = await notifier.listen('customer-1')
      const notice = walletNoticeWith({})
      await store.write((tx) => putNotice(tx, notice))
      expect(await ear.hear(1)).toEqual([notice.id])
      expect(failures).toBeGreaterThan(3)
      await watch.close()
    }
    await store.close()
  })
}
