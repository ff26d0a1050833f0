//! What the operator does by settings and commands, where nobody is signed in yet.
import { defaultTenant, type NewId } from '../contracts/ids.ts'
import { type Clock, plusMs } from '../contracts/time.ts'
import { type Call, childTraceparent } from '../runtime/call.ts'

const patienceMs = 60_000

export function operatorCall(now: Clock, newId: NewId): Call {
  return {
    tenantId: defaultTenant,
    caller: 'operator',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(now(), patienceMs),
  }
}
