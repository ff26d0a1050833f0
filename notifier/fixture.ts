//! For tests: a notifier's store in memory (or wherever told), and notices to put into it.
import { join } from 'node:path'
import { Registry } from 'prom-client'
import {
  defaultTenant,
  type EventId,
  newId,
  type OrderId,
  type TenantId,
  type UserId,
} from '../contracts/ids.ts'
import { money } from '../contracts/money.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { instantOf, processClock } from '../contracts/time.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import type { HttpDeps } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import { openStore } from '../runtime/store/open.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Notice } from './domain/notice.ts'
import type { ListenDeps } from './listen-route.ts'
import { Listeners } from './listeners.ts'
import type { OrderNotice } from './store/notices.ts'
import { type NotifierStore, schema } from './store/schema.ts'

export const shop = defaultTenant
export const serviceToken = 'a-service'
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

/** `customer-7`, or `customer-7-other` of the tenant `other`: whoever says so, is. */
const verifyToken: VerifyToken = async (token) => {
  const [, id, tenant = shop] = /^customer-([1-9][0-9]*)(?:-([a-z]+))?$/.exec(token) ?? []
  if (id === undefined) return undefined
  return { userId: userIdOf(id), role: 'customer', tenantId: tenant as TenantId, sessionId: 'ses_1' }
}

/** What an app is handed where every guarded route wants a token. */
export function httpDeps(): HttpDeps {
  return {
    service: 'notifier',
    version: '0.0.0',
    description: 'for tests',
    log: createLog('notifier', 'silent'),
    registry: new Registry(),
    now: processClock(),
    newId,
    authenticate: createAuthenticate({ requireAuth: true, serviceToken, verifyToken }),
    idempotencySecret: 'a secret of the test',
    bodyLimitBytes: 1024 * 1024,
    requestTimeoutMs: 10_000,
    inFlightMax: 100,
    ready: async () => ({ ready: true, degraded: [] }),
  }
}
