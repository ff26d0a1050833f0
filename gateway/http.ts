//! The door: which requests go through it, and the one page that shows them all.
import { fail, ok } from '../contracts/errors.ts'
import { createHttp, type Http, type HttpDeps, type RawRoute } from '../runtime/http.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import type { Deps } from './deps.ts'
import { routeFinder } from './find-route.ts'
import { headersOfAll } from './headers.ts'
import { pass } from './pass.ts'
import { type GatewayRoute, routes } from './routes.ts'

export function http(deps: Deps, httpDeps: HttpDeps): Http {
  const app = createHttp({ ...httpDeps, headers: headersOfAll(deps.trustedProxies) })
  const find = routeFinder(routes)
  const raws = new Map<string, Map<GatewayRoute, RawRoute>>()

  const rawOf = (method: string, route: GatewayRoute): RawRoute => {
    const ofMethod = raws.get(method) ?? new Map<GatewayRoute, RawRoute>()
    raws.set(method, ofMethod)
    const known = ofMethod.get(route)
    if (known !== undefined) return known
    const { path } = route
    const raw: RawRoute = { method, path, surface: 'rest', run: (request) => pass(deps, route, request) }
    ofMethod.set(route, raw)
    return raw
  }
  const preflight = (path: string, methods: readonly string[]): RawRoute => ({
    method: 'OPTIONS',
    path,
    surface: 'rest',
    run: async ({ request }) => {
      const headers = preflightHeaders(request.headers, methods, deps.corsOrigins)
      return ok({ status: 204, body: null, headers })
    },
  })

  app.otherwise((method, path, headers) => {
    const found = find(method, path)
    if (found.kind === 'found') return rawOf(method, found.route)
    if (found.kind === 'other_methods' && method === 'OPTIONS')
      return preflight(found.route.path, found.methods)
    // A page that may call is told as well why it was not served.
    const cors = corsHeaders(headers.get('origin'), deps.corsOrigins) ?? {}
    if (found.kind === 'unknown') return { headers: cors }
    return { ...fail('method_not_allowed'), headers: { ...cors, allow: found.methods.join(', ') } }
  })
  return app
}
