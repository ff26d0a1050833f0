//! A question on the wire: what its headers say about the call, and how an answer is written and read.
import { type Msg, type MsgHdrs, MsgHdrsImpl } from '@nats-io/transport-node'
import { type Failure, fail, ok, type Result } from '../../contracts/errors.ts'
import { defaultTenant, type NewId, type TenantId } from '../../contracts/ids.ts'
import { type Clock, plusMs } from '../../contracts/time.ts'
import { type Call, childTraceparent, type IdempotencyKey } from '../call.ts'
import { readJson } from '../json.ts'
import { headerIn, headerText } from '../nats-headers.ts'

/** What a question carries along of the call that it serves. Not its idempotency key: that belongs to another request. */
export type Asking = Omit<Call, 'idempotency'>

const names = {
  /** What is left of the deadline, so that the two clocks need not agree. */
  timeout: 'Kiosk-Timeout-Ms',
  requestId: 'Kiosk-Request-Id',
  tenant: 'Kiosk-Tenant',
  caller: 'Kiosk-Caller',
  idempotencyKey: 'Kiosk-Idempotency-Key',
  traceparent: 'traceparent',
} as const

export function headersOf(call: Asking, timeoutMs: number, idempotencyKey: string | undefined): MsgHdrs {
  const made = new MsgHdrsImpl()
  put(made, names.timeout, String(Math.floor(timeoutMs)))
  put(made, names.requestId, call.requestId)
  put(made, names.tenant, call.tenantId)
  put(made, names.caller, call.caller)
  put(made, names.traceparent, call.traceparent)
  if (idempotencyKey !== undefined) put(made, names.idempotencyKey, idempotencyKey)
  return made
}

// `set` looks at every letter of a name and at every header that is there, for a sixth of what a question costs us.
function put({ headers }: MsgHdrsImpl, name: string, value: string): void {
  if (/[\r\n]/.test(value)) throw new RangeError(`the header ${name} cannot be of two lines`)
  headers.set(name, [value])
}

/** For the log, where there is no call yet. */
export const requestIdOf = (message: Msg): string | undefined =>
  headerIn(headerText(message), names.requestId) || undefined

const visiblePattern = /^[\x21-\x7e]{1,255}$/
const tenantPattern = /^[A-Za-z0-9_.-]{1,64}$/

/**
 * The call that the headers describe. A peer of another make may leave any of them out; none of them is corrected,
 * because the wrong tenant is worse than a refusal.
 */
export function callOf(
  message: Msg,
  { now, newId, timeoutMaxMs }: { now: Clock; newId: NewId; timeoutMaxMs: number },
  keyOf: (caller: string, key: string) => IdempotencyKey,
): Result<Call> {
  const headers = headerText(message)
  const get = (name: string) => headerIn(headers, name) || undefined
  const timeoutMs = Number(get(names.timeout) ?? timeoutMaxMs)
  const tenant = get(names.tenant) ?? defaultTenant
  const key = get(names.idempotencyKey)
  if (!Number.isSafeInteger(timeoutMs)) return wrongHeader(names.timeout)
  if (!tenantPattern.test(tenant)) return wrongHeader(names.tenant)
  if (key !== undefined && !visiblePattern.test(key)) return fail('idempotency_key_invalid')
  const caller = get(names.caller) ?? 'service'
  return ok({
    tenantId: tenant as TenantId,
    caller,
    requestId: get(names.requestId) ?? newId('request'),
    traceparent: childTraceparent(get(names.traceparent)),
    deadlineAt: plusMs(now(), Math.min(timeoutMs, timeoutMaxMs)),
    ...(key !== undefined && { idempotency: keyOf(caller, key) }),
  })
}

const wrongHeader = (name: string): Failure =>
  fail('invalid_argument', { errors: [{ path: name, message: 'not a valid header' }] })

export const writeAnswer = (result: Result<unknown>): string =>
  JSON.stringify(result.ok ? { ok: true, value: result.value } : { ok: false, error: result.error })

/** An answer whose value nobody has checked yet and whose code may be newer than our catalogue. */
export type RawAnswer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly code: string
      readonly details: Readonly<Record<string, unknown>> | undefined
    }

/** Undefined where the bytes are no answer of this protocol. */
export function readAnswer(bytes: Uint8Array): RawAnswer | undefined {
  const body = readJson(bytes)
  if (!isRecord(body)) return undefined
  if (body.ok === true) return { ok: true, value: body.value }
  if (body.ok !== false || !isRecord(body.error) || typeof body.error.code !== 'string') return undefined
  const { code, details } = body.error
  return { ok: false, code, details: isRecord(details) ? details : undefined }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
