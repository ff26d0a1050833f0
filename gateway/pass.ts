//! A request's way through the door: how often, who, what of it goes on, and what comes back.
import { type DomainError, fail, ok } from '../contracts/errors.ts'
import type { RawAnswer, RawRefusal, RawRequest, RawRoute } from '../runtime/http.ts'
import { callerOf as neighbourhoodOf, type Origin, originOf } from './addresses.ts'
import { type Caller, callerOf, csrfRemedy } from './caller.ts'
import { csrfCookie, csrfCookieBeside, secured, sessionIn, sessionSetBy } from './cookies.ts'
import { corsHeaders } from './cors.ts'
import { csrfHeader, csrfToken } from './csrf.ts'
import type { Deps } from './deps.ts'
import type { Answered } from './forward.ts'
import { headersDown, headersUp, joined } from './headers.ts'
import { type Allowance, limitHeaders, tighter } from './limits.ts'
import type { GatewayRoute } from './routes.ts'

/** Four times what a stream of ours is silent for: whoever takes nothing any more does not hold a place for long. */
const streamSilentSeconds = 60

type Passed = Awaited<ReturnType<RawRoute['run']>>

export async function pass(deps: Deps, route: GatewayRoute, raw: RawRequest): Promise<Passed> {
  const { request } = raw
  const origin = originOf(raw.address, request.headers, deps.trustedProxies)
  const extra: Record<string, string> = { ...corsHeaders(request.headers.get('origin'), deps.corsOrigins) }
  const refused = (error: DomainError): RawRefusal => ({ ok: false, error, headers: extra })

  let left = await takeByAddress(deps, route, origin)
  if (left !== undefined) Object.assign(extra, limitHeaders(left))
  if (left?.isTaken === false) return refused(tooMany(left))

  const caller = await callerOf(deps, route, raw, origin)
  if (!caller.ok) {
    if (caller.error.code === 'csrf') Object.assign(extra, remedy(deps, raw, origin))
    return refused(caller.error)
  }
  const { account } = caller.value
  raw.calledBy(account === undefined ? `address:${origin.address}` : `user:${account.userId}`)
  if (account !== undefined) {
    left = tighter(left, await deps.limits.account(String(account.userId)))
    if (left !== undefined) Object.assign(extra, limitHeaders(left))
    if (left?.isTaken === false) return refused(tooMany(left))
  }

  const leftBeforeMs = raw.leftMs()
  const body = await raw.body()
  if (!body.ok) return refused(body.error)
  const leftMs = raw.leftMs()
  const isSigningOut = route.kind === 'sign_out'
  if (isSigningOut) forget(deps, raw, caller.value)
  const outgoing = {
    method: request.method,
    target: targetOf(request.url),
    headers: headersUp(request.headers, {
      ...origin,
      requestId: raw.requestId,
      traceparent: raw.traceparent,
      authorization: caller.value.authorization,
      cookie: route.upstream === 'accounts' ? (request.headers.get('cookie') ?? undefined) : undefined,
    }),
    body: body.value,
    signal: raw.signal,
    isLate: leftMs < leftBeforeMs - leftMs,
  }
  const upstream = deps.upstreams[route.upstream]
  if (route.kind === 'stream') raw.keepOpen(streamSilentSeconds)
  const answer = await (route.kind === 'stream' ? upstream.stream(outgoing) : upstream.forward(outgoing))
  // Who asked meanwhile may have been given what the session was still good for.
  if (isSigningOut) forget(deps, raw, caller.value)
  if (!answer.ok) return refused(answer.error)
  // Bun's word there and not the service's: what just fits through this door may be too much with what we add. A stream's
  // answer has to be handed on, whatever it is, or its place is never given back.
  if (answer.value.status === 431 && route.kind !== 'stream') return refused(tooManyHeaders)
  const headers = joined(headersDown(answer.value.headers, request.method), extra)
  return ok(answerOf(deps, route, origin, answer.value, headers))
}

/** Both are counted: whoever tries to sign in asks as well. */
function takeByAddress(
  { limits }: Deps,
  { kind }: GatewayRoute,
  { address }: Origin,
): Promise<Allowance | undefined> | undefined {
  const key = neighbourhoodOf(address)
  if (kind !== 'sign_in') return limits.address(key)
  return Promise.all([limits.address(key), limits.signIns(key)]).then(([one, other]) => tighter(one, other))
}

const tooManyHeaders = {
  code: 'invalid_argument',
  details: { errors: [{ path: '/', in: 'header', message: 'must be fewer, or shorter' }] },
} as const satisfies DomainError

const tooMany = ({ resetSeconds }: Allowance): DomainError =>
  fail('too_many_requests', { retry_after_seconds: resetSeconds }).error

function remedy(deps: Deps, raw: RawRequest, { proto }: Origin): Record<string, string> {
  const token = csrfRemedy(deps, raw)
  if (token === undefined) return {}
  const cookie = `${csrfCookie}=${token}; Path=/; SameSite=Lax`
  return { 'set-cookie': proto === 'https' ? secured(cookie) : cookie, [csrfHeader]: token }
}

/** accounts is shown the cookie also where a bearer speaks, and ends its session too. */
function forget({ sessions }: Deps, { request }: RawRequest, { account }: Caller): void {
  const session = sessionIn(request.headers.get('cookie'))
  if (session !== undefined) sessions.forget(session)
  if (account !== undefined) sessions.forgetUser(account.userId)
}

/** Path and query as they came. */
function targetOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3))
}

function answerOf(
  deps: Deps,
  route: GatewayRoute,
  { proto }: Origin,
  { status, headers: given, body }: Answered,
  headers: Record<string, string>,
): RawAnswer {
  if (route.upstream !== 'accounts') return { status, body, headers }
  const cookies = given.getSetCookie()
  if (cookies.length === 0) return { status, body, headers }
  const session = sessionSetBy(cookies)
  if (session !== undefined) {
    const token = session === '' ? '' : csrfToken(deps.csrfSecret, session)
    cookies.push(csrfCookieBeside(cookies, token))
    if (token !== '') headers[csrfHeader] = token
  }
  return { status, body, headers, cookies: proto === 'https' ? cookies.map(secured) : cookies }
}
