//! Pages of other origins that may call: those of the settings, and none unless set (Fetch standard, section 3.3).

const exposed = [
  'Idempotent-Replayed',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'X-CSRF-Token',
  'X-Request-Id',
].join(', ')
const allowed = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'Last-Event-ID',
  'X-CSRF-Token',
  'X-Request-Id',
  // What a page that traces its requests sends, the one with the other.
  'traceparent',
  'tracestate',
].join(', ')
const keptSeconds = 600

/** What such a page needs to be shown the answer; nothing for everybody else. */
export function corsHeaders(
  origin: string | null,
  origins: ReadonlySet<string>,
): Readonly<Record<string, string>> | undefined {
  // Whoever keeps our answers must know that they differ.
  if (origin === null || !origins.has(origin)) return origins.size === 0 ? undefined : { vary: 'Origin' }
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': exposed,
    vary: 'Origin',
  }
}

/** The answer to a browser that asks before it asks. */
export function preflightHeaders(
  headers: Headers,
  methods: readonly string[],
  origins: ReadonlySet<string>,
): Record<string, string> {
  const cors = corsHeaders(headers.get('origin'), origins)
  const isAsked = headers.has('access-control-request-method')
  if (cors === undefined || !isAsked || !('access-control-allow-origin' in cors)) {
    return { allow: methods.join(', '), ...cors }
  }
  return {
    ...cors,
    allow: methods.join(', '),
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': allowed,
    'access-control-max-age': String(keptSeconds),
  }
}
