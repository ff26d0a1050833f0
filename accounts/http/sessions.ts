//! Routes of signing in, staying so and signing out.
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../../contracts/errors.ts'
import { idSchema } from '../../contracts/ids.ts'
import { listOf, listReply, pageOf, pageQuery } from '../../contracts/rest.ts'
import { toRfc3339 } from '../../contracts/time.ts'
import type { Http, HttpRequest } from '../../runtime/http.ts'
import { cookieOf, dropCookie, sessionCookie } from '../cookies.ts'
import type { Deps } from '../deps.ts'
import type { SessionId } from '../domain/session.ts'
import { endSession } from '../operations/end-session.ts'
import { endSessions } from '../operations/end-sessions.ts'
import { listSessions } from '../operations/list-sessions.ts'
import { login } from '../operations/login.ts'
import { logout } from '../operations/logout.ts'
import { refreshSession } from '../operations/refresh-session.ts'
import { isSecret } from '../secrets.ts'
import { addressOf, type Doors } from './doors.ts'
import { Login, notKept, Password, RefreshToken, sessionHeaders, Tokens, tokensOf } from './shapes.ts'

const tags = ['sessions']
const Nothing = Type.Object({})

/** Undefined where the browser has none, or something that is none of ours. */
export function cookieIn(headers: Headers, name: string): string | undefined {
  const cookie = cookieOf(headers, name)
  return cookie !== undefined && isSecret(cookie) ? cookie : undefined
}

const bearer = /^bearer +([^ ]+)$/i

/** Whose bearer came along; undefined where it is nobody's any more. */
export async function bearerIn({ verifyToken }: Pick<Deps, 'verifyToken'>, headers: Headers) {
  const token = bearer.exec(headers.get('authorization') ?? '')?.[1]
  const owner = token === undefined ? undefined : await verifyToken(token)
  // Only we make tokens, and only with ids of ours.
  return owner && { ...owner, sessionId: owner.sessionId as SessionId }
}

export function sessionRoutes(app: Http, deps: Deps, doors: Doors): void {
  app.post('/api/v1/login', {
    summary: 'Sign in with login and password',
    description:
      'Answers tokens and sets the cookie `session_id`. A login that nobody has is refused like a wrong password, and as slowly. Too many wrong ones are slowed down with 429: by address, and by account and neighbourhood, never for a browser that was signed in to the account before.',
    tags,
    guard: 'open',
    body: Type.Object(
      { login: Login, password: Password },
      { examples: [{ login: 'olena', password: 'correct horse battery staple' }] },
    ),
    reply: Tokens,
    refusals: ['wrong_credentials', 'too_many_requests'],
    run: async (call, body, request) => {
      const address = addressOf(call, request)
      const cookie = cookieIn(request.headers, sessionCookie)
      const signedIn = await login(deps, call, { ...body, address, cookie })
      if (!signedIn.ok) return signedIn
      const tokens = await tokensOf(deps, signedIn.value)
      return { ...ok(tokens), headers: sessionHeaders(doors, signedIn.value) }
    },
  })

  app.post('/api/v1/token/refresh', {
    summary: 'The next pair of tokens',
    description:
      'A refresh token is taken once, and the last one once more within ten seconds with the same successor, for a client that lost the answer. Any other of the last thousand that comes back ends its session: two have it. Older ones are forgotten, and only refused.',
    tags,
    guard: 'open',
    body: Type.Object(
      { refresh_token: RefreshToken },
      { examples: [{ refresh_token: '0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' }] },
    ),
    reply: Tokens,
    refusals: ['refresh_token_invalid'],
    run: async (_, { refresh_token: refreshToken }) => {
      const refreshed = await refreshSession(deps, { refreshToken })
      return refreshed.ok ? { ...ok(await tokensOf(deps, refreshed.value)), headers: notKept } : refreshed
    },
  })

  app.post('/api/v1/logout', {
    summary: 'Sign out',
    description:
      'Ends the session of the bearer, of the cookie and of the refresh token, whichever come along, and takes the cookie away. Asked again: the same answer. A bearer that is out is good until it expires.',
    tags,
    guard: 'open',
    body: Type.Object({ refresh_token: Type.Optional(RefreshToken) }, { examples: [{}] }),
    reply: Nothing,
    status: 204,
    run: async (_, { refresh_token: refreshToken }, { headers }) => {
      const cookie = cookieIn(headers, sessionCookie)
      const left = await logout(deps, { bearer: await bearerIn(deps, headers), cookie, refreshToken })
      if (!left.ok) return left
      return { ...ok({}), headers: { ...notKept, 'set-cookie': dropCookie(sessionCookie, doors.cookies) } }
    },
  })

  app.get('/api/v1/sessions', {
    summary: 'Where you are signed in',
    description: 'Newest first; ended and expired ones are not listed.',
    tags,
    guard: 'signed_in',
    query: Type.Object(pageQuery),
    reply: listOf(
      Type.Object({
        id: Type.String(),
        address_range: Type.String({ description: 'The neighbourhood that it was begun from.' }),
        created_at: Type.String(),
        refreshed_at: Type.String(),
        expires_at: Type.String(),
        is_current: Type.Boolean({ description: 'True for the session of this very bearer.' }),
      }),
    ),
    run: async (call, request) => {
      const { userId } = request.identity
      if (userId === undefined) return fail('unauthenticated')
      const page = pageOf(request.query)
      const current = (await bearerIn(deps, request.headers))?.sessionId
      const { sessions, total } = await listSessions(deps, call, { userId, page })
      const said = sessions.map((session) => ({
        id: session.id,
        address_range: session.addressRange,
        created_at: toRfc3339(session.createdAt),
        refreshed_at: toRfc3339(session.refreshedAt),
        expires_at: toRfc3339(session.expiresAt),
        is_current: session.id === current,
      }))
      return ok(listReply(said, page, total))
    },
  })

  app.delete('/api/v1/sessions', {
    summary: 'Sign out everywhere',
    description: 'Ends all of your sessions, this one too. Bearers that are out are good until they expire.',
    tags,
    guard: 'signed_in',
    reply: Nothing,
    status: 204,
    run: async (call, _, { identity: { userId } }) => {
      if (userId === undefined) return fail('unauthenticated')
      const ended = await endSessions(deps, call, { userId })
      if (!ended.ok) return ended
      return { ...ok({}), headers: { 'set-cookie': dropCookie(sessionCookie, doors.cookies) } }
    },
  })

  app.delete('/api/v1/sessions/:id', {
    summary: 'End one of your sessions',
    description: 'One that has ended is done already; somebody else’s is not found.',
    tags,
    guard: 'signed_in',
    params: Type.Object({ id: idSchema('session') }),
    reply: Nothing,
    status: 204,
    refusals: ['session_not_found'],
    run: async (call, _, { identity, params }) => {
      if (identity.userId === undefined) return fail('unauthenticated')
      const ended = await endSession(deps, call, { userId: identity.userId, sessionId: params.id })
      return ended.ok ? ok({}) : ended
    },
  })
}

/** The session cookie or a bearer of a request, as `exchangeSession` takes it. A bearer that is there speaks alone. */
export async function sessionIn(
  deps: Pick<Deps, 'verifyToken'>,
  { headers, identity }: Pick<HttpRequest<unknown, unknown>, 'headers' | 'identity'>,
) {
  if (headers.has('authorization') && !identity.isService) return await bearerIn(deps, headers)
  const cookie = cookieIn(headers, sessionCookie)
  return cookie === undefined ? undefined : { cookie }
}
