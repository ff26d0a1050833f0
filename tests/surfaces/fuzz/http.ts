//! Every HTTP route: requests made from its own schemas, and what any answer of it must be.
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { isErrorCode } from '../../../contracts/errors.ts'
import { doorOf, findRoutes, type ServiceRoute } from '../../../tools/generate/routes.ts'
import { arbitraryOf, requestsOf } from './arbitrary.ts'

/** `service` is who is asked: what is public is asked of its own service and of the gateway. */
export async function httpRoutes(): Promise<ServiceRoute[]> {
  const routes = await findRoutes()
  const passed = routes.filter((route) => doorOf(route) === 'public')
  return [...routes, ...passed.map((route) => ({ ...route, service: 'gateway' }))]
}

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
    'x-forwarded-for': fc.constantFrom('203.0.113.7', '1.2.3.4, 203.0.113.8', '2001:db8::1', 'x', ','),
  },
  { requiredKeys: [] },
)

/** What good callers bring along. */
export type Credentials = {
  /** Ours, which may ask for anybody. */
  readonly service: string
  readonly accounts: readonly string[]
  /** `session_id=…`, each with the token against forged requests that goes with it. */
  readonly sessions: readonly { readonly cookie: string; readonly csrf: string }[]
}

const wrongSessions = ['session_id=x', 'session_id=', '=;,'].map((cookie) => ({ cookie, csrf: 'x' }))

/** Sometimes there is none, or one of nobody. */
function callersOf(
  route: ServiceRoute,
  { service, accounts, sessions }: Credentials,
): fc.Arbitrary<Record<string, string>> {
  const bearer = (token: string) => ({ authorization: token })
  const isForServices = route.surface === 'rpc' || route.path.startsWith('/internal/')
  return fc.oneof(
    { weight: isForServices ? 12 : 1, arbitrary: fc.constant(bearer(service)) },
    { weight: 6, arbitrary: fc.constantFrom(...accounts).map(bearer) },
    { weight: 1, arbitrary: fc.constantFrom('Bearer x', 'Basic eDp5', 'Bearer', '').map(bearer) },
    { weight: route.guard === 'open' ? 6 : 1, arbitrary: fc.constant({}) },
    {
      weight: route.service === 'accounts' || route.service === 'gateway' ? 3 : 0,
      arbitrary: fc
        .tuple(fc.constantFrom(...sessions, ...wrongSessions), fc.nat(4))
        .map(([{ cookie, csrf }, chance]) => ({ cookie, ...(chance > 0 ? { 'x-csrf-token': csrf } : {}) })),
    },
    {
      weight: route.path.endsWith('/auth') ? 12 : 0,
      arbitrary: fc
        .tuple(fc.constantFrom(...accounts, ''), fc.constantFrom(...sessions, ...wrongSessions))
        .map(([authorization, { cookie }]) => ({
          'x-service-token': service.replace('Bearer ', ''),
          ...(authorization === '' ? { cookie } : { authorization }),
        })),
    },
  )
}

export function httpRequestsOf(route: ServiceRoute, credentials: Credentials): fc.Arbitrary<HttpSent> {
  const params = route.params === undefined ? fc.constant({}) : arbitraryOf(route.params)
  const query = route.query === undefined ? fc.constant({}) : requestsOf(route.query)
  const body = route.body === undefined ? fc.constant(undefined) : requestsOf(route.body)
  const caller = callersOf(route, credentials)
  return fc.tuple(params, query, body, someHeaders, caller).map(([params, query, body, headers, caller]) => {
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
        ...caller,
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
  route: ServiceRoute,
  document: Document,
  answer: { readonly status: number; readonly type: string; readonly text: string },
): string | undefined {
  const { status, type } = answer
  const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
  const declared = document.paths[path]?.[route.method.toLowerCase()]?.responses[status]
  if (declared === undefined) return `status ${status} is not declared`
  if (status === 204 || status === 302) return answer.text === '' ? undefined : `a ${status} with a body`
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
