//! Answers the questions of other services. All processes of a service share its questions.
import { createHmac } from 'node:crypto'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { Histogram, type Registry } from 'prom-client'
import { fail, type Result } from '../../contracts/errors.ts'
import type { NewId } from '../../contracts/ids.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../../contracts/rpc/define.ts'
import type { Clock } from '../../contracts/time.ts'
import { Admission, shareOf } from '../admission.ts'
import { type Call, remainingMs, tooLate } from '../call.ts'
import { readJson } from '../json.ts'
import { isInbox, type Nats } from '../nats.ts'
import { Overloads } from '../overloads.ts'
import { Refusal } from '../refusal.ts'
import { shapeOf } from './shape.ts'
import { callOf, requestIdOf, writeAnswer } from './wire.ts'

export type RpcHandler = {
  readonly method: RpcMethod
  readonly run: (call: Call, request: unknown) => Promise<Result<unknown>>
}

/** Ties a method to what answers it. */
export function handle<M extends RpcMethod>(
  method: M,
  run: (call: Call, request: RequestOf<M>) => Promise<Result<ReplyOf<M>>>,
): RpcHandler {
  // The server has checked the request by the schema that the type is taken from.
  return { method, run: (call, request) => run(call, request as RequestOf<M>) }
}

export type RpcServerOptions = {
  nats: Nats
  service: string
  handlers: readonly RpcHandler[]
  log: Logger
  registry: Registry
  now: Clock
  newId: NewId
  /** More than this many at once are refused with `overloaded`. */
  inFlightMax: number
  /** Keys the fingerprints of requests that come with an idempotency key. */
  idempotencySecret: string
}

export type RpcServer = {
  /** Takes no more questions and answers those that it has. To be called while NATS is still connected. */
  close(): Promise<void>
}

const unsubscribeTimeoutMs = 1_000

/** Returns at once; questions come as soon as NATS is there, and again after each of its outages. */
export function serveRpc(options: RpcServerOptions): RpcServer {
  const { nats, service, handlers, log, registry, now, newId, inFlightMax, idempotencySecret } = options
  const seconds = new Histogram({
    name: 'rpc_server_seconds',
    help: 'How long the answer to a question took.',
    labelNames: ['method', 'outcome'],
    registers: [registry],
  })
  for (const { method } of handlers) {
    if (method.service !== service) throw new TypeError(`${method.subject} is not a question to ${service}`)
  }
  const running = new Set<Promise<void>>()
  const overloads = new Overloads(log)
  const subscriptions: Subscription[] = []
  let closing = false

  nats.whenConnected().then(subscribeAll, (error: unknown) => {
    if (!closing) log.warn({ err: error }, 'questions were never served')
  })

  function subscribeAll(connection: NatsConnection): void {
    if (closing) return
    for (const handler of handlers) subscriptions.push(subscribe(connection, handler))
  }

  // One subscription a method: in a group of mixed versions only those that know a method are asked for it.
  function subscribe(connection: NatsConnection, { method, run }: RpcHandler): Subscription {
    const errorsOf = shapeOf(method.request)
    // Who waits longer than half of the time that there is asks again, and the same work would be done twice.
    const admission = new Admission({ most: shareOf(inFlightMax), waitMsMax: method.timeoutMs / 2 })
    return connection.subscribe(method.subject, {
      queue: service,
      callback: (error, message) => {
        // The server's word that we may not listen; it ends the subscription.
        if (error !== null) return log.error({ err: error, subject: method.subject }, 'method is not served')
        const answering: Promise<void> = serve(message).finally(() => running.delete(answering))
        running.add(answering)
      },
    })

    async function serve(message: Msg): Promise<void> {
      const startedAt = performance.now()
      const isFull = running.size >= inFlightMax || !admission.isOpen
      const result = isFull ? turnAway(message) : await letIn(message, startedAt)
      const outcome = reply(message, result)
      seconds.observe({ method: method.method, outcome }, (performance.now() - startedAt) / 1000)
    }

    function turnAway({ subject }: Msg): Result<never> {
      admission.turnAway()
      overloads.count(subject)
      return fail('overloaded')
    }

    async function letIn(message: Msg, enteredAt: number): Promise<Result<unknown>> {
      admission.enter(enteredAt)
      const result = await answer(message).catch((error: unknown) => refusalFor(error, message))
      admission.leave(enteredAt, performance.now())
      return result
    }

    async function answer(message: Msg): Promise<Result<unknown>> {
      const call = callOf(message, { now, newId, timeoutMaxMs: method.timeoutMs }, (caller, key) => ({
        key,
        scope: `${caller} ${method.subject}`,
        fingerprint: createHmac('sha256', idempotencySecret).update(message.data).digest('hex'),
      }))
      if (!call.ok) return call
      if (remainingMs(call.value, now) === 0) return tooLate()
      const request = readJson(message.data)
      if (request === undefined) return fail('malformed_body')
      const errors = errorsOf(request)
      if (errors.length > 0) return fail('invalid_argument', { errors })
      return await run(call.value, request)
    }
  }

  function refusalFor(error: unknown, message: Msg): Result<never> {
    const { subject } = message
    const requestId = requestIdOf(message)
    if (error instanceof Refusal) {
      if (error.error.code === 'overloaded') overloads.count(subject)
      else log.warn({ err: error, subject, requestId }, 'rpc handler refused')
      return { ok: false, error: error.error }
    }
    log.error({ err: error, subject, requestId }, 'rpc handler failed')
    return fail('internal')
  }

  /** Sends the answer, and says what was sent: one that cannot be sent is a bug, and the caller should not wait for it. */
  function reply(message: Msg, result: Result<unknown>): string {
    // Elsewhere it would be said in our name: a fact, or a word to JetStream, that whoever asks may not say.
    if (!isInbox(message.reply)) return 'unanswerable'
    try {
      message.respond(writeAnswer(result))
      return result.ok ? 'ok' : result.error.code
    } catch (error) {
      log.error({ err: error, subject: message.subject }, 'an answer cannot be sent')
      message.respond(writeAnswer(fail('internal')))
      return 'internal'
    }
  }

  async function unsubscribe(subscription: Subscription): Promise<void> {
    if (subscription.isClosed()) return
    if (!nats.isConnected()) return subscription.unsubscribe()
    // Resolves when the server has heard it and what it sent before has come in.
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, unsubscribeTimeoutMs)
    await Promise.race([subscription.drain(), timeout.promise]).finally(() => clearTimeout(timer))
  }

  return {
    close: async () => {
      closing = true
      await Promise.all(subscriptions.map(unsubscribe))
      await Promise.all(running)
    },
  }
}
