//! The answer to those for whom there is no room. They are the more the less time there is: it costs little, and is given at a pace.
import { problemDocument } from './problem.ts'
import { type Core, headersOfAll, pathOf, type RouteTag, requestIdOf } from './served.ts'

const document = problemDocument({ code: 'overloaded' }, { surface: 'rpc', instance: '', requestId: '' })
const standard = JSON.parse(document.body) as Readonly<Record<string, unknown>>
const members = JSON.stringify({ ...standard, instance: undefined, request_id: undefined }).slice(0, -1)

/** Nothing of the request is read but its name, and nothing is logged but how many there were. */
function refusalOf(core: Core, request: Request): Response {
  const requestId = requestIdOf(core, request)
  const instance = JSON.stringify(pathOf(request.url))
  const body = `${members},"instance":${instance},"request_id":${JSON.stringify(requestId)}}`
  const headers: Record<string, string> = {
    ...document.headers,
    ...headersOfAll(core, request),
    'x-request-id': requestId,
  }
  if (core.isDraining) headers.connection = 'close'
  return new Response(body, { status: document.status, headers })
}

// Reading and refusing takes a tenth of what serving takes, and a flood would leave no time for it. Whoever is not answered
// asks nothing more by that connection, so what is too much to be refused at once is held back where it comes from.
const perTurn = 64
const perServed = 2

/** Answers so many in each turn of the event loop, or in proportion to those who were served in it; the others later, in their order. */
export class TurnedAway {
  readonly #waiting: (() => void)[] = []
  #left = perTurn
  #served = 0
  #isTurning = false

  /** To be told of each who was let in and is answered. */
  served(): void {
    this.#served += 1
  }

  answer(core: Core, tag: RouteTag, request: Request): Response | Promise<Response> {
    const askedAtMs = performance.now()
    const refuse = () => {
      tag.meter(document.status, performance.now() - askedAtMs)
      return refusalOf(core, request)
    }
    core.lastRequestAtMs = askedAtMs
    core.overloads.count(tag.path)
    tag.admission.turnAway()
    if (!this.#isTurning) this.#turn()
    if (this.#left > 0) {
      this.#left -= 1
      return refuse()
    }
    return new Promise((resolve) => this.#waiting.push(() => resolve(refuse())))
  }

  #turn(): void {
    this.#isTurning = true
    setImmediate(() => {
      this.#isTurning = false
      const next = this.#waiting.splice(0, Math.max(perTurn, this.#served * perServed))
      this.#served = 0
      this.#left = Math.max(0, perTurn - next.length)
      for (const answer of next) answer()
      if (next.length > 0) this.#turn()
    })
  }
}
