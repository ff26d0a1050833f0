//! What a gRPC request says about itself, read into the `Call` that every operation is told.
import { createHmac } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'
import { fail, ok, type Result } from '../../contracts/errors.ts'
import { defaultTenant, type NewId, type TenantId } from '../../contracts/ids.ts'
import { type Clock, plusMs } from '../../contracts/time.ts'
import type { Identity } from '../auth.ts'
import { type Call, childTraceparent, type IdempotencyKey } from '../call.ts'
import { requestIdKey } from './status.ts'

// Printable, no spaces: what goes into logs, headers and keys as it stands.
const visible = /^[\x21-\x7e]+$/
const tenantPattern = /^[A-Za-z0-9_.-]{1,64}$/
const requestIdLengthMax = 128
const idempotencyKeyLengthMax = 255
/** Nobody may keep a place for longer, whatever deadline they set. */
export const deadlineMsMax = 60_000

/** The caller's own id of the request, so that one purchase has one id in every log; ours where it sent none. */
export function requestIdOf(metadata: Metadata, newId: NewId): string {
  const sent = textIn(metadata, requestIdKey)
  return sent !== undefined && sent.length <= requestIdLengthMax && visible.test(sent)
    ? sent
    : newId('request')
}

export type Incoming = {
  /** `/package.Service/Method`. */
  readonly path: string
  readonly metadata: Metadata
  readonly requestId: string
  /** `<ip>:<port>`, as the library says it. */
  readonly peer: string
  /** Milliseconds since 1970 by the wall clock, as the library counts; Infinity where the caller set no deadline. */
  readonly deadline: Date | number
  readonly identity: Identity
  /** The request as bytes, for the fingerprint; made only when there is a key. */
  readonly bytes: () => Uint8Array
}

export type CallSettings = {
  readonly now: Clock
  readonly deadlineDefaultMs: number
  /** Keys the fingerprints of requests, so that a stored one does not give a small request away. */
  readonly idempotencySecret: string
}

/** Everything an operation is told about the request, or what is wrong with the metadata. */
export function callOf(incoming: Incoming, settings: CallSettings): Result<Call> {
  const { metadata, identity } = incoming
  const tenantId = tenantOf(metadata, identity.isService)
  if (!tenantId.ok) return tenantId
  const caller = identity.caller ?? `address:${addressOf(incoming.peer)}`
  const idempotency = idempotencyOf(incoming, caller, settings.idempotencySecret)
  if (!idempotency.ok) return idempotency
  const call: Call = {
    tenantId: tenantId.value,
    caller,
    requestId: incoming.requestId,
    traceparent: childTraceparent(textIn(metadata, 'traceparent')),
    deadlineAt: plusMs(settings.now(), remainingOf(incoming.deadline, settings.deadlineDefaultMs)),
  }
  return ok(idempotency.value === undefined ? call : { ...call, idempotency: idempotency.value })
}

/** Only a service may speak for a tenant; anybody else's word for it is not even looked at. */
function tenantOf(metadata: Metadata, isService: boolean): Result<TenantId> {
  const sent = isService ? textIn(metadata, 'x-tenant-id') : undefined
  if (sent === undefined) return ok(defaultTenant)
  if (tenantPattern.test(sent)) return ok(sent as TenantId)
  return fail('invalid_argument', { errors: [{ path: 'x-tenant-id', message: 'not a tenant id' }] })
}

function idempotencyOf(
  incoming: Incoming,
  caller: string,
  secret: string,
): Result<IdempotencyKey | undefined> {
  const keys = incoming.metadata.get('idempotency-key')
  if (keys.length === 0) return ok(undefined)
  const [key] = keys
  if (keys.length > 1 || typeof key !== 'string') return fail('idempotency_key_invalid')
  if (key.length > idempotencyKeyLengthMax || !visible.test(key)) return fail('idempotency_key_invalid')
  const fingerprint = createHmac('sha256', secret).update(incoming.bytes()).digest('hex')
  return ok({ key, scope: `${caller} ${incoming.path}`, fingerprint })
}

/** The library's deadline is on the wall clock and ours need not be: only what is left of it passes from one to the other. */
function remainingOf(deadline: Date | number, defaultMs: number): number {
  const at = Number(deadline)
  return Number.isFinite(at) ? Math.min(deadlineMsMax, Math.max(0, Math.round(at - Date.now()))) : defaultMs
}

/** The address of a peer without its port; an IPv4 caller of a socket that speaks both is still an IPv4 caller. */
function addressOf(peer: string): string {
  const colonAt = peer.lastIndexOf(':')
  const address = colonAt < 0 ? peer : peer.slice(0, colonAt)
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** The first value of a metadata key that is text. */
export function textIn(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key)
  return typeof value === 'string' ? value : undefined
}
