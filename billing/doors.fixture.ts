//! For tests: billing behind its real HTTP door, with callers of every kind.
import type { Http } from '../runtime/http.ts'
import { ask } from '../tests/harness/ask.ts'
import { as, type Callers, doorDeps } from '../tests/harness/doors.ts'
import type { Billing } from './fixture.ts'
import { http } from './http.ts'

/** The real router, as on loopback: the RPC surfaces need no token, everything for users does. */
export function httpDoor(billing: Billing, callers: Callers = {}): Http {
  return http(billing.deps, doorDeps('billing', billing.now, callers))
}

export type Sent = {
  /** `customer-7`, or the service's own. */
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export type Told = {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly replayed: boolean
}

/** Sends as whoever has the token. */
export async function send(app: Http, method: string, path: string, sent: Sent = {}): Promise<Told> {
  const { token, body, headers } = sent
  const told = await ask(app, method, path, { headers: { ...headers, ...(token && as(token)) }, body })
  const replayed = told.headers.get('idempotent-replayed') === 'true'
  return { status: told.status, body: told.body, replayed }
}
