//! Asks other services, and reads what they answer.
import type { Logger } from 'pino'
import { Gauge, Histogram, type Registry } from 'prom-client'
import { fail, isErrorCode, ok, type Result } from '../../contracts/errors.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../../contracts/rpc/define.ts'
import { type Clock, plusMs } from '../../contracts/time.ts'
import { remainingMs, tooLate } from '../call.ts'
import type { Nats } from '../nats.ts'
import { type Breaker, type BreakerState, breakerOf } from './breaker.ts'
import { exchange, type Outcome, tryMinMs } from './exchange.ts'
import { shapeOf } from './shape.ts'
import { type Asking, readAnswer } from './wire.ts'

export type RpcClient = {
  /**
   * Asks, and never throws for what goes wrong on the way or on the other side. `unavailable` where nobody answered
   * means that the question did not arrive; after `deadline_exceeded` and `internal` nobody knows what was done.
   *
   * An idempotency key belongs to this one question; the key of the call that is being served never goes along.
   */
  ask<M extends RpcMethod>(
    method: M,
    call: Asking,
    request: RequestOf<M>,
    options?: { idempotencyKey?: string },
  ): Promise<Result<ReplyOf<M>>>
}

export type RpcClientOptions = { nats: Nats; log: Logger; registry: Registry; now: Clock }

// Left for the caller to say that the answer came too late.
const answerMarginMs = 10
const failuresMax = 5
const openMs = 1_000
const stateNumbers = { closed: 0, half_open: 1, open: 2 } as const satisfies Record<BreakerState, number>

/** One for a process: what it learns about a service that is away holds for all its callers. */
export function rpcClient({ nats, log, registry, now }: RpcClientOptions): RpcClient {
  // `peer`, because `service` is who we are: every metric of the process carries that.
  const seconds = new Histogram({
    name: 'rpc_client_seconds',
    help: 'How long a question to another service took, all its tries together.',
    labelNames: ['peer', 'method', 'outcome'],
    registers: [registry],
  })
  const breakerState = new Gauge({
    name: 'rpc_client_breaker_state',
    help: '0: the service is asked. 1: one question finds out whether it answers again. 2: it is not asked.',
    labelNames: ['peer'],
    registers: [registry],
  })
  const breakerFor = memo((peer: string): Breaker<Outcome> => {
    breakerState.set({ peer }, stateNumbers.closed)
    return breakerOf({
      failuresMax,
      openMs,
      isFailure: (outcome) => outcome.kind === 'lost',
      onState: (state) => {
        breakerState.set({ peer }, stateNumbers[state])
        log.warn({ peer, state }, 'rpc breaker')
      },
      now,
    })
  })
  const replyShapeFor = memo((method: RpcMethod) => shapeOf(method.reply))

  async function ask(
    method: RpcMethod,
    call: Asking,
    request: unknown,
    idempotencyKey: string | undefined,
  ): Promise<Result<unknown>> {
    const waitMs = Math.min(method.timeoutMs, remainingMs(call, now) - answerMarginMs)
    if (waitMs < tryMinMs) return tooLate()
    const payload = Buffer.from(JSON.stringify(request))
    const question = { method, call, payload, deadlineAt: plusMs(now(), waitMs), idempotencyKey }
    const outcome = await breakerFor(method.service).run(() => exchange({ nats, log, now }, question))
    if (outcome === undefined) return fail('unavailable')
    return outcome.kind === 'answered' ? read(method, call.requestId, outcome.reply) : outcome.refusal
  }

  function read(method: RpcMethod, requestId: string, reply: Uint8Array): Result<unknown> {
    const { subject } = method
    const answer = readAnswer(reply)
    if (answer === undefined) {
      log.error({ subject, requestId }, 'a reply is not of our protocol')
      return fail('internal')
    }
    if (!answer.ok) {
      if (isErrorCode(answer.code)) return fail(answer.code, answer.details)
      log.warn({ subject, requestId, code: answer.code }, 'a refusal has a code that we do not know')
      return fail('unavailable', { peer_code: answer.code })
    }
    const errors = replyShapeFor(method)(answer.value)
    if (errors.length === 0) return ok(answer.value)
    log.error({ subject, requestId, errors }, 'a reply is not of the shape that was promised')
    return fail('internal')
  }

  return {
    ask: async (method, call, request, options) => {
      const startedAt = performance.now()
      const result = await ask(method, call, request, options?.idempotencyKey)
      const outcome = result.ok ? 'ok' : result.error.code
      const { service: peer, method: name } = method
      seconds.observe({ peer, method: name, outcome }, (performance.now() - startedAt) / 1000)
      // `read` has checked the value by the schema that the type is taken from.
      return result as Result<ReplyOf<typeof method>>
    },
  }
}

function memo<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}
