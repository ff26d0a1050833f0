//! An app for tests: real routes and hooks, with a clock that stands still and a log that can be read.
import { defaultTenant } from '../../contracts/ids.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import { instantOf } from '../../contracts/time.ts'
import { createAuthenticate } from '../auth.ts'
import { createHttp, type Http, type HttpDeps } from '../http.ts'
import { createLog, type LogLevel } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import type { TokenOwner } from '../tokens.ts'

export const serviceToken = 'the-service-token'
export const service = { authorization: `Bearer ${serviceToken}` }
/** What time it is for every app of a test. */
export const testNow = instantOf(Date.UTC(2026, 0, 2, 3, 4, 5))

const customer7: TokenOwner = {
  userId: userIdOf(7),
  role: 'customer',
  tenantId: defaultTenant,
  sessionId: 'ses_7',
}

export type LogLine = Readonly<Record<string, unknown>>
export type TestHttp = { readonly http: Http; readonly lines: LogLine[]; readonly logText: () => string }

export function testHttp({
  level = 'info',
  ...deps
}: Partial<HttpDeps> & { level?: LogLevel } = {}): TestHttp {
  const lines: LogLine[] = []
  const log = createLog('stall', level, {
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  })
  let requests = 0
  const http = createHttp({
    service: 'stall',
    version: '1.2.3',
    description: 'A stall.',
    log,
    registry: createMetrics('stall').registry,
    now: () => testNow,
    newId: (kind) => `${kind === 'request' ? 'req' : kind}_${++requests}` as never,
    authenticate: createAuthenticate({
      requireAuth: true,
      serviceToken,
      verifyToken: async (token) => (token === 'user-7' ? customer7 : undefined),
    }),
    idempotencySecret: 'a-secret',
    bodyLimitBytes: 1000,
    requestTimeoutMs: 5000,
    inFlightMax: 100,
    ready: async () => ({ ready: true, degraded: [] }),
    ...deps,
  })
  return { http, lines, logText: () => JSON.stringify(lines) }
}

export type Sent = {
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly text?: string
}

/** A request as a well-behaved caller sends it: `body` as JSON, `text` as it stands. */
export function request(method: string, path: string, { headers = {}, body, text }: Sent = {}): Request {
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body))
  const type = content === undefined ? {} : { 'content-type': 'application/json' }
  return new Request(`http://localhost${path}`, {
    method,
    headers: { ...type, ...headers },
    body: content ?? null,
  })
}

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}

export async function send(http: Http, method: string, path: string, sent: Sent = {}): Promise<Reply> {
  const response = await http.handle(request(method, path, sent))
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
}
