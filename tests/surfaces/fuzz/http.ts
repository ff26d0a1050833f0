//! Every HTTP route: requests made from its own schemas, and what any answer of it must be.
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { http as billing } from '../../../billing/http.ts'
import { http as cart } from '../../../cart/http.ts'
import { http as catalog } from '../../../catalog/http.ts'
import { isErrorCode } from '../../../contracts/errors.ts'
import { newId } from '../../../contracts/ids.ts'
import { processClock } from '../../../contracts/time.ts'
import { http as delivery } from '../../../delivery/http.ts'
import { http as loms } from '../../../loms/http.ts'
import { http as notifier } from '../../../notifier/http.ts'
import { createAuthenticate } from '../../../runtime/auth.ts'
import type { Http, HttpDeps, RouteInfo } from '../../../runtime/http.ts'
import { createLog } from '../../../runtime/log.ts'
import { arbitraryOf, requestsOf } from './arbitrary.ts'

/** Nothing is ever run by them: only what they declare is looked at. */
const apps = { loms, cart, catalog, notifier, billing, delivery } as unknown as Readonly<
  Record<string, (deps: object, httpDeps: HttpDeps) => Http>
>

export type HttpRoute = RouteInfo & { readonly service: string }

export function httpRoutes(): HttpRoute[] {
  return Object.entries(apps).flatMap(([service, http]) =>
    http({}, nothing(service)).routes.map((route) => ({ ...route, service })),
  )
}

const nothing = (service: string): HttpDeps => ({
  service,
  version: '0',
  description: '',
  log: createLog(service, 'silent'),
  registry: new Registry(),
  now: processClock(),
  newId,
  authenticate: createAuthenticate({ requireAuth: false, serviceToken: undefined }),
  idempotencySecret: 'x',
  bodyLimitBytes: 1,
  requestTimeoutMs: 1,
  inFlightMax: 1,
  ready: async () => ({ ready: true, degraded: [] }),
})

export type HttpSent = {
  readonly path: string
  readonly headers: Record<string, string>
  readonly text: string | undefined
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')

/** Keys are few, so that some come again with the same body and some with another one. */
const someHeaders = fc.record(
  {
    'idempotency-key': fc.oneof(fc.constantFrom('k1', 'k2', 'k3'), fc.stringMatching(/^[!-~]{1,255}$/)),
    'x-request-id': fc.stringMatching(/^[ -~]{0,200}$/),
    traceparent: fc.stringMatching(/^0[0-9a-f]-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
    'x-tenant-id': fc.stringMatching(/^[ -~]{0,80}$/),
    'accept-language': fc.constantFrom('uk', 'en', '*'),
  },
  { requiredKeys: [] },
)

/** `tokens`: what good callers bring along, ours first, which may ask for anybody. Sometimes there is none, or one of nobody. */
export function httpRequestsOf(route: HttpRoute, tokens: readonly string[]): fc.Arbitrary<HttpSent> {
  const someToken = fc.oneof(
    { weight: route.surface === 'rpc' ? 12 : 2, arbitrary: fc.constantFrom(...tokens.slice(0, 1)) },
    { weight: 6, arbitrary: fc.constantFrom(...tokens) },
    { weight: 1, arbitrary: fc.constantFrom(undefined, 'Bearer x', 'Basic eDp5', 'Bearer', '') },
  )
  const params = route.params === undefined ? fc.constant({}) : arbitraryOf(route.params)
  const query = route.query === undefined ? fc.constant({}) : requestsOf(route.query)
  const body = route.body === undefined ? fc.constant(undefined) : requestsOf(route.body)
  const token = route.guard === 'open' ? fc.constant(undefined) : someToken
  return fc.tuple(params, query, body, someHeaders, token).map(([params, query, body, headers, token]) => {
    const values = params as Record<string, unknown>
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(text(values[name])))
    // Past some 16 KiB it is Bun that refuses, with 431, before any of us has seen it.
    const search = new URLSearchParams(
      Object.entries((query ?? {}) as object).map(([name, value]) => [name, text(value)] as [string, string]),
    )
      .toString()
      .slice(0, 4_000)
    return {
      path: search === '' ? path : `${path}?${search}`,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: token }),
        ...(route.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      text: route.body === undefined ? undefined : JSON.stringify(body),
    }
  })
}

const Problem = Type.Object({
  type: Type.String({ minLength: 1 }),
  title: Type.String({ minLength: 1 }),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String({ minLength: 1 }),
  instance: Type.String({ pattern: '^/' }),
  request_id: Type.String({ minLength: 1 }),
})

/** The document that the running service serves of itself, as far as it is looked at. */
export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
type Operation = { readonly responses: Readonly<Record<string, Declared>> }
type Declared = { readonly content?: Readonly<Record<string, { readonly examples?: object }>> }

/** What is wrong with an answer; undefined where it is one of those that the service's own document names. */
export function whatIsWrong(
  route: HttpRoute,
  document: Document,
  answer: { readonly status: number; readonly type: string; readonly text: string },
): string | undefined {
  const { status, type } = answer
  const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
  const declared = document.paths[path]?.[route.method.toLowerCase()]?.responses[status]
  if (declared === undefined) return `status ${status} is not declared`
  if (status === 204) return answer.text === '' ? undefined : 'a 204 with a body'
  const body = JSON.parse(answer.text) as Record<string, unknown>
  if (status < 300) {
    if (type !== 'application/json') return `${status} of type ${type}`
    return Value.Check(route.reply, body) ? undefined : `the reply is of another shape: ${answer.text}`
  }
  if (type !== 'application/problem+json') return `${status} of type ${type}`
  if (!Value.Check(Problem, body) || body.status !== status) return `a poor problem document: ${answer.text}`
  const codes = Object.keys(declared.content?.[type]?.examples ?? {})
  if (!isErrorCode(body.code) || !codes.includes(body.code)) return `${status} ${body.code} is not declared`
  return body.code === 'internal' ? 'internal' : undefined
}
