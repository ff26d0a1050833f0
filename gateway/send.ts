//! One request to one address of a service, and what is known after it.
import { contentOf, type PassedBody } from './passed-body.ts'

export type Outgoing = {
  readonly method: string
  /** With the query, as it came. */
  readonly target: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array | undefined
  /** Aborted when nobody waits for the answer any more: with a `TimeoutError` where we are to blame for it. */
  readonly signal: AbortSignal
  /** Its sender took longer than they have left the service: whether it answers in that says nothing about it. */
  readonly isLate?: boolean
}

export type Sent =
  | { readonly kind: 'answered'; readonly answer: Incoming }
  /** Nobody listens there: it certainly did not arrive. */
  | { readonly kind: 'not_arrived'; readonly cause: unknown }
  /** It may have arrived, and may have been carried out. */
  | { readonly kind: 'lost'; readonly cause: unknown }
  /** Whoever asked has left, or has left no time. */
  | { readonly kind: 'given_up' }

export type Incoming = { readonly status: number; readonly headers: Headers; readonly body: PassedBody }

// Bun sends a request that a kept connection was closed under once more, by itself, if its method is idempotent by the
// book. A service may have carried it out all the same, so these two get a connection of their own; GET and HEAD change
// nothing, and POST and PATCH Bun does not repeat.
const repeatedByBun = new Set(['PUT', 'DELETE'])

export async function send(url: string, outgoing: Outgoing): Promise<Sent> {
  const { method, target, headers, body, signal } = outgoing
  try {
    const response = await fetch(`${url}${target}`, {
      method,
      headers,
      signal,
      redirect: 'manual',
      decompress: false,
      keepalive: !repeatedByBun.has(method),
      ...(body === undefined ? {} : { body }),
    })
    const { status } = response
    if (!isStatus(status)) {
      await response.body?.cancel()
      return { kind: 'lost', cause: noStatus(status) }
    }
    return {
      kind: 'answered',
      answer: { status, headers: response.headers, body: await contentOf(response) },
    }
  } catch (cause) {
    return failed(cause, outgoing)
  }
}

/** Clients hand on any three digits, and nobody could be answered with them. */
export const isStatus = (status: number): boolean => status >= 200 && status <= 599

export const noStatus = (status: number) => new RangeError(`a service answered with status ${status}`)

export function failed(cause: unknown, { signal, isLate = false }: Outgoing): Sent {
  if (signal.aborted && (isLate || !isTimeout(signal.reason))) return { kind: 'given_up' }
  return isRefused(cause) ? { kind: 'not_arrived', cause } : { kind: 'lost', cause }
}

const isTimeout = (reason: unknown) => reason instanceof DOMException && reason.name === 'TimeoutError'

function isRefused(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ConnectionRefused' || error.code === 'ECONNREFUSED'
}
