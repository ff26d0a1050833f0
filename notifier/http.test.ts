//! history through the real router.
import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import type { TenantId } from '../contracts/ids.ts'
import { money } from '../contracts/money.ts'
import { orderStatuses, rpcStatus } from '../contracts/order-status.ts'
import { instantOf, toRfc3339 } from '../contracts/time.ts'
import { ask, invalid, post, refusalOf } from '../tests/harness/ask.ts'
import { as, asService, serviceToken } from '../tests/harness/doors.ts'
import type { Notice } from './domain/notice.ts'
import {
  httpDeps,
  listenDeps,
  noticeWith,
  openNotifier,
  orderOf,
  userOf,
  walletNoticeWith,
} from './fixture.ts'
import { http } from './http.ts'
import { noticesMax } from './operations/get-history.ts'
import { putNotice } from './store/notices.ts'

const store = await openNotifier()
const app = http(listenDeps(store), httpDeps())
afterAll(() => store.close())
afterEach(() => store.write(async ({ db, tables: { notices } }) => await db.delete(notices)))

const put = (...notices: Notice[]) =>
  store.write(async (tx) => {
    for (const notice of notices) await putNotice(tx, notice)
  })

async function messagesOf(body: unknown) {
  const answer = await post(app, '/history', body, asService)
  expect(answer.status).toBe(200)
  expect(Object.keys(answer.body)).toEqual(['messages'])
  return answer.body.messages as Record<string, unknown>[]
}

const refusal = (body: unknown, headers = asService) => refusalOf(app, '/history', body, headers)
const moment = instantOf(Date.UTC(2025, 5, 1, 10))

describe('POST /history', () => {
  test('answers each notice with exactly its five fields', async () => {
    await put(noticeWith({ moment }))
    expect(await messagesOf({ user: 1 })).toEqual([
      {
        order_id: 12,
        user_id: 1,
        status: 'payed',
        message: 'Order 12 is paid.',
        moment: '2025-06-01T10:00:00.000Z',
      },
    ])
  })

  test('says every status in the words of the RPC surface', async () => {
    await put(...orderStatuses.map((status, index) => noticeWith({ status, moment: instantOf(index) })))
    const said = (await messagesOf({ user: 1 })).map(({ status }) => status)
    expect(said).toEqual(orderStatuses.map(rpcStatus).toReversed())
  })

  test('takes and answers ids past 2^53 as exact text', async () => {
    const last = 9_223_372_036_854_775_807n
    await put(noticeWith({ userId: userOf(last), orderId: orderOf(last - 1n) }))
    const [message] = await messagesOf({ user: String(last) })
    expect(message).toMatchObject({ user_id: String(last), order_id: String(last - 1n) })
  })

  test('is empty for a customer who was told nothing, and for another tenant’s', async () => {
    await put(noticeWith({}), noticeWith({ tenantId: 'other' as TenantId, userId: userOf(2n) }))
    expect(await messagesOf({ user: 2 })).toEqual([])
  })

  test('is the newest first, of one moment the last to arrive first', async () => {
    const moments = [20, 10, 20].map(instantOf)
    await put(...moments.map((moment, index) => noticeWith({ moment, orderId: orderOf(BigInt(index + 1)) })))
    expect((await messagesOf({ user: 1 })).map(({ order_id }) => order_id)).toEqual([3, 1, 2])
  })

  test('begins with `from` and ends before `to`, in whatever zone they are told', async () => {
    const at = (ms: number) => toRfc3339(instantOf(moment + ms))
    await put(...[0, 1, 2].map((ms) => noticeWith({ moment: instantOf(moment + ms) })))
    const momentsIn = async (time: object) =>
      (await messagesOf({ user: 1, ...time })).map((each) => each.moment)
    expect(await momentsIn({ from: at(1) })).toEqual([at(2), at(1)])
    expect(await momentsIn({ to: at(1) })).toEqual([at(0)])
    expect(await momentsIn({ from: at(1), to: at(2) })).toEqual([at(1)])
    expect(await momentsIn({ from: at(1), to: at(1) })).toEqual([])
    expect(await momentsIn({ from: '2025-06-01T13:00:00.002+03:00' })).toEqual([at(2)])
  })

  test(`answers the newest ${noticesMax} of more`, async () => {
    await put(
      ...Array.from({ length: noticesMax + 1 }, (_, index) => noticeWith({ moment: instantOf(index) })),
    )
    const messages = await messagesOf({ user: 1 })
    expect(messages).toHaveLength(noticesMax)
    expect(messages[0]?.moment).toBe(toRfc3339(instantOf(noticesMax)))
    expect(messages.at(-1)?.moment).toBe(toRfc3339(instantOf(1)))
  })

  test('is for services only', async () => {
    expect(await refusalOf(app, '/history', { user: 1 })).toMatchObject({
      status: 401,
      code: 'unauthenticated',
    })
    expect(await refusal({ user: 1 }, as('another'))).toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  test('holds steps of orders only, whatever else a customer was told', async () => {
    await put(
      walletNoticeWith({ moment: instantOf(moment + 3) }),
      walletNoticeWith({ kind: 'wallet.charged', orderId: orderOf(12n), moment: instantOf(moment + 2) }),
      noticeWith({ moment }),
    )
    expect((await messagesOf({ user: 1 })).map(({ message }) => message)).toEqual(['Order 12 is paid.'])
  })

  test('answers 400 with the path for a user that is no int64 of at least 1', async () => {
    for (const user of [0, -1, 1.5, 2 ** 53, '0', '01', '9223372036854775808', 'x', null, true]) {
      expect(await refusal({ user })).toEqual(invalid('/user'))
    }
  })

  test('answers 400 with the paths for what is no moment', async () => {
    for (const text of [
      '',
      'now',
      '2025-06-01',
      '2025-06-01T10:00:00',
      '2025-02-30T10:00:00Z',
      'x'.repeat(65),
    ]) {
      expect(await refusal({ user: 1, from: text })).toEqual(invalid('/from'))
      expect(await refusal({ user: 1, to: text })).toEqual(invalid('/to'))
    }
    expect(await refusal({ user: 0, from: 'x', to: 'y' })).toEqual(invalid('/user', '/from', '/to'))
    expect(await refusal({ user: 1, from: 1 })).toEqual(invalid('/from'))
  })

  test('answers 400 with both paths for a time that ends before it begins', async () => {
    const backwards = { from: '2025-06-01T10:00:00.001Z', to: '2025-06-01T10:00:00Z' }
    expect(await refusal({ user: 1, ...backwards })).toEqual(invalid('/from', '/to'))
  })

  test('answers 400 for what is missing or unknown', async () => {
    expect(await refusal({})).toEqual(invalid('/user'))
    expect(await refusal({ user: 1, status: 'payed' })).toEqual(invalid('/status'))
    expect(await refusal('[')).toMatchObject({ status: 400, code: 'malformed_body' })
  })
})

describe('GET /api/v1/notifications', () => {
  const list = (token: string | undefined, query = '') =>
    ask(app, 'GET', `/api/v1/notifications${query}`, { headers: token === undefined ? {} : as(token) })

  test('answers one’s own in C’s words, page by page, the newest first', async () => {
    const at = (second: number) => instantOf(moment + 1000 * second)
    await put(
      ...[0, 1, 2].map((second) => noticeWith({ moment: at(second), orderId: orderOf(BigInt(second + 1)) })),
      noticeWith({ moment, userId: userOf(2n) }),
    )
    const { status, body } = await list('customer-1', '?limit=2')
    expect(status).toBe(200)
    expect(body.meta).toEqual({ page: 1, limit: 2, total: 3, pages: 2 })
    expect((body.data as { order_id: string; status: string }[]).map((each) => each.order_id)).toEqual([
      '3',
      '2',
    ])
    expect((body.data as object[])[0]).toEqual({
      id: expect.stringMatching(/^ntc_/),
      kind: 'order.confirmed',
      message: 'Order 12 is paid.',
      moment: toRfc3339(at(2)),
      order_id: '3',
      status: 'confirmed',
    })
    expect((await list('customer-3')).body.data).toEqual([])
  })

  test('has everything that one was told, each with its parts for programs', async () => {
    const amount = money(150_050, 'UAH')
    const parts: Partial<Notice>[] = [
      { kind: 'user.registered', details: {}, message: 'Welcome!' },
      { kind: 'wallet.topped_up', details: { amount } },
      { kind: 'wallet.charged', details: { amount }, orderId: orderOf(5n) },
      {
        kind: 'payment.refunded',
        details: { amount, payment: { id: 'pay_1', provider: 'wallet' } },
        orderId: orderOf(5n),
      },
      {
        kind: 'shipment.updated',
        details: { shipment: { id: 'shp_1', status: 'sent', carrier: 'courier' } },
        orderId: orderOf(5n),
      },
    ]
    await put(...parts.map((part, index) => walletNoticeWith({ ...part, moment: instantOf(index) })))
    await put(
      noticeWith({ status: 'failed', details: { reason: 'insufficient_stock' }, moment: instantOf(9) }),
    )
    const data = (await list('customer-1')).body.data as Record<string, unknown>[]
    const common = { id: expect.any(String), message: expect.any(String), moment: expect.any(String) }
    expect(data.toReversed()).toEqual([
      { ...common, kind: 'user.registered' },
      { ...common, kind: 'wallet.topped_up', amount: '1500.50', currency: 'UAH' },
      { ...common, kind: 'wallet.charged', order_id: '5', amount: '1500.50', currency: 'UAH' },
      {
        ...common,
        kind: 'payment.refunded',
        order_id: '5',
        amount: '1500.50',
        currency: 'UAH',
        payment: { id: 'pay_1', provider: 'wallet' },
      },
      {
        ...common,
        kind: 'shipment.updated',
        order_id: '5',
        shipment: { id: 'shp_1', status: 'sent', carrier: 'courier' },
      },
      {
        ...common,
        kind: 'order.confirmed',
        order_id: '12',
        status: 'failed',
        reason: 'insufficient_stock',
      },
    ])
  })

  test('is one’s own: neither another user’s nor another tenant’s is seen', async () => {
    const theirs = walletNoticeWith({ userId: userOf(2n) })
    const abroad = walletNoticeWith({ tenantId: 'other' as TenantId })
    await put(theirs, abroad)
    const idsOf = async (token: string) =>
      ((await list(token)).body.data as { id: string }[]).map(({ id }) => id)
    expect(await idsOf('customer-1')).toEqual([])
    expect(await idsOf('customer-2')).toEqual([theirs.id])
    expect(await idsOf('customer-1-other')).toEqual([abroad.id])
  })

  test('is nobody’s without a token, and no service’s', async () => {
    expect((await list(undefined)).status).toBe(401)
    expect((await list(serviceToken)).status).toBe(403)
  })
})
