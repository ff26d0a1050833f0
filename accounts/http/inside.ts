//! Routes for our own services and proxies; the gateway leads nobody here.
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../../contracts/errors.ts'
import { IdParams } from '../../contracts/rest.ts'
import { AccountRoleSchema } from '../../contracts/roles.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import { keysPath } from '../../contracts/tokens.ts'
import { type Call, mapAnswer } from '../../runtime/call.ts'
import type { Http, HttpAnswer, HttpDeps, HttpRequest } from '../../runtime/http.ts'
import type { Deps } from '../deps.ts'
import { exchangeSession } from '../operations/exchange-session.ts'
import { getProfile } from '../operations/get-profile.ts'
import { register } from '../operations/register.ts'
import { sessionIn } from './sessions.ts'
import { contactFields, Login, NewPassword, notKept, Profile, profileOf } from './shapes.ts'

const tags = ['inside']
const serviceTokenHeader = 'x-service-token'

const Who = Type.Object(
  { user_id: Type.String(), role: AccountRoleSchema },
  { examples: [{ user_id: '1', role: 'customer' }] },
)

const forwardAuth = {
  description:
    'For reverse proxies that ask before they let a request through: they pass on its `Authorization` and `Cookie`. The session of either becomes the headers `X-User-Id`, `X-User-Role` and `X-Auth-Token`, a bearer of 60 seconds at most. As `Authorization` is the user’s, the proxy’s own service token comes in `X-Service-Token`; on loopback in development it needs none.',
  tags,
  guard: 'open' as const,
  reply: Who,
  refusals: ['unauthenticated'] as const,
}

export function insideRoutes(app: Http, deps: Deps, { authenticate }: Pick<HttpDeps, 'authenticate'>): void {
  const judge = async (
    _: Call,
    request: HttpRequest<unknown, unknown>,
  ): Promise<HttpAnswer<{ user_id: string; role: 'customer' | 'admin' | 'courier' }>> => {
    const given = request.headers.get(serviceTokenHeader)
    const proxy = await authenticate(given === null ? undefined : `Bearer ${given}`, 'service')
    if (!proxy.ok && !(given === null && request.identity.isService)) return fail('unauthenticated')
    const session = await sessionIn(deps, request)
    if (session === undefined) return fail('unauthenticated')
    const exchanged = await exchangeSession(deps, session)
    if (!exchanged.ok) return exchanged
    const { account, access } = exchanged.value
    const [userId, role] = [String(account.id), account.role]
    const headers = { ...notKept, 'x-user-id': userId, 'x-user-role': role, 'x-auth-token': access.token }
    return { ...ok({ user_id: userId, role }), headers }
  }

  app.get('/internal/api/v1/auth', { summary: 'Who sends this request', ...forwardAuth, run: judge })
  app.post('/internal/api/v1/auth', {
    summary: 'Who sends this request, asked with its own method',
    ...forwardAuth,
    run: (call, _, request) => judge(call, request),
  })

  app.post('/internal/api/v1/register', {
    summary: 'Make an account of any role',
    tags,
    guard: 'service',
    body: Type.Object(
      { login: Login, password: NewPassword, role: Type.Optional(AccountRoleSchema), ...contactFields },
      { examples: [{ login: 'andriy', password: 'another horse with a battery', role: 'courier' }] },
    ),
    reply: Profile,
    status: 201,
    refusals: ['login_taken'],
    changesState: true,
    run: async (call, { login, password, role = 'customer', name, email, phone }) => {
      const asked = { login, password, name, email, phone, role, address: undefined }
      return mapAnswer(await register(deps, call, asked), profileOf)
    },
  })

  app.get('/internal/api/v1/user/:id/profile', {
    summary: 'Somebody’s account',
    tags,
    guard: 'service',
    params: IdParams,
    reply: Profile,
    refusals: ['user_not_found'],
    run: async (call, { params }) =>
      mapAnswer(await getProfile(deps, call, { userId: userIdOf(params.id) }), profileOf),
  })

  app.get(keysPath, {
    summary: 'The public keys of access tokens',
    description: 'A JWK Set (RFC 7517). A key is here before it signs, and until its last token has expired.',
    tags,
    guard: 'open',
    reply: Type.Object({
      keys: Type.Array(
        Type.Object({
          kty: Type.String(),
          crv: Type.String(),
          x: Type.String(),
          kid: Type.String(),
          alg: Type.String(),
          use: Type.String(),
        }),
      ),
    }),
    run: async () => {
      const keys = deps.ring
        .shown()
        .keys.map(({ kty = '', crv = '', x = '', kid = '', alg = '', use = '' }) => ({
          kty,
          crv,
          x,
          kid,
          alg,
          use,
        }))
      return { ...ok({ keys }), headers: { 'cache-control': 'public, max-age=300' } }
    },
  })
}
