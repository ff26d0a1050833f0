//! How a route is declared: one entry of a service's table, and what is kept of it.
import type { Static, TObject, TSchema } from '@sinclair/typebox'
import type { ErrorCode } from '../../contracts/errors.ts'
import type { Guard, Identity } from '../auth.ts'
import type { Answer, Call } from '../call.ts'
import { type ParametersShape, parametersOf } from './parameters.ts'
import { type Surface, surfaceOf } from './problem.ts'
import { type Shape, shapeOf } from './shape.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** 302 leads elsewhere by the answer's `location`; like 204 it has no body. */
export type SuccessStatus = 200 | 201 | 202 | 204 | 302

/** An operation's answer with what only HTTP can say about it. */
export type HttpAnswer<T> = Answer<T> & {
  /** One of the entry's; the first of them where it is absent. */
  readonly status?: SuccessStatus
  readonly headers?: Readonly<Record<string, string>>
}

/** What a route may look at beside the body. */
export type HttpRequest<Params, Query> = {
  readonly params: Params
  readonly query: Query
  readonly identity: Identity
  readonly headers: Headers
  /** Of whoever asks: the peer, or whom a proxy of ours names in its place. Undefined without a socket. */
  readonly address: () => string | undefined
}

// biome-ignore lint/complexity/noBannedTypes: TypeBox writes an object without properties so.
type Nothing = TObject<{}>

type Entry<Reply extends TSchema, Params extends TObject, Query extends TObject> = {
  /** One line for the list of operations. */
  readonly summary: string
  readonly description?: string
  readonly tags?: readonly string[]
  /** Who may call. Judged before anything of the body is read. */
  readonly guard: Guard
  /** The `:names` of the path. */
  readonly params?: Params
  readonly query?: Query
  /** What is answered; a reply of another shape is a bug and leaves as 500. */
  readonly reply: Reply
  /** 200 unless told otherwise. Of several the first is for an answer that names none. */
  readonly status?: SuccessStatus | readonly SuccessStatus[]
  /** What this operation refuses with, beside what any route may. */
  readonly refusals?: readonly ErrorCode[]
}

export type QueryEntry<
  Reply extends TSchema = TSchema,
  Params extends TObject = Nothing,
  Query extends TObject = Nothing,
> = Entry<Reply, Params, Query> & {
  readonly run: (
    call: Call,
    request: HttpRequest<Static<Params>, Static<Query>>,
  ) => Promise<HttpAnswer<Static<Reply>>>
}

export type CommandEntry<
  Body extends TObject = Nothing,
  Reply extends TSchema = TSchema,
  Params extends TObject = Nothing,
  Query extends TObject = Nothing,
> = Entry<Reply, Params, Query> & {
  /** Fields that are not in it are refused. Where nothing in it is required, an empty body is an empty object. */
  readonly body?: Body
  /** Takes an `Idempotency-Key`. */
  readonly changesState?: boolean
  /** Ends what its caller began with other calls: in a crowd, those are turned away first. */
  readonly isLastStep?: boolean
  readonly run: (
    call: Call,
    body: Static<Body>,
    request: HttpRequest<Static<Params>, Static<Query>>,
  ) => Promise<HttpAnswer<Static<Reply>>>
}

/** What anybody may know of a route: for the document, and for tests that walk them all. */
export type RouteInfo = {
  readonly method: Method
  /** With `:names`. */
  readonly path: string
  readonly surface: Surface
  readonly guard: Guard
  readonly summary: string
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly body: TSchema | undefined
  readonly params: TObject | undefined
  readonly query: TObject | undefined
  readonly reply: TSchema
  readonly statuses: readonly [SuccessStatus, ...SuccessStatus[]]
  readonly refusals: readonly ErrorCode[]
  readonly changesState: boolean
}

/** A route as it is served: its checks compiled, its types gone. */
export type Route = {
  readonly info: RouteInfo
  readonly body: Shape | undefined
  readonly takesEmptyBody: boolean
  readonly params: ParametersShape | undefined
  readonly query: ParametersShape | undefined
  readonly reply: Shape
  readonly run: (
    call: Call,
    body: unknown,
    request: HttpRequest<unknown, unknown>,
  ) => Promise<HttpAnswer<unknown>>
}

/** An entry whose types have served their purpose: what `run` is given has passed the schemas that it was typed by. */
export type AnyEntry = Entry<TSchema, TObject, TObject> & {
  readonly body?: TObject
  readonly changesState?: boolean
  readonly isLastStep?: boolean
  readonly run: Route['run']
}

export function routeOf(method: Method, path: string, entry: AnyEntry): Route {
  checkPath(path, entry.params)
  const body = entry.body === undefined ? undefined : shapeOf(entry.body)
  const params = entry.params === undefined ? undefined : parametersOf(entry.params)
  const query = entry.query === undefined ? undefined : parametersOf(entry.query)
  const reply = shapeOf(entry.reply)
  const { summary, description, tags = [], guard, status = 200, refusals = [], changesState = false } = entry
  const [first = 200, ...others] = typeof status === 'number' ? [status] : status
  const info: RouteInfo = {
    method,
    path,
    surface: surfaceOf(path),
    guard,
    summary,
    description,
    tags,
    body: body?.schema,
    params: params?.schema,
    query: query?.schema,
    reply: reply.schema,
    statuses: [first, ...others],
    refusals,
    changesState,
  }
  const takesEmptyBody = body?.check({}) ?? false
  return { info, body, takesEmptyBody, params, query, reply, run: entry.run }
}

/** The names in a path, in order. */
export function namesIn(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z_]\w*)/g)].map(([, name = '']) => name)
}

function checkPath(path: string, params: TObject | undefined): void {
  if (!/^(\/(:[A-Za-z_]\w*|[\w.~-]+))+$/.test(path)) throw new Error(`not a path that we serve: ${path}`)
  const declared = Object.keys(params?.properties ?? {})
  if (namesIn(path).toSorted().join() !== declared.toSorted().join()) {
    throw new Error(`the names in ${path} are not those of its params: ${declared.join(', ')}`)
  }
}
