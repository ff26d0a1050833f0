//! Builds every HTTP app: routes are declared as entries of a table, and everything around them is the same for all.
import type { TObject, TSchema } from '@sinclair/typebox'
import { type AnyElysia, Elysia } from 'elysia'
import type { DomainError } from '../contracts/errors.ts'
import { Admission, shareOf } from './admission.ts'
import type { HttpDeps } from './http/deps.ts'
import { createFallback } from './http/fallback.ts'
import { InFlight } from './http/in-flight.ts'
import { type Listening, listen } from './http/listen.ts'
import { createMeters } from './http/meter.ts'
import { createPages, pagePaths } from './http/pages.ts'
import type { Surface } from './http/problem.ts'
import { type ResolveRaw, serveRaw } from './http/raw.ts'
import {
  type AnyEntry,
  type CommandEntry,
  type Method,
  type QueryEntry,
  type RouteInfo,
  routeOf,
} from './http/route.ts'
import { serve } from './http/serve.ts'
import { type Core, pathOf, type RouteTag, Served } from './http/served.ts'
import { TurnedAway } from './http/turned-away.ts'
import { Overloads } from './overloads.ts'

export { accountBehind, type Guard, type Identity } from './auth.ts'
export type { HttpDeps, Readiness } from './http/deps.ts'
export type { Listening } from './http/listen.ts'
export type { RawAnswer, RawRefusal, RawRequest, RawRoute } from './http/raw.ts'
export type { HttpAnswer, HttpRequest, Method, RouteInfo, SuccessStatus } from './http/route.ts'

// biome-ignore lint/complexity/noBannedTypes: TypeBox writes an object without properties so.
type Nothing = TObject<{}>

type Declare = <
  Reply extends TSchema,
  Body extends TObject = Nothing,
  Params extends TObject = Nothing,
  Query extends TObject = Nothing,
>(
  path: string,
  entry: CommandEntry<Body, Reply, Params, Query>,
) => void

type DeclareQuery = <
  Reply extends TSchema,
  Params extends TObject = Nothing,
  Query extends TObject = Nothing,
>(
  path: string,
  entry: QueryEntry<Reply, Params, Query>,
) => void

export type Http = {
  readonly app: AnyElysia
  /** What was declared, so that a test can walk every route. */
  readonly routes: readonly RouteInfo[]
  readonly get: DeclareQuery
  readonly post: Declare
  readonly put: Declare
  readonly patch: Declare
  readonly delete: Declare
  /** Serves what is neither a route nor a page by other means; to be told once. */
  otherwise(resolve: ResolveRaw): void
  /** Serves a request without a socket. */
  handle(request: Request): Promise<Response>
  listen(address: { host: string; port: number }): Listening
}

/** How long an operation may take, waiting included, before fewer of its kind are let in. */
const waitMsMax = 1000

const hostless = {
  code: 'invalid_argument',
  details: { errors: [{ path: '/host', in: 'header', message: 'must name the host that is asked, once' }] },
} as const satisfies DomainError

/** Reserved to be nobody's name (RFC 2606): nothing may come to depend on what a request that names nobody is said to ask. */
const unnamed = 'http://host.invalid'

/**
 * Only HTTP/1.1 has to name the host (RFC 9112, section 3.2), and Bun refuses by itself where it does not. Without one it hands
 * on the bare target, which is completed here, and written as that of any other request is: the path is the one that others see.
 */
function completeTarget(request: Request): void {
  const { url } = request
  if (!url.startsWith('/') || request.headers.has('host')) return
  // The request itself: by it Bun knows the connection.
  Object.defineProperty(request, 'url', { value: new URL(`${unnamed}${url}`).href })
}

/** An app without routes; declare them before it is asked anything. */
export function createHttp(deps: HttpDeps): Http {
  const inFlight = new InFlight()
  const core: Core = {
    deps,
    inFlight,
    overloads: new Overloads(deps.log),
    turnedAway: new TurnedAway(),
    isDraining: false,
    held: undefined,
    lastRequestAtMs: Number.NEGATIVE_INFINITY,
    largeBodies: 0,
    addressOf: () => undefined,
    keepOpen: () => {},
  }
  const tagOf = createTags(deps, inFlight)
  const routes: RouteInfo[] = []
  const known = () => [...routes, ...pagePaths.map((path) => ({ method: 'GET', path }))]
  const fallback = createFallback(core, known, (method, surface) => tagOf(method, '(none)', surface))
  let resolveRaw: ResolveRaw = () => undefined
  const others = (request: Request): Response | Promise<Response> => {
    const route = resolveRaw(request.method, pathOf(request.url), request.headers)
    if (route === undefined) return fallback(request)
    if ('run' in route) return serveRaw(core, route, tagOf(route.method, route.path, route.surface), request)
    return fallback(request, route)
  }

  // One router for sockets and for `handle`, so that a test sees what a caller sees.
  const app = new Elysia({ strictPath: true, systemRouter: false, handler: { standardHostname: false } })
    .wrap((handle, request) => {
      completeTarget(request)
      return handle
    })
    // With a Host header that is none, Bun hands on a target without scheme and host, and a router that cuts the path
    // where the host should end would take it for another path. Of two headers it takes the first, and a proxy before us
    // may have taken the other (RFC 9112, section 3.2). Nobody who means us sends such a thing.
    .onRequest(({ request }) => {
      if (!request.url.startsWith('/') && request.headers.get('host')?.includes(',') !== true) return
      const served = new Served(core, tagOf(request.method, '(none)', 'rpc'), request, () => {})
      return served.refusal(hostless)
    })
    .onError({ as: 'global' }, ({ error, request }) => {
      const served = new Served(core, tagOf(request.method, '(none)', 'rpc'), request, () => {})
      return served.refusal({ code: 'internal' }, { cause: error })
    })
    .use(
      createPages(
        core,
        (path) => tagOf('GET', path, 'rpc'),
        () => routes,
      ),
    )
    .all('/*', ({ request }) => others(request), { parse: 'none', detail: { hide: true } })

  const declare = (method: Method, path: string, entry: AnyEntry): void => {
    const route = routeOf(method, path, entry)
    const tag = tagOf(method, path, route.info.surface, entry.isLastStep)
    routes.push(route.info)
    // The body is read by us alone. Elysia looks at this function's text to see what it has to prepare for it.
    app.route(method, path, ({ request, params }) => serve(core, route, tag, request, params), {
      parse: 'none',
      detail: { hide: true },
    })
  }
  // What `run` is given has passed the schemas that typed it, so the types may go here.
  const declared = (method: Method) => (path: string, entry: unknown) =>
    declare(method, path, entry as AnyEntry)

  return {
    app,
    routes,
    get: (path, { run, ...entry }) =>
      declared('GET')(path, {
        ...entry,
        run: (call: never, _: unknown, request: never) => run(call, request),
      }),
    post: declared('POST'),
    put: declared('PUT'),
    patch: declared('PATCH'),
    delete: declared('DELETE'),
    otherwise: (resolve) => {
      resolveRaw = resolve
    },
    handle: (request) => app.handle(request),
    listen: (address) => listen(app, core, address),
  }
}

function createTags({ registry, inFlightMax, requestTimeoutMs }: HttpDeps, inFlight: InFlight) {
  const meterOf = createMeters(registry, () => inFlight.size)
  const tags = new Map<string, RouteTag>()
  const limits = { most: shareOf(inFlightMax), waitMsMax: Math.min(waitMsMax, requestTimeoutMs / 4) }
  const lastSteps: Admission[] = []

  return (method: string, path: string, surface: Surface, isLastStep = false): RouteTag => {
    const name = `${method} ${path} ${surface}`
    let tag = tags.get(name)
    if (tag === undefined) {
      const admission = new Admission(isLastStep ? limits : { ...limits, yieldsTo: lastSteps })
      if (isLastStep) lastSteps.push(admission)
      tag = { method, path, surface, meter: meterOf({ route: path, method, surface }), admission }
      tags.set(name, tag)
    }
    return tag
  }
}
