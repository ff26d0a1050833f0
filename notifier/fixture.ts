//! For tests: a notifier's store in memory (or wherever told), and notices to put into it.
import { join } from 'node:path'
import { defaultTenant, type EventId, newId, type OrderId, type UserId } from '../contracts/ids.ts'
import { money } from '../contracts/money.ts'
import { instantOf, processClock } from '../contracts/time.ts'
import type { HttpDeps } from '../runtime/http.ts'
import { openStore } from '../runtime/store/open.ts'
import { doorDeps } from '../tests/harness/doors.ts'
import type { Notice } from './domain/notice.ts'
import type { ListenDeps } from './listen-route.ts'
import { Listeners } from './listeners.ts'
import type { OrderNotice } from './store/notices.ts'
import { type NotifierStore, schema } from './store/schema.ts'

export const shop = defaultTenant
export const userOf = (id: bigint): UserId => id as UserId
export const orderOf = (id: bigint): OrderId => id as OrderId

export function openNotifier(url = 'sqlite::memory:'): Promise<NotifierStore> {
  return openStore(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

/** A notice of an order of the default tenant with what a test is about, and the rest as it comes. */
export function noticeWith(own: Partial<OrderNotice>): OrderNotice {
  return {
    id: newId('notice'),
    tenantId: shop,
    userId: userOf(1n),
    kind: 'order.confirmed',
    orderId: orderOf(12n),
    status: 'confirmed',
    details: {},
    message: 'Order 12 is paid.',
    moment: instantOf(1_000),
    eventId: newId('event') satisfies EventId,
    ...own,
  }
}

/** The same of a wallet, which is about no order. */
export function walletNoticeWith(own: Partial<Notice>): Notice {
  return {
    ...noticeWith({}),
    kind: 'wallet.topped_up',
    orderId: null,
    status: null,
    details: { amount: money(150_000, 'UAH') },
    message: '1500.00 UAH was added to your wallet.',
    ...own,
  }
}

/** What a notifier is handed that has time for nobody. */
export function listenDeps(store: NotifierStore, own: Partial<ListenDeps> = {}): ListenDeps {
  return {
    store,
    listeners: new Listeners({ listenersMax: 100, perUserMax: 8 }),
    heartbeatMs: 10_000,
    stalledSeconds: 45,
    listenMsMax: 60_000,
    ...own,
  }
}

/** What an app is handed where every guarded route wants a token. */
export const httpDeps = (): HttpDeps => doorDeps('notifier', processClock(), { requireAuth: true })
