//! For tests: a notifier's store in memory (or wherever told), and notices to put into it.
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { defaultTenant, type EventId, newId, type OrderId, type UserId } from '../contracts/ids.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { instantOf, processClock } from '../contracts/time.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import type { HttpDeps } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import { openStore } from '../runtime/store/open.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Notice } from './domain/notice.ts'
import { type NotifierStore, schema } from './store/schema.ts'

export const shop = defaultTenant
export const serviceToken = 'a-service'
export const userOf = (id: bigint): UserId => id as UserId
export const orderOf = (id: bigint): OrderId => id as OrderId

export function openNotifier(url = 'sqlite::memory:'): Promise<NotifierStore> {
  return openStore(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

/** A notice of the default tenant with what a test is about, and the rest as it comes. */
export function noticeWith(own: Partial<Notice>): Notice {
  return {
    id: newId('notice'),
    tenantId: shop,
    userId: userOf(1n),
    orderId: orderOf(12n),
    status: 'confirmed',
    message: 'Order 12 is paid.',
    moment: instantOf(1_000),
    eventId: newId('event') satisfies EventId,
    ...own,
  }
}

/** `customer-7`: whoever says so, is. */
const verifyToken: VerifyToken = async (token) => {
  const id = /^customer-([1-9][0-9]*)$/.exec(token)?.[1]
  return id === undefined
    ? undefined
    : { userId: userIdOf(id), role: 'customer', tenantId: shop, sessionId: 'ses_1' }
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
