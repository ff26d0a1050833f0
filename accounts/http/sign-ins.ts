//! Routes of signing in with a provider: there and back.
import { Type } from '@sinclair/typebox'
import { ok } from '../../contracts/errors.ts'
import type { Http } from '../../runtime/http.ts'
import { sessionCookie, setCookie, signInCookie, signInPath } from '../cookies.ts'
import type { Deps } from '../deps.ts'
import { finishSignIn } from '../operations/finish-sign-in.ts'
import { signInMs, startSignIn } from '../operations/start-sign-in.ts'
import { addressOf, type Doors } from './doors.ts'
import { cookieIn } from './sessions.ts'
import { notKept, sessionHeaders, Tokens, tokensOf } from './shapes.ts'

const tags = ['sessions']
const ProviderName = Type.String({
  pattern: '^[a-z][a-z0-9]{0,31}$',
  description: 'the name of a sign-in provider: at most 32 small letters and digits, first a letter',
  examples: ['google'],
})
const word = (description: string) => Type.Optional(Type.String({ maxLength: 4096, description }))

export function signInRoutes(app: Http, deps: Deps, doors: Doors): void {
  app.get('/api/v1/oauth/:provider/start', {
    summary: 'Sign in with a provider',
    description:
      'Leads the browser to the provider (authorization code with PKCE). Providers are set by `ACCOUNTS_OIDC_<NAME>_…`: google, microsoft, yandex, keycloak, or any with a discovery document. Asked with `Accept: application/json`, it answers the address, for pages that lead there themselves.',
    tags,
    guard: 'open',
    params: Type.Object({ provider: ProviderName }),
    reply: Type.Object({ location: Type.String() }),
    status: [302, 200],
    refusals: ['provider_not_found', 'too_many_requests', 'sign_in_failed'],
    run: async (call, request) => {
      const address = addressOf(call, request)
      const started = await startSignIn(deps, call, { provider: request.params.provider, address })
      if (!started.ok) return started
      const { location, browser } = started.value
      const options = { ...doors.cookies, path: signInPath, maxAgeSeconds: signInMs / 1000 }
      const headers = { ...notKept, 'set-cookie': setCookie(signInCookie, browser, options) }
      return request.headers.get('accept') === 'application/json'
        ? { ...ok({ location }), status: 200, headers }
        : { ...ok({ location }), headers: { ...headers, location } }
    },
  })

  app.get('/api/v1/oauth/:provider/callback', {
    summary: 'Back from a provider',
    description:
      'Sets the cookie `session_id`; leads on to `ACCOUNTS_SIGN_IN_RETURN_URL`, or answers tokens where that is not set. An account that was there before is found by the provider’s name for its owner, else by an address that both sides have verified; else a new one is made.',
    tags,
    guard: 'open',
    params: Type.Object({ provider: ProviderName }),
    query: Type.Object(
      {
        code: word('What we fetch the tokens with.'),
        state: word('What we sent along.'),
        iss: word('Whose answer it is (RFC 9207).'),
        error: word('Why there is no code.'),
      },
      // Providers send more than they have to.
      { additionalProperties: true },
    ),
    reply: Type.Union([Tokens, Type.Object({})]),
    status: [200, 302],
    refusals: ['provider_not_found', 'sign_in_failed'],
    run: async (call, request) => {
      const { code, state, iss, error } = request.query
      const answer = new URLSearchParams()
      for (const [name, value] of Object.entries({ code, state, iss, error })) {
        if (value !== undefined) answer.set(name, value)
      }
      const finished = await finishSignIn(deps, call, {
        provider: request.params.provider,
        answer,
        browser: cookieIn(request.headers, signInCookie),
        cookie: cookieIn(request.headers, sessionCookie),
        address: addressOf(call, request),
      })
      if (!finished.ok) return finished
      // The address of this very page holds what nobody else should be told.
      const headers = { ...sessionHeaders(doors, finished.value), 'referrer-policy': 'no-referrer' }
      return doors.returnUrl === undefined
        ? { ...ok(await tokensOf(deps, finished.value)), headers }
        : { ...ok({}), status: 302, headers: { ...headers, location: doors.returnUrl } }
    },
  })
}
