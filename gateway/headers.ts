//! Which headers go through the door, in either direction, and what is added to them.
import type { HttpDeps } from '../runtime/http.ts'
import { originOf } from './addresses.ts'

/** Whom a request is from, as the services are told. */
export type Forwarded = {
  readonly address: string
  readonly proto: 'http' | 'https'
  readonly requestId: string
  readonly traceparent: string
  /** `Bearer …`, or nothing where nobody is signed in. */
  readonly authorization: string | undefined
  /** For accounts only. */
  readonly cookie: string | undefined
}

/** Of one connection, not of the request (RFC 9110, section 7.6.1). */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

const notUpwards = new Set([
  ...hopByHop,
  // Said anew on the next connection.
  'host',
  'content-length',
  'expect',
  // Ours to say.
  'authorization',
  'cookie',
  'x-request-id',
  'traceparent',
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-tenant-id',
  'x-csrf-token',
  // What some server or other takes for another method or another path.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
])
// What our own services tell one another, whatever comes after it.
const notUpwardsPrefixes = ['x-user-', 'x-auth-', 'x-forwarded-', 'kiosk-']

const notDownwards = new Set([...hopByHop, 'content-length', 'date', 'set-cookie', 'server', 'x-powered-by'])

const known = new Map<string, boolean>()
const knownMax = 1024

/** Whether a service may be told; a few dozen names make up nearly all that come. */
function goesUp(name: string): boolean {
  const verdict = known.get(name)
  if (verdict !== undefined) return verdict
  const goes = !notUpwards.has(name) && !notUpwardsPrefixes.some((prefix) => name.startsWith(prefix))
  if (known.size < knownMax) known.set(name, goes)
  return goes
}

export function headersUp(given: Headers, told: Forwarded): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of given) if (goesUp(name)) headers[name] = value
  const connection = given.get('connection')
  if (connection !== null && connection !== 'keep-alive' && connection !== 'close') {
    // Whoever named a header there meant it for us.
    for (const name of connection.split(',')) delete headers[name.trim().toLowerCase()]
  }
  headers['x-forwarded-for'] = told.address
  headers['x-forwarded-proto'] = told.proto
  headers['x-request-id'] = told.requestId
  headers.traceparent = told.traceparent
  if (told.authorization !== undefined) headers.authorization = told.authorization
  if (told.cookie !== undefined) headers.cookie = told.cookie
  // Without one, fetch would send its own wish, and a compressed answer to somebody who cannot read it.
  headers['accept-encoding'] ??= 'identity'
  return headers
}

export function headersDown(given: Headers, method: string): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of given) if (!notDownwards.has(name)) headers[name] = value
  // Said anew with the bytes that go out; of HEAD there are none, and it is the length of what GET would answer.
  const length = method === 'HEAD' ? given.get('content-length') : null
  if (length !== null) headers['content-length'] = length
  headers['content-security-policy'] ??= apiPolicy
  return headers
}

// What an answer of the API holds is data: should a browser be made to show it, nothing in it runs.
const apiPolicy = "default-src 'none'; frame-ancestors 'none'"

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
} as const
/** Once seen over TLS, a browser never asks without it again, for a year. */
const overTls = { ...securityHeaders, 'strict-transport-security': 'max-age=31536000' } as const

/** With every answer, the pages and those of no route included. */
export function headersOfAll(trusted: ReadonlySet<string>): NonNullable<HttpDeps['headers']> {
  if (trusted.size === 0) return () => securityHeaders
  return ({ headers }, peer) =>
    originOf(peer(), headers, trusted).proto === 'https' ? overTls : securityHeaders
}

/** What a service answered and what the door adds to it; an answer differs by what either says that it does. */
export function joined(given: Record<string, string>, added: Readonly<Record<string, string>>) {
  const vary = [given.vary, added.vary].filter((names) => names !== undefined).join(', ')
  return { ...given, ...added, ...(vary === '' ? {} : { vary }) }
}
