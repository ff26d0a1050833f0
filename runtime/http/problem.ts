//! How a refusal is said in HTTP: one status and one problem document (RFC 9457) for every failure of every service.
import { type DomainError, type ErrorCode, type ErrorKind, errorEntry } from '../../contracts/errors.ts'

/** RPC over HTTP, or the resources under `/api` and `/internal/api`. */
export type Surface = 'rpc' | 'rest'

/** The whole translation. A kind without a status does not compile. */
const statusByKind = {
  rpc: {
    invalid_argument: 400,
    unauthenticated: 401,
    permission_denied: 403,
    not_found: 404,
    already_exists: 409,
    failed_precondition: 412,
    aborted: 409,
    out_of_range: 400,
    resource_exhausted: 429,
    deadline_exceeded: 503,
    unavailable: 503,
    internal: 500,
  },
  rest: {
    invalid_argument: 400,
    unauthenticated: 401,
    permission_denied: 403,
    not_found: 404,
    already_exists: 409,
    failed_precondition: 409,
    aborted: 409,
    out_of_range: 400,
    resource_exhausted: 429,
    deadline_exceeded: 503,
    unavailable: 503,
    internal: 500,
  },
} as const satisfies Record<Surface, Record<ErrorKind, number>>

export const problemType = 'application/problem+json'

export function surfaceOf(path: string): Surface {
  return path.startsWith('/api/') || path.startsWith('/internal/api/') ? 'rest' : 'rpc'
}

/** The status of a code on a surface. A code that differs from its kind says so itself. */
export function statusOf(code: ErrorCode, surface: Surface): number {
  const entry = errorEntry(code)
  return entry[surface] ?? statusByKind[surface][entry.kind]
}

export type ProblemDocument = {
  readonly status: number
  readonly body: string
  readonly headers: Record<string, string>
}

/**
 * The document for a refusal. `requestId` is that of the request that was answered first, so that a replay is the same
 * to the letter. Details never replace a standard member.
 */
export function problemDocument(
  { code, details }: DomainError,
  { surface, instance, requestId }: { surface: Surface; instance: string; requestId: string },
): ProblemDocument {
  const status = statusOf(code, surface)
  const { title, message } = errorEntry(code)
  const standard = {
    type: `urn:kiosk:problem:${code}`,
    title,
    status,
    code,
    detail: message,
    instance,
    request_id: requestId,
  }
  return {
    status,
    body: JSON.stringify({ ...standard, ...details, ...standard }),
    headers: headersOf(status, details),
  }
}

/** When to come back, in seconds, where the refusal itself does not know. */
const retryAfterSeconds = 1

function headersOf(status: number, details: DomainError['details']): Record<string, string> {
  // A 404 may be kept by whoever is not told otherwise (RFC 9110, section 15.1), and shown to whom it is not one.
  const headers: Record<string, string> = { 'content-type': problemType, 'cache-control': 'no-store' }
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 429 || status === 503) {
    headers['retry-after'] = String(details?.retry_after_seconds ?? retryAfterSeconds)
  }
  return headers
}
