//! One try of a question, and what is known after it: answered, certainly not arrived, or nobody knows.
import {
  ClosedConnectionError,
  DrainingConnectionError,
  InvalidArgumentError,
  type MsgHdrs,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node'
import type { Nats } from '../nats.ts'

export type Attempt =
  | { readonly kind: 'answered'; readonly reply: Uint8Array }
  /** Nobody has seen the question: asking again does no harm, whatever it asks for. */
  | { readonly kind: 'not_arrived' }
  /** It may have arrived, and may have been carried out. */
  | { readonly kind: 'silent'; readonly cause: Error | undefined }
  /** Larger than the server takes: asking again is of no use. */
  | { readonly kind: 'too_large' }

export type Try = {
  readonly subject: string
  readonly payload: Uint8Array
  readonly headers: MsgHdrs
  readonly timeoutMs: number
}

export async function attempt(nats: Nats, { subject, payload, headers, timeoutMs }: Try): Promise<Attempt> {
  // Without a connection the client would keep the question and send it later, when nobody waits for it any more.
  const connection = nats.current()
  if (connection === undefined) return { kind: 'not_arrived' }
  try {
    const { data } = await connection.request(subject, payload, { headers, timeout: timeoutMs })
    return { kind: 'answered', reply: data }
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): Attempt {
  if (error instanceof TimeoutError) return { kind: 'silent', cause: undefined }
  if (error instanceof RequestError) {
    return error.isNoResponders() ? { kind: 'not_arrived' } : { kind: 'silent', cause: error }
  }
  if (error instanceof ClosedConnectionError || error instanceof DrainingConnectionError)
    return { kind: 'not_arrived' }
  if (error instanceof InvalidArgumentError) return { kind: 'too_large' }
  throw error
}
