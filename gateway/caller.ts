//! Who asks: by a bearer, by a session cookie, or nobody. A bearer wins over a cookie.
import { fail, ok, type Result } from '../contracts/errors.ts'
import { defaultTenant, type UserId } from '../contracts/ids.ts'
import type { AccountRole } from '../contracts/roles.ts'
import { plusMs } from '../contracts/time.ts'
import type { RawRequest } from '../runtime/http.ts'
import { Refusal } from '../runtime/refusal.ts'
import type { Origin } from './addresses.ts'
import { sessionIn } from './cookies.ts'
import { changesState, csrfHeader, csrfToken, isCsrfToken, isFromOurPages } from './csrf.ts'
import type { Deps } from './deps.ts'
import type { Access, GatewayRoute } from './routes.ts'

export type Caller = {
  /** What the service is told. */
  readonly authorization: string | undefined
  /** Undefined where nobody is signed in, and where it cannot be said now and the service will see. */
  readonly account: { readonly userId: UserId; readonly role: AccountRole } | undefined
}

const nobody: Caller = { authorization: undefined, account: undefined }

// A signed token and nothing else (RFC 7515). The token by which our services know one another is none, so that whoever
// comes by it still does not come through this door.
const signedBearer = /^bearer +([A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,1024})$/i

const rolesOf: Readonly<Record<Access, readonly AccountRole[]>> = {
  open: ['customer', 'courier', 'admin'],
  optional: ['customer', 'courier', 'admin'],
  signed_in: ['customer', 'courier', 'admin'],
  courier: ['courier', 'admin'],
  admin: ['admin'],
}

/** Whoever may ask, or why they may not. */
export async function callerOf(
  deps: Deps,
  { access, kind }: GatewayRoute,
  raw: RawRequest,
  origin: Origin,
): Promise<Result<Caller>> {
  const { headers, method } = raw.request
  const authorization = headers.get('authorization')
  if (authorization !== null) return await byBearer(deps, access, authorization)
  if (kind === 'webhook') return ok(nobody)

  if (changesState(method) && !isFromOurPages(headers, origin, deps.corsOrigins)) return fail('csrf')
  const session = sessionIn(headers.get('cookie'))
  const isByCookie = session !== undefined && kind !== 'sign_in' && kind !== 'credentials'
  if (isByCookie && changesState(method)) {
    if (!isCsrfToken(deps.csrfSecret, session, headers.get(csrfHeader))) return fail('csrf')
  }
  if (access === 'open') return ok(nobody)
  const caller = session === undefined ? fail('unauthenticated') : await bySession(deps, raw, origin, session)
  if (!caller.ok) return access === 'optional' ? ok(nobody) : caller
  return admitted(access, caller.value)
}

async function byBearer(deps: Deps, access: Access, authorization: string): Promise<Result<Caller>> {
  const token = signedBearer.exec(authorization)?.[1]
  if (token === undefined) {
    return access === 'open' || access === 'optional' ? ok(nobody) : fail('unauthenticated')
  }
  // The services look at it themselves; here it says whose requests these are.
  const owner = await ownerOf(deps, token)
  if (owner === undefined && access !== 'open' && access !== 'optional') return fail('unauthenticated')
  const account = owner === 'unknown' ? undefined : owner
  return admitted(access, { authorization, account })
}

/** `unknown` where it cannot be said now. */
function ownerOf({ verifyToken }: Deps, token: string) {
  return verifyToken(token).catch((error: unknown) => {
    if (error instanceof Refusal) return 'unknown' as const
    throw error
  })
}

async function bySession(
  deps: Deps,
  raw: RawRequest,
  { address }: Origin,
  session: string,
): Promise<Result<Caller>> {
  const exchanged = await deps.sessions.exchange(session, {
    tenantId: defaultTenant,
    caller: `address:${address}`,
    requestId: raw.requestId,
    traceparent: raw.traceparent,
    deadlineAt: plusMs(deps.now(), raw.leftMs()),
  })
  if (!exchanged.ok) return exchanged
  const { accessToken, userId, role } = exchanged.value
  if ((await ownerOf(deps, accessToken)) === undefined) {
    // Over before it began: the clock was set, and accounts goes by another than we do. That is not the visitor's doing.
    deps.sessions.forget(session)
    return fail('unavailable')
  }
  return ok({ authorization: `Bearer ${accessToken}`, account: { userId, role } })
}

function admitted(access: Access, caller: Caller): Result<Caller> {
  const { account } = caller
  if (account !== undefined && !rolesOf[access].includes(account.role)) return fail('permission_denied')
  return ok(caller)
}

/** For the refusal `csrf`: a token that would do, since the page may have lost the one that came with the session. */
export function csrfRemedy(deps: Deps, raw: RawRequest): string | undefined {
  const session = sessionIn(raw.request.headers.get('cookie'))
  return session === undefined ? undefined : csrfToken(deps.csrfSecret, session)
}
