//! One request while it is served: what it is called, and the one place where it is answered, counted and logged.
import type { DomainError } from '../../contracts/errors.ts'
import { childTraceparent, traceIdOf } from '../call.ts'
import type { HttpDeps } from './deps.ts'
import type { Exchange, InFlight } from './in-flight.ts'
import type { Meter } from './meter.ts'
import { problemDocument, type Surface } from './problem.ts'

/** What all requests of a service share. */
export type Core = {
  readonly deps: HttpDeps
  readonly inFlight: InFlight
  readonly overloads: Overloads
  /** True once the process was told to stop: who is answered now is asked to come back by another connection. */
  isDraining: boolean
  /** Answers that wait until the port is closed; undefined while they go out at once. */
  held: (() => void)[] | undefined
  lastRequestAtMs: number
  addressOf: (request: Request) => string | undefined
}

/** The route as it is counted and logged: never the path itself, which may hold what belongs to somebody. */
export type RouteTag = {
  readonly method: string
  readonly path: string
  readonly surface: Surface
  readonly meter: Meter
}

export type RefusalOptions = {
  /** The request that was answered first, where this one repeats it. */
  readonly replayOf?: string | undefined
  /** What was thrown: logged, never answered. */
  readonly cause?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const visible = /^[!-~]{1,128}$/

export class Served implements Exchange {
  readonly core: Core
  readonly route: RouteTag
  readonly request: Request
  readonly requestId: string
  /** Our own span of the caller's trace. */
  readonly traceparent: string
  readonly dueAtMs: number
  /** A request whose body has not come is late by the caller's doing, not by ours. */
  isReadingBody = false
  caller: string | undefined
  readonly #startedAtMs: number
  readonly #resolve: (response: Response) => void

  constructor(core: Core, route: RouteTag, request: Request, resolve: (response: Response) => void) {
    this.core = core
    this.route = route
    this.request = request
    this.#resolve = resolve
    this.#startedAtMs = performance.now()
    this.dueAtMs = this.#startedAtMs + core.deps.requestTimeoutMs
    core.lastRequestAtMs = this.#startedAtMs
    this.traceparent = childTraceparent(request.headers.get('traceparent'))
    const given = request.headers.get('x-request-id')
    this.requestId = given !== null && visible.test(given) ? given : core.deps.newId('request')
  }

  expire(): void {
    this.refuse({ code: this.isReadingBody ? 'body_too_slow' : 'deadline_exceeded' })
  }

  refuse(error: DomainError, options: RefusalOptions = {}): void {
    if (this.core.inFlight.has(this)) this.#answer(this.refusal(error, options))
    else this.#logLate(options.cause)
  }

  reply(status: number, body: string | null, headers: Record<string, string>): void {
    if (this.core.inFlight.has(this)) this.#answer(this.response(status, body, headers))
  }

  // Only with the answer in hand does the request end: what throws while it is made can still be answered as a bug.
  #answer(response: Response): void {
    const { inFlight, held } = this.core
    inFlight.remove(this)
    if (held === undefined) this.#resolve(response)
    else held.push(() => this.#resolve(response))
  }

  refusal(error: DomainError, { replayOf, cause, headers: more }: RefusalOptions = {}): Response {
    const { surface } = this.route
    const { status, body, headers } = problemDocument(error, {
      surface,
      instance: pathOf(this.request.url),
      requestId: replayOf ?? this.requestId,
    })
    if (replayOf !== undefined) headers['idempotent-replayed'] = 'true'
    Object.assign(headers, more)
    if (status === 408 || (status === 413 && isEndless(this.request))) headers.connection = 'close'
    return this.response(status, body, headers, error, cause)
  }

  response(
    status: number,
    body: string | null,
    headers: Record<string, string>,
    error?: DomainError,
    cause?: unknown,
  ): Response {
    headers['x-request-id'] = this.requestId
    if (this.core.isDraining) headers.connection = 'close'
    const response = new Response(body, { status, headers })
    const durationMs = performance.now() - this.#startedAtMs
    this.route.meter(status, durationMs)
    // Under overload a line per refusal would be the larger part of the load.
    if (error?.code === 'overloaded' && cause === undefined) this.core.overloads.count(this.route.path)
    else if (error !== undefined || this.core.deps.log.isLevelEnabled('debug')) {
      this.#log(status, durationMs, error, cause)
    }
    return response
  }

  #log(status: number, durationMs: number, error: DomainError | undefined, cause: unknown): void {
    const { log } = this.core.deps
    const fields = {
      request_id: this.requestId,
      trace_id: traceIdOf(this.traceparent),
      method: this.request.method,
      route: this.route.path,
      status,
      ...(error === undefined ? {} : { code: error.code }),
      duration_ms: Math.round(durationMs * 1000) / 1000,
      caller: this.caller,
      ...(cause === undefined ? {} : { err: cause }),
    }
    if (status >= 500) log.error(fields, 'request failed')
    else if (status >= 400) log.info(fields, 'request refused')
    else log.debug(fields, 'request answered')
  }

  #logLate(cause: unknown): void {
    if (cause === undefined) return
    const { requestId, route } = this
    this.core.deps.log.error(
      { err: cause, request_id: requestId, route: route.path },
      'failed after its deadline',
    )
  }
}

// What a refused caller still sends is read and dropped, so that it hears the refusal and keeps its connection; to a point.
const swallowedBytesMax = 64 * 1024 * 1024

function isEndless(request: Request): boolean {
  return Number(request.headers.get('content-length')) > swallowedBytesMax
}

/** The path of a request's absolute URL, without the query, which may hold what belongs in no document. */
export function pathOf(url: string): string {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('://') + 3)
  if (start === -1) return '/'
  const end = url.indexOf('?', start)
  return end === -1 ? url.slice(start) : url.slice(start, end)
}

/** Says at most once a second how many requests were turned away. */
export class Overloads {
  readonly #log: HttpDeps['log']
  #turnedAway = 0
  #isTold = false

  constructor(log: HttpDeps['log']) {
    this.#log = log
  }

  count(route: string): void {
    this.#turnedAway += 1
    if (this.#isTold) return
    this.#isTold = true
    this.#tell(route)
    setTimeout(() => {
      this.#isTold = false
      if (this.#turnedAway > 0) this.#tell(route)
    }, 1000).unref()
  }

  #tell(route: string): void {
    this.#log.error({ turned_away: this.#turnedAway, route, code: 'overloaded' }, 'requests turned away')
    this.#turnedAway = 0
  }
}
