//! A request's way through a route: who asks, what was sent, what the operation answers.
import { type DomainError, type Failure, fail } from '../../contracts/errors.ts'
import { defaultTenant, type TenantId } from '../../contracts/ids.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Identity } from '../auth.ts'
import type { Call, IdempotencyKey } from '../call.ts'
import { Refusal } from '../refusal.ts'
import { parseJson, refusedByHeaders } from './body.ts'
import { clientOf } from './client-address.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { HttpAnswer, Route } from './route.ts'
import { type Core, hasRoom, type RouteTag, Served } from './served.ts'
import type { Problem, Shape } from './shape.ts'
import { mayBeUnstorable, unstorable } from './text.ts'

type Params = Readonly<Record<string, string | undefined>>

/** Always answers, whatever happens. */
export function serve(
  core: Core,
  route: Route,
  tag: RouteTag,
  request: Request,
  params: Params,
): Response | Promise<Response> {
  if (!hasRoom(core, tag)) return core.turnedAway.answer(core, tag, request)
  return new Promise((resolve) => {
    const served = new Served(core, tag, request, resolve)
    served.enter()
    work(served, route, params).catch((error) => refuseThrown(served, error))
  })
}

/** A part that cannot work now says so by throwing a refusal; anything else that is thrown is a bug. */
function refuseThrown(served: Served, error: unknown): void {
  served.refuse(error instanceof Refusal ? error.error : { code: 'internal' }, { cause: error })
}

async function work(served: Served, route: Route, params: Params): Promise<void> {
  const { core, request } = served
  const { headers } = request
  const identity = await core.deps.authenticate(headers.get('authorization') ?? undefined, route.info.guard)
  if (!identity.ok) return served.refuse(identity.error)
  served.caller = identity.value.caller ?? `address:${clientOf(core, request) ?? 'unknown'}`

  const tenantId = tenantOf(headers, identity.value)
  if (tenantId === undefined) return served.refuse(wrongTenant)

  const key = route.info.changesState ? headers.get('idempotency-key') : null
  if (key !== null && !keyPattern.test(key)) return served.refuse({ code: 'idempotency_key_invalid' })

  let bytes: Uint8Array = noBytes
  if (route.body !== undefined) {
    const refused = refusedByHeaders(request, core.deps.bodyLimitBytes)
    if (refused !== undefined) return served.refuse(refused.error)
    const read = await served.readBody()
    if (!read.ok) return served.refuse(read.error)
    bytes = read.value
  }
  const input = inputOf(served, route, params, bytes)
  if (!input.ok) return served.refuse(input.error)

  const call = callOf(
    served,
    served.caller,
    tenantId,
    key === null ? undefined : keyOf(served, route, key, input),
  )
  served.begin()
  const answer = await route.run(call, input.body, {
    params: input.params,
    query: input.query,
    identity: identity.value,
    headers,
    address: () => clientOf(core, request),
  })
  if (answer.ok) replyWith(served, route, answer)
  else served.refuse(answer.error, { replayOf: answer.replayOf })
}

type Input = { readonly ok: true; readonly body: unknown; readonly params: unknown; readonly query: unknown }
type Body = { readonly ok: true; readonly value: unknown; readonly problems: readonly Problem[] }

const nothing = Object.freeze({})
const noBytes = new Uint8Array()
const noProblems: readonly Problem[] = []
const noBody: Body = { ok: true, value: nothing, problems: noProblems }

/** Everything that was sent, or every part of it that is wrong at once. */
function inputOf(served: Served, route: Route, given: Params, bytes: Uint8Array): Input | Failure {
  const body = route.body === undefined ? noBody : bodyOf(route.body, route.takesEmptyBody, bytes)
  if (!body.ok) return body
  const params = route.params?.fromPath(given)
  const query = route.query?.fromQuery(searchOf(served.request.url))
  const errors = [...(params?.problems ?? []), ...(query?.problems ?? []), ...body.problems]
  if (errors.length > 0) return fail('invalid_argument', { errors })
  return { ok: true, body: body.value, params: params?.values ?? nothing, query: query?.values ?? nothing }
}

function bodyOf(shape: Shape, takesEmpty: boolean, bytes: Uint8Array): Body | Failure {
  const json = parseJson(bytes)
  if (!json.ok) return json
  const { text, value } = json.value
  if (text === '') return takesEmpty ? noBody : fail('malformed_body')
  if (!shape.check(value)) return { ok: true, value, problems: shape.problems(value) }
  return { ok: true, value, problems: mayBeUnstorable(text) ? unstorable(value) : noProblems }
}

function searchOf(url: string): string {
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}

const keyPattern = /^[!-~]{1,255}$/

/** The path's parameters are part of the request: the same key for another order is another request. */
function keyOf(served: Served, { info }: Route, key: string, { params, body }: Input): IdempotencyKey {
  const sent = info.params === undefined ? body : { params, body }
  return {
    key,
    scope: `${served.caller} ${info.method} ${info.path}`,
    fingerprint: fingerprintOf(served.core.deps.idempotencySecret, sent),
  }
}

const tenantPattern = /^[A-Za-z0-9_.-]{1,64}$/
const wrongTenant = {
  code: 'invalid_argument',
  details: {
    errors: [
      {
        path: '/x-tenant-id',
        in: 'header',
        message: 'must be 1 to 64 letters, digits, dots, dashes or underscores',
      },
    ],
  },
} as const satisfies DomainError

/**
 * An account belongs to one. Of the others only our own services speak for tenants; from anybody else the header is noise. Undefined where it names none: the
 * wrong tenant is worse than a refusal.
 */
function tenantOf(headers: Headers, identity: Identity): TenantId | undefined {
  if (identity.tenantId !== undefined) return identity.tenantId
  const tenant = identity.isService ? headers.get('x-tenant-id') : null
  if (tenant === null) return defaultTenant
  return tenantPattern.test(tenant) ? (tenant as TenantId) : undefined
}

function callOf(
  served: Served,
  caller: string,
  tenantId: TenantId,
  idempotency: IdempotencyKey | undefined,
): Call {
  const { now, requestTimeoutMs } = served.core.deps
  const call = {
    tenantId,
    caller,
    requestId: served.requestId,
    traceparent: served.traceparent,
    deadlineAt: plusMs(now(), requestTimeoutMs),
  }
  return idempotency === undefined ? call : { ...call, idempotency }
}

function replyWith(served: Served, route: Route, answer: HttpAnswer<unknown> & { readonly ok: true }): void {
  const { info, reply } = route
  const status = answer.status ?? info.statuses[0]
  if (!info.statuses.includes(status))
    throw new Error(`${info.method} ${info.path} does not declare status ${status}`)
  if (!reply.check(answer.value)) throw new Error(wrongReply(route, answer.value))
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (info.method === 'GET') headers['cache-control'] = 'no-store'
  if (answer.replayOf !== undefined) headers['idempotent-replayed'] = 'true'
  if (answer.headers !== undefined) Object.assign(headers, answer.headers)
  if (status === 204 || status === 302) served.reply(status, null, withoutType(headers))
  else served.reply(status, JSON.stringify(answer.value), headers)
}

function withoutType({ 'content-type': _, ...headers }: Record<string, string>): Record<string, string> {
  return headers
}

function wrongReply({ info, reply }: Route, value: unknown): string {
  const problems = reply.problems(value).map(({ path, message }) => `${path} ${message}`)
  return `the reply of ${info.method} ${info.path} breaks its schema: ${problems.slice(0, 10).join('; ')}`
}
