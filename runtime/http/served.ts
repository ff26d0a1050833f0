//! One request while it is served: what it is called, and the one place where it is answered, counted and logged.
import { type DomainError, fail, type Result } from '../../contracts/errors.ts'
import type { Admission } from '../admission.ts'
import { childTraceparent, traceIdOf } from '../call.ts'
import type { Overloads } from '../overloads.ts'
import { isLarge, readBytes } from './body.ts'
import type { HttpDeps } from './deps.ts'
import type { Exchange, InFlight } from './in-flight.ts'
import type { Meter } from './meter.ts'
import { problemDocument, type Surface } from './problem.ts'
import type { TurnedAway } from './turned-away.ts'

/** What all requests of a service share. */
export type Core = {
  readonly deps: HttpDeps
  readonly inFlight: InFlight
  readonly overloads: Overloads
  readonly turnedAway: TurnedAway
  /** True once the process was told to stop: who is answered now is asked to come back by another connection. */
  isDraining: boolean
  /** Answers that wait until the port is closed; undefined while they go out at once. */
  held: (() => void)[] | undefined
  lastRequestAtMs: number
  /** How many requests are in work whose body is large, or does not say how large it is. */
  largeBodies: number
  /** Of the peer: who holds the other end of the connection, whatever the request says. */
  addressOf: (request: Request) => string | undefined
  /** How long the connection of a request may stand still before it is cut. */
  keepOpen: (request: Request, silentSeconds: number) => void
}

/** The route as it is counted and logged: never the path itself, which may hold what belongs to somebody. */
export type RouteTag = {
  readonly method: string
  readonly path: string
  readonly surface: Surface
  readonly meter: Meter
  /** How many of its operations run, and may. */
  readonly admission: Admission
}

export type RefusalOptions = {
  /** The request that was answered first, where this one repeats it. */
  readonly replayOf?: string | undefined
  /** What was thrown: logged, never answered. */
  readonly cause?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const visible = /^[!-~]{1,128}$/
// Of no standard; what nginx writes into its log.
const clientClosedRequest = 499

/** The caller's own, so that what it does has one id in every log; ours where it sent none. */
export function requestIdOf(core: Core, request: Request): string {
  const given = request.headers.get('x-request-id')
  return given !== null && visible.test(given) ? given : core.deps.newId('request')
}

// However many requests may be in work, only so many may fill memory with what they send.
const largeBodiesMax = 64

/** Whether one more of the route's kind may come in. */
export function hasRoom(core: Core, { admission }: RouteTag): boolean {
  return opens(core, () => core.inFlight.size < core.deps.inFlightMax && admission.isOpen)
}

/** Everybody may take their time to send what they ask, but not while it keeps a door shut to somebody else. */
function opens({ inFlight }: Core, isOpen: () => boolean): boolean {
  if (isOpen()) return true
  inFlight.endSlow(performance.now())
  return isOpen()
}

/** What every answer is sent with. */
export const headersOfAll = ({ deps, addressOf }: Core, request: Request) =>
  deps.headers?.(request, () => addressOf(request))

export class Served implements Exchange {
  readonly core: Core
  readonly route: RouteTag
  readonly request: Request
  readonly requestId: string
  /** Our own span of the caller's trace. */
  readonly traceparent: string
  readonly dueAtMs: number
  caller: string | undefined
  readonly #startedAtMs: number
  /** When its operation began; what its caller took to send it is no wait of ours. */
  #begunAtMs: number | undefined
  #holdsLargeBody = false
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
    this.requestId = requestIdOf(core, request)
  }

  /** Takes its place, until it is answered. */
  enter(): void {
    this.core.inFlight.add(this)
    this.route.admission.enter(this.#startedAtMs)
  }

  /**
   * Everything that its caller sends, or why it cannot be had. Where it came too late its caller was told so, and would not
   * expect that it is done all the same.
   */
  async readBody(): Promise<Result<Uint8Array>> {
    const { request, core } = this
    if (isLarge(request) && !this.#holdLargeBody()) return fail('overloaded')
    core.inFlight.sending(this, performance.now())
    const bytes = await readBytes(request, core.deps.bodyLimitBytes)
    core.inFlight.sent(this)
    return core.inFlight.has(this) ? bytes : fail('body_too_slow')
  }

  /** False where too many do already. */
  #holdLargeBody(): boolean {
    const { core } = this
    if (!opens(core, () => core.largeBodies < largeBodiesMax)) return false
    this.#holdsLargeBody = true
    core.largeBodies += 1
    return true
  }

  /** From here on it is us that its caller waits for. */
  begin(): void {
    this.#begunAtMs = performance.now()
  }

  expire(): void {
    // A request whose body has not come is late by the caller's doing, not by ours.
    this.refuse({ code: this.core.inFlight.isSending(this) ? 'body_too_slow' : 'deadline_exceeded' })
  }

  refuse(error: DomainError, options: RefusalOptions = {}): void {
    if (this.core.inFlight.has(this)) this.#answer(this.refusal(error, options))
    else this.#logLate(options.cause)
  }

  reply(
    status: number,
    body: Bun.BodyInit | null,
    headers: Record<string, string>,
    cookies: readonly string[] = [],
  ): void {
    if (!this.core.inFlight.has(this)) return
    const response = this.response(status, body, headers)
    for (const cookie of cookies) response.headers.append('set-cookie', cookie)
    this.#answer(response)
  }

  /** Nobody hears the answer: it is counted as what proxies call it, and that is all. */
  abandon(): void {
    if (!this.core.inFlight.has(this)) return
    this.route.meter(clientClosedRequest, performance.now() - this.#startedAtMs)
    this.#answer(new Response(null, { status: clientClosedRequest }))
  }

  // Only with the answer in hand does the request end: what throws while it is made can still be answered as a bug.
  #answer(response: Response): void {
    const { inFlight, held, turnedAway } = this.core
    inFlight.remove(this)
    turnedAway.served()
    if (this.#holdsLargeBody) this.core.largeBodies -= 1
    this.route.admission.leave(this.#begunAtMs, performance.now())
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
    body: Bun.BodyInit | null,
    headers: Record<string, string>,
    error?: DomainError,
    cause?: unknown,
  ): Response {
    headers['x-request-id'] = this.requestId
    Object.assign(headers, headersOfAll(this.core, this.request))
    if (this.core.isDraining) headers.connection = 'close'
    const response = new Response(body, { status, headers })
    const durationMs = performance.now() - this.#startedAtMs
    this.route.meter(status, durationMs)
    if (error?.code === 'overloaded') this.core.overloads.count(this.route.path)
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
