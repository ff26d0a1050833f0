//! All tries of one question: again where that is harmless, never past the deadline.
import type { Logger } from 'pino'
import { type Failure, fail } from '../../contracts/errors.ts'
import type { RpcMethod } from '../../contracts/rpc/define.ts'
import type { Clock, Instant } from '../../contracts/time.ts'
import { remainingMs } from '../call.ts'
import { backoffMs } from '../messages/retry.ts'
import type { Nats } from '../nats.ts'
import { attempt } from './attempt.ts'
import { type Asking, headersOf } from './wire.ts'

export type Question = {
  readonly method: RpcMethod
  readonly call: Asking
  readonly payload: Uint8Array
  readonly deadlineAt: Instant
  readonly idempotencyKey: string | undefined
}

/** What all tries together came to. */
export type Outcome =
  | { readonly kind: 'answered'; readonly reply: Uint8Array }
  /** It was not sent, and no service is to blame. */
  | { readonly kind: 'unsendable'; readonly refusal: Failure }
  /** Nobody answered. */
  | { readonly kind: 'lost'; readonly refusal: Failure }

/** Shorter than this is no try. */
export const tryMinMs = 5
// Half of less than this is too short for most answers: it all goes into one try.
const splitMinMs = 50
const silentTriesMax = 3
const backoff = { firstMs: 5, maxMs: 100 }

export type ExchangeParts = {
  readonly nats: Pick<Nats, 'current' | 'onDisconnect'>
  readonly log: Logger
  readonly now: Clock
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly random?: () => number
}

export async function exchange(
  { nats, log, now, sleep = Bun.sleep, random = Math.random }: ExchangeParts,
  question: Question,
): Promise<Outcome> {
  const { method, call, payload, deadlineAt, idempotencyKey } = question
  const { subject, idempotent } = method
  let silentTries = 0
  for (let tries = 1; ; tries += 1) {
    const leftMs = remainingMs({ deadlineAt }, now)
    if (leftMs < tryMinMs) return lost(silentTries)
    const timeoutMs = idempotent ? shareOf(leftMs, silentTries) : leftMs
    const headers = headersOf(call, timeoutMs, idempotencyKey)
    const tried = await attempt(nats, { subject, payload, headers, timeoutMs })
    switch (tried.kind) {
      case 'answered':
        return tried
      case 'unsendable':
        log.error({ err: tried.cause, subject, requestId: call.requestId }, 'NATS does not take a question')
        return tried
      case 'silent':
        silentTries += 1
        if (tried.cause !== undefined)
          log.warn({ err: tried.cause, subject, requestId: call.requestId }, 'question lost')
        if (!idempotent) return lost(silentTries)
        break
      case 'not_arrived':
        break
    }
    await sleep(Math.min(backoffMs(tries, backoff, random), remainingMs({ deadlineAt }, now)))
  }
}

/** A half, a quarter, and the last quarter of the time: a try that gets no answer leaves time for another. */
function shareOf(leftMs: number, silentTries: number): number {
  if (leftMs < splitMinMs || silentTries + 1 >= silentTriesMax) return leftMs
  return Math.ceil(leftMs / 2)
}

/** Once a try may have arrived nobody knows whether it was carried out, whatever became of the later ones. */
function lost(silentTries: number): Outcome {
  return { kind: 'lost', refusal: fail(silentTries > 0 ? 'deadline_exceeded' : 'unavailable') }
}
