//! Builds every HTTP app: routes are declared as entries of a table, and everything around them is the same for all.
import type { TObject, TSchema } from '@sinclair/typebox'
import { type AnyElysia, Elysia } from 'elysia'
import type { DomainError } from '../contracts/errors.ts'
import type { HttpDeps } from './http/deps.ts'
import { createFallback } from './http/fallback.ts'
import { InFlight } from './http/in-flight.ts'
import { type Listening, listen } from './http/listen.ts'
import { createMeters } from './http/meter.ts'
import { createPages, pagePaths } from './http/pages.ts'
import type { Surface } from './http/problem.ts'
import {
  type AnyEntry,
  type CommandEntry,
  type Method,
  type QueryEntry,
  type RouteInfo,
  routeOf,
} from './http/route.ts'
import { serve } from './http/serve.ts'
import { type Core, Overloads, type RouteTag, Served } from './http/served.ts'

export type { Guard, Identity } from './auth.ts'
export type { HttpDeps, Readiness } from './http/deps.ts'
export type { Listening } from './http/listen.ts'
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
  /** Serves a request without a socket. */
  handle(request: Request): Promise<Response>
  listen(address: { host: string; port: number }): Listening
}

const hostless = {
  code: 'invalid_argument',
  details: { errors: [{ path: '/host', in: 'header', message: 'must name the host that is asked' }] },
} as const satisfies DomainError

/** An app without routes; declare them before it is asked anything. */
export function createHttp(deps: HttpDeps): Http {
  const inFlight = new InFlight()
  const core: Core = {
    deps,
    inFlight,
    overloads: new Overloads(deps.log),
    isDraining: false,
    held: undefined,
    lastRequestAtMs: Number.NEGATIVE_INFINITY,
    addressOf: () => undefined,
  }
  const tagOf = createTags(deps, inFlight)
  const routes: RouteInfo[] = []
  const known = () => [...routes, ...pagePaths.map((path) => ({ method: 'GET', path }))]
  const fallback = createFallback(core, known, (method, surface) => tagOf(method, '(none)', surface))

  // One router for sockets and for `handle`, so that a test sees what a caller sees.
  const app = new Elysia({ strictPath: true, systemRouter: false, handler: { standardHostname: false } })
    // With a Host header that is none, Bun hands on a target without scheme and host, and a router that cuts the path
    // where the host should end would take it for another path. Nobody who means us sends such a thing.
    .onRequest(({ request }) => {
      if (!request.url.startsWith('/')) return
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
    .all('/*', ({ request }) => fallback(request), { parse: 'none', detail: { hide: true } })

  const declare = (method: Method, path: string, entry: AnyEntry): void => {
    const route = routeOf(method, path, entry)
    const tag = tagOf(method, path, route.info.surface)
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
    handle: (request) => app.handle(request),
    listen: (address) => listen(app, core, address),
  }
}

function createTags({ registry }: HttpDeps, inFlight: InFlight) {
  const meterOf = createMeters(registry, () => inFlight.size)
  const tags = new Map<string, RouteTag>()
  return (method: string, path: string, surface: Surface): RouteTag => {
    const name = `${method} ${path} ${surface}`
    let tag = tags.get(name)
    if (tag === undefined) {
      tag = { method, path, surface, meter: meterOf({ route: path, method, surface }) }
      tags.set(name, tag)
    }
    return tag
  }
}
