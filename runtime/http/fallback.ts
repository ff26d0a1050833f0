//! What is no route: unknown paths, known paths asked by another method, and questions about methods.
import type { Surface } from './problem.ts'
import { surfaceOf } from './problem.ts'
import type { RawRefusal, RawUnknown } from './raw.ts'
import { type Core, pathOf, type RouteTag, Served } from './served.ts'

export type Known = { readonly method: string; readonly path: string }

const methodsOfHttp = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
])

/** Answers as told, else 404, or 405 and OPTIONS with the methods that the path does take. */
export function createFallback(
  core: Core,
  known: () => readonly Known[],
  tagOf: (method: string, surface: Surface) => RouteTag,
) {
  const patterns = new Map<string, RegExp>()

  const methodsOf = (path: string): string[] => {
    const methods = known()
      .filter((route) => patternOf(route.path, patterns).test(path))
      .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    return methods.length === 0 ? [] : [...new Set(methods), 'OPTIONS']
  }

  return (request: Request, told?: RawRefusal | RawUnknown): Response => {
    const path = pathOf(request.url)
    // A method that nobody knows must not become a label of its own.
    const method = methodsOfHttp.has(request.method) ? request.method : 'other'
    const served = new Served(core, tagOf(method, surfaceOf(path)), request, () => {})
    const headers = told?.headers ?? {}
    if (told !== undefined && 'error' in told) {
      // Whoever asks what may be asked is answered by what a refusal would name.
      const isAnswer = request.method === 'OPTIONS' && told.error.code === 'method_not_allowed'
      return isAnswer ? served.response(204, null, { ...headers }) : served.refusal(told.error, { headers })
    }
    const methods = methodsOf(path)
    if (methods.length === 0) return served.refusal({ code: 'route_not_found' }, { headers })
    const allow = { ...headers, allow: methods.join(', ') }
    if (request.method === 'OPTIONS') return served.response(204, null, allow)
    return served.refusal({ code: 'method_not_allowed' }, { headers: allow })
  }
}

function patternOf(path: string, patterns: Map<string, RegExp>): RegExp {
  let pattern = patterns.get(path)
  if (pattern === undefined) {
    const parts = path
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.')))
    pattern = new RegExp(`^${parts.join('/')}$`)
    patterns.set(path, pattern)
  }
  return pattern
}
