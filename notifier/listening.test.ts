//! The stream of events over real sockets: as it is written, from where one was, one's own, bounded, and ended in good order.
import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import type { TenantId } from '../contracts/ids.ts'
import { instantOf } from '../contracts/time.ts'
import { serviceToken } from '../tests/harness/doors.ts'
import { Ear } from '../tests/harness/ear.ts'
import type { Notice } from './domain/notice.ts'
import { noticeWith, orderOf, userOf, walletNoticeWith } from './fixture.ts'
import { listenPath } from './listen-route.ts'
import { Listeners } from './listeners.ts'
import { type ListenedTo, startListenedTo } from './listening.fixture.ts'
import { putNotice } from './store/notices.ts'

const customer = 'customer-1'
const idsOf = (notices: readonly Notice[]) => notices.map(({ id }) => id as string)
const someNotices = (count: number, own: Partial<Notice> = {}) =>
  Array.from({ length: count }, () => walletNoticeWith(own))

/** Resolves when it is so; a stream that hangs fails by the test's own time. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(2)
}

describe('who listens', () => {
  test('hears each notice as it is written, as the list has it, with its id', async () => {
    await using notifier = await startListenedTo()
    const response = await notifier.ask(customer)
    expect([200, 'text/event-stream', 'no-store', 'no']).toEqual([
      response.status,
      ...['content-type', 'cache-control', 'x-accel-buffering'].map((name) => response.headers.get(name)),
    ] as never)
    await response.body?.cancel()

    const ear = await notifier.listen(customer)
    const [first, second] = [noticeWith({ orderId: orderOf(5n) }), walletNoticeWith({ moment: instantOf(1) })]
    await notifier.write(first)
    expect(await ear.next()).toEqual({
      id: first.id,
      data: {
        id: first.id,
        kind: 'order.confirmed',
        message: 'Order 12 is paid.',
        moment: '1970-01-01T00:00:01.000Z',
        order_id: '5',
        status: 'confirmed',
      },
    })
    // Older by its moment, and later all the same: the order of arrival is what can be read on from.
    await notifier.write(second)
    expect(await ear.hear(1)).toEqual([second.id])
  })

  test('begins with what comes from now on, and is told where that is', async () => {
    await using notifier = await startListenedTo()
    const response = await notifier.ask(customer)
    const ear = new Ear(response)
    expect(await ear.next()).toEqual({ retry: expect.any(Number), id: '0' })
    const [before, after] = [walletNoticeWith({}), walletNoticeWith({})]
    await notifier.write(before)
    await ear.hear(1)
    const later = new Ear(await notifier.ask(customer))
    expect(await later.next()).toEqual({ retry: expect.any(Number), id: before.id })
    await notifier.write(after)
    expect(await later.hear(1)).toEqual([after.id])
  })

  test('hears nothing of another user’s or another tenant’s', async () => {
    await using notifier = await startListenedTo()
    const ours = await notifier.listen(customer)
    const theirs = await notifier.listen('customer-2')
    const abroad = await notifier.listen('customer-1-other')
    const [mine, hers, foreign] = [
      walletNoticeWith({}),
      walletNoticeWith({ userId: userOf(2n) }),
      walletNoticeWith({ tenantId: 'other' as TenantId }),
    ]
    await notifier.write(foreign, hers, mine)
    expect(await ours.hear(1)).toEqual([mine.id])
    expect(await theirs.hear(1)).toEqual([hers.id])
    expect(await abroad.hear(1)).toEqual([foreign.id])
  })

  test('hears that it is quiet, and nothing is missed that nobody woke it for', async () => {
    await using notifier = await startListenedTo({ heartbeatMs: 20 })
    const ear = await notifier.listen(customer)
    expect(await ear.next()).toEqual({ comment: 'nothing new' })
    const notice = walletNoticeWith({})
    // As another process would, unheard.
    await notifier.store.write((tx) => putNotice(tx, notice))
    expect(await ear.hear(1)).toEqual([notice.id])
  })

  test('is let go after its time, in good order', async () => {
    await using notifier = await startListenedTo({ heartbeatMs: 10, listenMsMax: 50 })
    const ear = await notifier.listen(customer)
    expect(await ear.rest()).toContainEqual({ comment: 'nothing new' })
    await until(() => notifier.deps.listeners.size === 0)
  })
})

describe('who comes back', () => {
  test('hears everything after the last that it heard, once and in order, over many pages, while more is written', async () => {
    await using notifier = await startListenedTo()
    const notices = someNotices(750)
    await notifier.write(...notices.slice(0, 500))
    const first = await notifier.listen(customer, { 'last-event-id': '0' })
    const heard = await first.hear(120)
    await first.leave()
    const { lastEventId = '' } = first
    const again = await notifier.listen(customer, { 'last-event-id': lastEventId })
    for (let at = 500; at < 750; at += 50) await notifier.write(...notices.slice(at, at + 50))
    heard.push(...(await again.hear(750 - heard.length)))
    expect(heard).toEqual(idsOf(notices))
  })

  test('again and again, cut wherever it is, misses nothing and hears nothing twice', async () => {
    await using notifier = await startListenedTo()
    const notices = someNotices(300)
    const heard: string[] = []
    let lastEventId = '0'
    const writing = (async () => {
      for (const notice of notices) await notifier.write(notice)
    })()
    for (let round = 1; heard.length < notices.length; round += 1) {
      const ear = await notifier.listen(customer, { 'last-event-id': lastEventId })
      heard.push(...(await ear.hear(Math.min(round % 17, notices.length - heard.length))))
      lastEventId = ear.lastEventId ?? lastEventId
      await ear.leave()
    }
    await writing
    expect(heard).toEqual(idsOf(notices))
  })

  test('may say so in the address; what a browser sends by itself goes before that', async () => {
    await using notifier = await startListenedTo()
    const [one, two, three] = someNotices(3) as [Notice, Notice, Notice]
    await notifier.write(one, two, three)
    const search = `?last_event_id=${one.id}`
    expect(await (await notifier.listen(customer, {}, search)).hear(2)).toEqual(idsOf([two, three]))
    const ear = await notifier.listen(customer, { 'last-event-id': two.id }, search)
    expect(await ear.hear(1)).toEqual([three.id])
  })
})

describe('is refused', () => {
  const problemOf = async (answer: Promise<Response>) => {
    const response = await answer
    const { code, errors } = (await response.json()) as { code: string; errors?: { path: string }[] }
    return [response.status, code, ...(errors ?? []).map(({ path }) => path)]
  }

  test('who has no token, and a service, which has no notices', async () => {
    await using notifier = await startListenedTo()
    expect(await problemOf(notifier.ask(undefined))).toEqual([401, 'unauthenticated'])
    expect(await problemOf(notifier.ask('nobody'))).toEqual([401, 'unauthenticated'])
    expect(await problemOf(notifier.ask(serviceToken))).toEqual([403, 'permission_denied'])
    expect(notifier.deps.listeners.size).toBe(0)
  })

  test('a last event that was never told to one, whoever else was told it', async () => {
    await using notifier = await startListenedTo()
    const [theirs] = someNotices(1, { userId: userOf(2n) }) as [Notice]
    await notifier.write(theirs)
    const wrongs = [theirs.id, 'ntc_none', '1', '-1', 'x'.repeat(100), "' or 1=1", '']
    for (const id of wrongs) {
      const header = id === '' ? ' ' : id
      expect(await problemOf(notifier.ask(customer, { 'last-event-id': header }))).toEqual([
        400,
        'invalid_argument',
        '/last-event-id',
      ])
      const search = `?last_event_id=${encodeURIComponent(id)}`
      expect(await problemOf(notifier.ask(customer, {}, search))).toEqual([
        400,
        'invalid_argument',
        '/last_event_id',
      ])
    }
    const twice = '?last_event_id=0&last_event_id=0'
    expect(await problemOf(notifier.ask(customer, {}, twice))).toEqual([
      400,
      'invalid_argument',
      '/last_event_id',
    ])
    expect(await problemOf(notifier.ask(customer, {}, '?since=0'))).toEqual([
      400,
      'invalid_argument',
      '/since',
    ])
    // Who was refused holds no place.
    expect(notifier.deps.listeners.size).toBe(0)
  })

  test('every method but GET', async () => {
    await using notifier = await startListenedTo()
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
      const response = await fetch(`${notifier.listening.url}${listenPath}`, { method })
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'GET, OPTIONS'])
      await response.body?.cancel()
    }
    const asked = await fetch(`${notifier.listening.url}${listenPath}`, { method: 'OPTIONS' })
    expect([asked.status, asked.headers.get('allow')]).toEqual([204, 'GET, OPTIONS'])
  })

  test('one more than a customer, or than all together, may have; who leaves makes room', async () => {
    const listeners = new Listeners({ listenersMax: 3, perUserMax: 2 })
    await using notifier = await startListenedTo({ listeners })
    const [first] = [await notifier.listen(customer), await notifier.listen(customer)]
    const third = await notifier.ask(customer)
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '10'])
    expect(await third.json()).toMatchObject({ code: 'too_many_requests', retry_after_seconds: 10 })
    await notifier.listen('customer-2')
    const fourth = await notifier.ask('customer-3')
    expect([fourth.status, fourth.headers.get('retry-after')]).toEqual([503, '10'])
    expect(await fourth.json()).toMatchObject({ code: 'overloaded' })
    // The same number of another tenant is another customer.
    expect(await problemOf(notifier.ask('customer-1-other'))).toEqual([503, 'overloaded'])

    await first?.leave()
    await until(() => listeners.size === 2)
    await notifier.listen(customer)
  })
})

describe('a place is given back', () => {
  test('when the connection is cut, however', async () => {
    await using notifier = await startListenedTo()
    const sockets = Array.from({ length: 8 }, () => rawListener(notifier))
    await until(() => notifier.deps.listeners.size === 8)
    for (const socket of sockets) socket.resetAndDestroy()
    await until(() => notifier.deps.listeners.size === 0)
  })

  test('when nobody waits for the answer any more', async () => {
    const opened = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    await using inner = await startListenedTo()
    const store: ListenedTo['store'] = {
      ...inner.store,
      read: async (body) => {
        opened.resolve()
        await gate.promise
        return await inner.store.read(body)
      },
    }
    await using notifier = await startListenedTo({ store })
    const socket = rawListener(notifier)
    await opened.promise
    expect(notifier.deps.listeners.size).toBe(1)
    socket.resetAndDestroy()
    await until(() => notifier.deps.listeners.size === 0)
    gate.resolve()
  })

  test('when the store cannot be read: it ends, and one comes back', async () => {
    await using inner = await startListenedTo()
    let isAway = false
    const store: ListenedTo['store'] = {
      ...inner.store,
      read: (body) => (isAway ? Promise.reject(new Error('away')) : inner.store.read(body)),
    }
    await using notifier = await startListenedTo({ store })
    const ear = await notifier.listen(customer)
    const notice = walletNoticeWith({})
    isAway = true
    await notifier.write(notice)
    expect(await ear.rest()).toEqual([])
    expect(notifier.deps.listeners.size).toBe(0)
    isAway = false
    const again = await notifier.listen(customer, { 'last-event-id': ear.lastEventId ?? '' })
    expect(await again.hear(1)).toEqual([notice.id])
  })
})

describe('a slow one', () => {
  test('costs a page and is cut off; it comes back to where it was, and nobody else waits', async () => {
    let pages = 0
    await using inner = await startListenedTo()
    const store: ListenedTo['store'] = {
      ...inner.store,
      read: (body) => {
        pages += 1
        return inner.store.read(body)
      },
    }
    // The sockets’ clock goes by fours, so that of four seconds none might be left.
    await using notifier = await startListenedTo({ store, stalledSeconds: 8, heartbeatMs: 500 })
    const notices = someNotices(12_000, { message: 'x'.repeat(1000) })
    await inner.write(...notices)
    const socket = rawListener(notifier, 'last-event-id: 0\r\n')
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    let text = ''
    socket.once('data', (data) => {
      text += data.toString('latin1')
      socket.pause()
    })
    await until(() => text !== '')
    // What fits into the buffers of two sockets, and no more of it.
    let before = -1
    while (before !== pages || pages < 3) {
      before = pages
      await Bun.sleep(100)
    }
    expect(pages).toBeLessThan(100)

    const quick = await notifier.listen('customer-2')
    const theirs = walletNoticeWith({ userId: userOf(2n) })
    await notifier.write(theirs)
    expect(await quick.hear(1)).toEqual([theirs.id])

    await until(() => notifier.deps.listeners.size === 1)
    socket.on('data', (data) => {
      text += data.toString('latin1')
    })
    socket.resume()
    await until(() => closed)
    // What has come over whole is heard, and what was cut is not.
    const heard = [...text.matchAll(/^id: (ntc_\w+)\ndata: .*\n\n/gm)].map(([, id]) => id ?? '')
    expect(heard.length).toBeGreaterThan(100)
    expect(heard.length).toBeLessThan(notices.length)
    const again = await notifier.listen(customer, { 'last-event-id': heard.at(-1) ?? '' })
    expect([...heard, ...(await again.hear(notices.length - heard.length))]).toEqual(idsOf(notices))
  }, 30_000)
})

test('told to stop, everybody is let go at once, and nobody is let in', async () => {
  await using notifier = await startListenedTo()
  const ears = await Promise.all([1, 2, 3].map((id) => notifier.listen(`customer-${id}`)))
  const notice = walletNoticeWith({})
  await notifier.write(notice)
  const startedAt = performance.now()
  notifier.deps.listeners.close()
  const refused = await notifier.ask(customer)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  await refused.body?.cancel()
  await notifier.close(5_000)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
  const heard = await Promise.all(ears.map((ear) => ear.rest()))
  // It ends between two events, never within one.
  expect(heard.slice(1)).toEqual([[], []])
})

function rawListener(notifier: ListenedTo, headers = '') {
  const socket = connect(notifier.listening.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `GET ${listenPath} HTTP/1.1\r\nHost: notifier\r\nAuthorization: Bearer ${customer}\r\n${headers}\r\n`,
  )
  return socket
}
