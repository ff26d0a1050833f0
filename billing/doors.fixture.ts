//! For tests: billing behind its real HTTP door, with callers of every kind.
import { Registry } from 'prom-client'
import { newId, type TenantId } from '../contracts/ids.ts'
import type { AccountRole } from '../contracts/roles.ts'
import { createAuthenticate } from '../runtime/auth.ts'
import { request } from '../runtime/http/testing.ts'
import type { Http } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import { type Billing, user } from './fixture.ts'
import { http } from './http.ts'

export const serviceToken = 'a-service'

/** `user-7`, `admin-1@other`: role, id and, where it is not the default one, the tenant. */
const verifyToken: VerifyToken = async (token) => {
  const [, word, id, tenant = 'default'] = /^(\w+)-(\d+)(?:@(\w+))?$/.exec(token) ?? []
  if (word === undefined || id === undefined) return undefined
  const role = (word === 'user' ? 'customer' : word) as AccountRole
  return { userId: user(Number(id)), role, tenantId: tenant as TenantId, sessionId: 'ses_1' }
}

/** The real router, as on loopback: the RPC surfaces need no token, everything for users does. */
export function httpDoor(billing: Billing, { requireAuth = false } = {}): Http {
  return http(billing.deps, {
    log: createLog('billing', 'silent'),
    registry: new Registry(),
    now: billing.now,
    newId,
    authenticate: createAuthenticate({ requireAuth, serviceToken, verifyToken }),
    idempotencySecret: 'a secret of the test',
    bodyLimitBytes: 1024 * 1024,
    service: 'billing',
    version: '0.0.0',
    description: 'for tests',
    requestTimeoutMs: 10_000,
    inFlightMax: 1000,
    ready: async () => ({ ready: true, degraded: [] }),
  })
}

export type Told = {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly replayed: boolean
}

export type Sent = {
  /** `user-7`, or the service's own. */
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** Sends as a well-behaved caller does, and checks what every answer has in common. */
export async function send(app: Http, method: string, path: string, sent: Sent = {}): Promise<Told> {
  const { token, body, headers } = sent
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await app.handle(
    request(method, path, { headers: { ...headers, ...authorization }, body }),
  )
  // Every answer of ours is a JSON object.
  const said = (await response.json()) as Record<string, unknown>
  const type = response.headers.get('content-type')
  const expected = response.status < 400 ? 'application/json' : 'application/problem+json'
  if (type !== expected) throw new Error(`${path} answered ${response.status} as ${type}`)
  const replayed = response.headers.get('idempotent-replayed') === 'true'
  return { status: response.status, body: said, replayed }
}
