//! One try of a question, and what is known after it: answered, certainly not arrived, or nobody knows.
import {
  ClosedConnectionError,
  DrainingConnectionError,
  InvalidArgumentError,
  type MsgHdrs,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node'
import { type ErrorCode, type Failure, fail } from '../../contracts/errors.ts'
import type { Nats } from '../nats.ts'

export type Attempt =
  | { readonly kind: 'answered'; readonly reply: Uint8Array }
  /** Nobody has seen the question: asking again does no harm, whatever it asks for. */
  | { readonly kind: 'not_arrived' }
  /** It may have arrived, and may have been carried out. */
  | { readonly kind: 'silent'; readonly cause: Error | undefined }
  /** NATS does not take it from us: asking again is of no use. */
  | { readonly kind: 'unsendable'; readonly refusal: Failure; readonly cause: Error }

export type Try = {
  readonly subject: string
  readonly payload: Uint8Array
  readonly headers: MsgHdrs
  readonly timeoutMs: number
}

export async function attempt(
  nats: Pick<Nats, 'current' | 'onDisconnect'>,
  { subject, payload, headers, timeoutMs }: Try,
): Promise<Attempt> {
  // Without a connection the client would keep the question and send it later, when nobody waits for it any more.
  const connection = nats.current()
  if (connection === undefined) return { kind: 'not_arrived' }
  // An answer does not outlive the connection that it was to come by, and the client would wait for it to the last.
  const away = Promise.withResolvers<never>()
  const stopListening = nats.onDisconnect(() => away.reject(new WentAway('NATS went away')))
  try {
    const asked = connection.request(subject, payload, { headers, timeout: timeoutMs })
    const { data } = await Promise.race([asked, away.promise])
    return { kind: 'answered', reply: data }
  } catch (error) {
    return failed(error)
  } finally {
    stopListening()
  }
}

class WentAway extends Error {}

function failed(error: unknown): Attempt {
  if (error instanceof TimeoutError) return { kind: 'silent', cause: undefined }
  if (error instanceof WentAway) return { kind: 'silent', cause: error }
  if (error instanceof RequestError) {
    if (error.isNoResponders()) return { kind: 'not_arrived' }
    if (error.cause instanceof PermissionViolationError) return unsendable('unavailable', error)
    return { kind: 'silent', cause: error }
  }
  if (error instanceof ClosedConnectionError || error instanceof DrainingConnectionError)
    return { kind: 'not_arrived' }
  if (error instanceof InvalidArgumentError) return unsendable('body_too_large', error)
  throw error
}

const unsendable = (code: ErrorCode, cause: Error): Attempt => ({
  kind: 'unsendable',
  refusal: fail(code),
  cause,
})
