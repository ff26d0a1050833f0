//! What every operation is told about the request that it serves, whatever transport it came by.
import { fail, type Result } from '../contracts/errors.ts'
import type { TenantId, UserId } from '../contracts/ids.ts'
import type { Clock, Instant } from '../contracts/time.ts'

/** A repeat of a request is known by its key, within its scope; `fingerprint` tells a repeat from a different request. */
export type IdempotencyKey = {
  readonly key: string
  /** Caller and route: the same key of another caller or on another route is another key. */
  readonly scope: string
  /** HMAC-SHA-256 of the request's body, hex. */
  readonly fingerprint: string
}

export type Call = {
  readonly tenantId: TenantId
  /** Who asks: `service`, `user:<id>`, or `address:<ip>` where nobody is known. */
  readonly caller: string
  readonly requestId: string
  /** W3C Trace Context; goes along into questions and facts. */
  readonly traceparent: string
  /** Nobody waits for an answer after this. */
  readonly deadlineAt: Instant
  readonly idempotency?: IdempotencyKey
}

/** The account that asks; undefined where a service, or somebody whose network is trusted, speaks for whom they name. */
export function accountOf({ caller }: Pick<Call, 'caller'>): UserId | undefined {
  const id = /^user:([0-9]+)$/.exec(caller)?.[1]
  return id === undefined ? undefined : (BigInt(id) as UserId)
}

/** A result that may be the stored answer of an earlier, identical request. */
export type Answer<T> = Result<T> & {
  /** The request that was answered first; present on a replay only. */
  readonly replayOf?: string
}

/** Says the value of an answer in other words and keeps what else it carries. */
export function mapAnswer<T, R>(answer: Answer<T>, say: (value: T) => R): Answer<R> {
  return answer.ok ? { ...answer, value: say(answer.value) } : answer
}

// https://www.w3.org/TR/trace-context/#traceparent-header
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

// Filled anew for each hop: a buffer of its own costs ten times what the random bytes do.
const random = new Uint8Array(24)

export const isTraceparent = (text: string): boolean => traceparentPattern.test(text)

/** Continues the caller's trace with a span of our own, or starts a trace where there is none or it is malformed. */
export function childTraceparent(parent: string | null | undefined): string {
  const hex = crypto.getRandomValues(random).toHex()
  const spanId = hex.slice(32)
  if (parent && isTraceparent(parent)) return `${parent.slice(0, 36)}${spanId}${parent.slice(52)}`
  return `00-${hex.slice(0, 32)}-${spanId}-01`
}

/** What all spans of a trace have in common: log lines of all services are joined by it. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}

/** How long the call may still take, never below zero. */
export function remainingMs(call: Pick<Call, 'deadlineAt'>, now: Clock): number {
  return Math.max(0, call.deadlineAt - now())
}

/** A refusal for a call that nobody waits for any more. */
export const tooLate = () => fail('deadline_exceeded')
