//! How a service describes what it may be asked: one value per method, from which the subject and both types follow.
import type { Static, TSchema } from '@sinclair/typebox'

export type RpcMethod<Request extends TSchema = TSchema, Reply extends TSchema = TSchema> = {
  readonly service: string
  readonly method: string
  /** Where the question is sent. */
  readonly subject: `rpc.${string}.v1.${string}`
  readonly request: Request
  readonly reply: Reply
  /** True where a second arrival of the same request does no harm; only then is a question that may have arrived asked again. */
  readonly idempotent: boolean
  /** The longest that a caller waits. An idempotent question gets half of it for its first try. */
  readonly timeoutMs: number
}

export type RequestOf<M extends RpcMethod> = Static<M['request']>
export type ReplyOf<M extends RpcMethod> = Static<M['reply']>

const servicePattern = /^[a-z][a-z0-9_]*$/
const methodPattern = /^[A-Z][A-Za-z0-9]*$/

/**
 * Describes one method. Both schemas are open: a peer may be newer and send fields that we do not know, so a schema
 * that refuses them is a mistake of ours and throws.
 */
export function defineRpc<Request extends TSchema, Reply extends TSchema>(
  description: Omit<RpcMethod<Request, Reply>, 'subject'>,
): RpcMethod<Request, Reply> {
  const { service, method, request, reply, timeoutMs } = description
  if (!servicePattern.test(service)) throw new RangeError(`not a service's name: ${service}`)
  if (!methodPattern.test(method)) throw new RangeError(`not a method's name: ${method}`)
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1) throw new RangeError(`not a timeout: ${timeoutMs}`)
  if (refusesUnknown(request) || refusesUnknown(reply)) {
    throw new TypeError(`${service}.${method} has a schema that refuses fields of a newer peer`)
  }
  return { ...description, subject: `rpc.${service}.v1.${method}` }
}

/** Looks through the whole schema: closed objects also hide in arrays, unions and optional fields. */
function refusesUnknown(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  if ('additionalProperties' in schema && schema.additionalProperties === false) return true
  return Object.values(schema).some(refusesUnknown)
}
