//! The lines about notices: after the commit, once, and only of what was committed.
import { afterAll, afterEach, expect, test } from 'bun:test'
import { createLog } from '../runtime/log.ts'
import { noticeWith, openNotifier, orderOf, userOf, walletNoticeWith } from './fixture.ts'
import { printNotices } from './print-notices.ts'
import { putNotice } from './store/notices.ts'
import type { NotifierStore } from './store/schema.ts'

const lines: Record<string, unknown>[] = []
const log = createLog('notifier', 'info', { destination: { write: (line) => lines.push(JSON.parse(line)) } })
const store = await openNotifier()
afterAll(() => store.close())
afterEach(() => {
  lines.length = 0
})

test('a notice is a line with its message and whom and what it is about, after the commit', async () => {
  const last = 9_223_372_036_854_775_807n
  const notice = noticeWith({ userId: userOf(last), orderId: orderOf(last) })
  const printing = printNotices(store, log)
  await printing.store.write(async (tx) => {
    await putNotice(tx, notice)
    printing.noted(tx, notice)
    expect(lines).toEqual([])
  })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({
    msg: 'Order 12 is paid.',
    notice_id: notice.id,
    event_id: notice.eventId,
    tenant_id: 'default',
    user_id: String(last),
    kind: 'order.confirmed',
    order_id: String(last),
    status: 'confirmed',
    moment: '1970-01-01T00:00:01.000Z',
  })
})

test('a notice of no order has neither its id nor its status in the line', async () => {
  const printing = printNotices(store, log)
  const notice = walletNoticeWith({})
  await printing.store.write(async (tx) => printing.noted(tx, notice))
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({ kind: 'wallet.topped_up', user_id: 1, msg: notice.message })
  expect(Object.keys(lines[0] ?? {})).not.toContain('order_id')
  expect(Object.keys(lines[0] ?? {})).not.toContain('status')
})

test('who waits for a notice is told of it after its commit, and not of what was undone', async () => {
  const told: string[] = []
  const printing = printNotices(store, log, ({ id }) => told.push(id))
  const kept = noticeWith({})
  await printing.store.write(async (tx) => {
    printing.noted(tx, kept)
    expect(told).toEqual([])
  })
  const undoing = printing.store.write(async (tx) => {
    printing.noted(tx, noticeWith({}))
    throw new Error('undone')
  })
  await expect(undoing).rejects.toThrow('undone')
  expect(told).toEqual([kept.id])
})

test('what was undone is not printed', async () => {
  const notice = noticeWith({ userId: userOf(5n) })
  const printing = printNotices(store, log)
  const writing = printing.store.write(async (tx) => {
    await putNotice(tx, notice)
    printing.noted(tx, notice)
    throw new Error('undone')
  })
  await expect(writing).rejects.toThrow('undone')
  expect(lines).toEqual([])
})

test('a body that is run again, as PostgreSQL may, is printed once', async () => {
  const twice: NotifierStore = {
    ...store,
    write: (body) =>
      store.write(async (tx) => {
        await body(tx)
        return await body(tx)
      }),
  }
  const printing = printNotices(twice, log)
  await printing.store.write(async (tx) => printing.noted(tx, noticeWith({})))
  expect(lines).toHaveLength(1)
})

test('bodies that are written together print their own notices each', async () => {
  const printing = printNotices(store, log)
  const notices = [1n, 2n, 3n].map((id) => noticeWith({ orderId: orderOf(id) }))
  await Promise.all(notices.map((notice) => printing.store.write(async (tx) => printing.noted(tx, notice))))
  expect(lines.map(({ notice_id }) => notice_id)).toEqual(notices.map(({ id }) => id))
})
