//! Requests that are answered by other means than an operation: passed on to somebody else, or streamed.
import { type DomainError, type Failure, ok, type Result } from '../../contracts/errors.ts'
import { Refusal } from '../refusal.ts'
import { tooLarge } from './body.ts'
import type { Surface } from './problem.ts'
import { type Core, hasRoom, type RouteTag, Served } from './served.ts'

/** A request as it came, and what is known about it. */
export type RawRequest = {
  readonly request: Request
  readonly requestId: string
  /** Our own span of the caller's trace. */
  readonly traceparent: string
  /** Who holds the other end of the connection. */
  readonly address: string | undefined
  /** How long the answer may still take, in whole milliseconds. */
  leftMs(): number
  /** Aborted when nobody waits for the answer any more: the caller is gone, or, with a `TimeoutError`, the time is over. */
  readonly signal: AbortSignal
  /** Everything that was sent, or why it cannot be had. */
  body(): Promise<Result<Uint8Array | undefined>>
  /** Whom the log names. */
  calledBy(caller: string): void
  /** The answer is a stream: it is cut off only where nothing has gone by it for so long. */
  keepOpen(silentSeconds: number): void
}

export type RawAnswer = {
  readonly status: number
  readonly body: Bun.BodyInit | null
  readonly headers: Record<string, string>
  /** Each is a `set-cookie` of its own. */
  readonly cookies?: readonly string[]
}

/** A refusal may carry headers, as an answer does. */
export type RawRefusal = Failure & { readonly headers?: Readonly<Record<string, string>> }

export type RawRoute = {
  /** As it is counted and logged. */
  readonly method: string
  readonly path: string
  readonly surface: Surface
  readonly run: (raw: RawRequest) => Promise<(Result<RawAnswer> & { readonly ok: true }) | RawRefusal>
}

/** None of its paths: whatever is answered, these go along. */
export type RawUnknown = { readonly headers: Readonly<Record<string, string>> }

/** The route of a path, or why there is none; undefined where the path is none of ours. */
export type ResolveRaw = (
  method: string,
  path: string,
  headers: Headers,
) => RawRoute | RawRefusal | RawUnknown | undefined

export function serveRaw(core: Core, route: RawRoute, tag: RouteTag, request: Request) {
  if (!hasRoom(core, tag)) return core.turnedAway.answer(core, tag, request)
  return new Promise<Response>((resolve) => {
    const served = new ServedRaw(core, tag, request, resolve)
    served.enter()
    run(served, route).catch((error) => {
      const refusal: DomainError = error instanceof Refusal ? error.error : { code: 'internal' }
      // What was cut off because nobody waits for it is no failure of anybody.
      if (served.isGone) served.abandon()
      else served.refuse(refusal, { cause: error })
    })
  })
}

async function run(served: ServedRaw, route: RawRoute): Promise<void> {
  const answer = await route.run(served)
  if (served.isGone) return served.abandon()
  if (!answer.ok)
    return served.refuse(answer.error, answer.headers === undefined ? {} : { headers: answer.headers })
  const { status, body, headers, cookies } = answer.value
  served.reply(status, body, headers, cookies)
}

class ServedRaw extends Served implements RawRequest {
  #ended: AbortController | undefined
  /** The caller left before it was answered. */
  isGone = false

  get signal(): AbortSignal {
    if (this.#ended === undefined) {
      const ended = new AbortController()
      this.#ended = ended
      this.request.signal.addEventListener('abort', () => {
        this.isGone = true
        ended.abort()
      })
      // Asked for when everything is over already.
      if (!this.core.inFlight.has(this)) ended.abort(timeIsOver())
    }
    return this.#ended.signal
  }

  get address(): string | undefined {
    return this.core.addressOf(this.request)
  }

  leftMs(): number {
    return Math.max(0, Math.floor(this.dueAtMs - performance.now()))
  }

  calledBy(caller: string): void {
    this.caller = caller
  }

  keepOpen(silentSeconds: number): void {
    this.core.keepOpen(this.request, silentSeconds)
  }

  override expire(): void {
    super.expire()
    this.#ended?.abort(timeIsOver())
  }

  async body(): Promise<Result<Uint8Array | undefined>> {
    const { request } = this
    const { bodyLimitBytes } = this.core.deps
    if (Number(request.headers.get('content-length') ?? 0) > bodyLimitBytes) return tooLarge(bodyLimitBytes)
    const read = request.body === null ? ok(undefined) : await this.readBody()
    if (!read.ok) return read
    this.begin()
    return ok(read.value?.byteLength === 0 ? undefined : read.value)
  }
}

const timeIsOver = () => new DOMException('the time of the request is over', 'TimeoutError')
