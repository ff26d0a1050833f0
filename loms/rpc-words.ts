//! What a refusal says on the RPC and gRPC surfaces: a status is called there as document A calls it.
import { isOrderStatus, rpcStatus } from '../contracts/order-status.ts'
import type { Answer } from '../runtime/call.ts'

/** `reason` is left as it is where it is no status, as `expired`. */
export function inRpcWords<T>(answer: Answer<T>): Answer<T> {
  if (answer.ok) return answer
  const reason = answer.error.details?.reason
  if (!isOrderStatus(reason)) return answer
  return {
    ...answer,
    error: { ...answer.error, details: { ...answer.error.details, reason: rpcStatus(reason) } },
  }
}
