//! Hands a request to a service: at one of its addresses, not while it is known to be away, never twice what may have arrived.
import type { Logger } from 'pino'
import { Counter, Gauge, type Registry } from 'prom-client'
import { fail, ok, type Result } from '../contracts/errors.ts'
import type { Clock } from '../contracts/time.ts'
import { accessTokenSeconds } from '../contracts/tokens.ts'
import { type Breaker, type BreakerState, breakerOf } from '../runtime/rpc/breaker.ts'
import { openStream } from './event-stream.ts'
import { handedOn } from './passed-body.ts'
import { Places } from './places.ts'
import type { UpstreamName } from './routes.ts'
import { type Incoming, type Outgoing, type Sent, send } from './send.ts'
import { type Target, turnsOf } from './upstreams.ts'

export type Answered = {
  readonly status: number
  readonly headers: Headers
  readonly body: Bun.BodyInit | null
}

export type Forward = {
  /** Refused with `unavailable` where no address of the service answers, with `overloaded` where too many wait for it. */
  forward(outgoing: Outgoing): Promise<Result<Answered>>
  /** The same for an answer that does not end by itself. */
  stream(outgoing: Outgoing): Promise<Result<Answered>>
  /** Ends what would not end by itself. */
  endStreams(): void
  /** True while at least one address is not known to be away. */
  isThere(): boolean
}

export type ForwardOptions = {
  readonly name: UpstreamName
  readonly targets: readonly Target[]
  /** Requests that are with the service at once. */
  readonly placesMax: number
  /** Requests that wait for a place. */
  readonly waitingMax: number
  readonly streamsMax: number
  readonly metrics: ForwardMetrics
  readonly log: Logger
  readonly now: Clock
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** Who listens proves anew, as often as with any other request, that they still may: browsers come back by themselves. */
const streamMsMax = accessTokenSeconds * 1000
const failuresMax = 5
const openMs = 1_000
/** A process that starts anew listens again in a moment. */
const refusedPauseMs = 100
const stateNumbers = { closed: 0, half_open: 1, open: 2 } as const satisfies Record<BreakerState, number>

export type ForwardMetrics = ReturnType<typeof forwardMetrics>

export function forwardMetrics(registry: Registry) {
  const registers = [registry]
  return {
    state: new Gauge({
      name: 'gateway_upstream_breaker_state',
      help: '0: the address is asked. 1: one request finds out whether it answers again. 2: it is not asked.',
      labelNames: ['peer', 'target'],
      registers,
    }),
    // prom-client hashes labels at every count; these are worked out when somebody looks.
    tallies: askedOf(registers),
  }
}

type Outcomes = Record<Sent['kind'], number>
type Tally = { readonly peer: string; readonly target: string; readonly outcomes: Outcomes }

function askedOf(registers: Registry[]): Tally[] {
  const tallies: Tally[] = []
  new Counter({
    name: 'gateway_upstream_requests_total',
    help: 'Requests that an address was asked, by what became of them.',
    labelNames: ['peer', 'target', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const { peer, target, outcomes } of tallies)
        for (const [outcome, count] of Object.entries(outcomes)) this.inc({ peer, target, outcome }, count)
    },
  })
  return tallies
}

type Address = Target & {
  readonly breaker: Breaker<Sent>
  readonly outcomes: Outcomes
  state: BreakerState
}

export function createForward(options: ForwardOptions): Forward {
  const { name, log, sleep = Bun.sleep } = options
  const addresses = options.targets.map((target) => addressOf(target, options))
  const turns = turnsOf(addresses)
  const { placesMax, waitingMax, streamsMax } = options
  const places = new Places({ placesMax, waitingMax })
  const streamPlaces = new Places({ placesMax: streamsMax, waitingMax: 0 })
  const closing = new AbortController()

  async function ask(outgoing: Outgoing, by: typeof send): Promise<Sent | undefined> {
    const first = await askOnce(outgoing, by)
    if (first === undefined || first.sent.kind !== 'not_arrived') return first?.sent
    // The second time only because it certainly did not arrive: elsewhere at once, or there again in a moment.
    const elsewhere = await askOnce(outgoing, by, first.address)
    if (elsewhere !== undefined) return elsewhere.sent
    await sleep(refusedPauseMs)
    const again = outgoing.signal.aborted ? undefined : await askOnce(outgoing, by)
    return again?.sent ?? first.sent
  }

  /** Undefined where every address is known to be away. */
  async function askOnce(outgoing: Outgoing, by: typeof send, butNot?: Address) {
    let without = butNot === undefined ? undefined : new Set([butNot])
    for (;;) {
      const address = turns((one) => without?.has(one) !== true)
      if (address === undefined) return undefined
      const sent = await address.breaker.run(() => by(address.url, outgoing))
      if (sent !== undefined) {
        address.outcomes[sent.kind] += 1
        return { address, sent }
      }
      without ??= new Set()
      without.add(address)
    }
  }

  async function through(
    at: Places,
    outgoing: Outgoing,
    by: typeof send,
    enough?: AbortSignal,
  ): Promise<Result<Answered>> {
    const taken = at.take()
    const hasPlace = typeof taken === 'boolean' ? taken : await taken
    if (!hasPlace) return fail('overloaded')
    let isHeld = false
    try {
      const sent = outgoing.signal.aborted ? ({ kind: 'given_up' } as const) : await ask(outgoing, by)
      if (sent?.kind !== 'answered') return refusalFor(sent)
      const { status, headers, body } = sent.answer
      if (body.kind === 'whole') return ok({ status, headers, body: body.bytes })
      isHeld = true
      return ok({ status, headers, body: handedOn(body.stream, ended(at, outgoing), enough) })
    } finally {
      // A stream keeps its place until its last byte is through.
      if (!isHeld) at.leave()
    }
  }

  const ended = (at: Places, { signal }: Outgoing) => {
    let isOver = false
    return (error?: unknown) => {
      if (isOver) return
      isOver = true
      at.leave()
      if (error !== undefined && !signal.aborted)
        log.warn({ err: error, peer: name }, 'an answer was cut off')
    }
  }

  function refusalFor(sent: Exclude<Sent, { kind: 'answered' }> | undefined): Result<never> {
    if (sent?.kind === 'lost' || sent?.kind === 'not_arrived') {
      log.warn({ err: sent.cause, peer: name }, 'a service did not answer')
    }
    return fail('unavailable')
  }

  return {
    forward: (outgoing) => through(places, outgoing, send),
    stream: (outgoing) => {
      const enough = AbortSignal.any([closing.signal, AbortSignal.timeout(streamMsMax)])
      const signal = AbortSignal.any([outgoing.signal, enough])
      return through(streamPlaces, { ...outgoing, signal }, openStream, enough)
    },
    endStreams: () => closing.abort(),
    isThere: () => addresses.some(({ state, weight }) => weight > 0 && state === 'closed'),
  }
}

function addressOf(target: Target, { name, metrics, log, now }: ForwardOptions): Address {
  const labels = { peer: name, target: target.url }
  const state = metrics.state.labels(labels)
  const outcomes = { answered: 0, not_arrived: 0, lost: 0, given_up: 0 }
  metrics.tallies.push({ ...labels, outcomes })
  state.set(stateNumbers.closed)
  const address: Address = {
    ...target,
    state: 'closed',
    outcomes,
    breaker: breakerOf<Sent>({
      failuresMax,
      openMs,
      // That a caller left says nothing about the service.
      isFailure: ({ kind }) => kind === 'lost' || kind === 'not_arrived',
      onState: (next) => {
        address.state = next
        state.set(stateNumbers[next])
        log.warn({ ...labels, state: next }, 'upstream breaker')
      },
      now,
    }),
  }
  return address
}

export type { Incoming, Outgoing }
