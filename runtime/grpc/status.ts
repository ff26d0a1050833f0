//! How a refusal is said in gRPC: a code, a sentence, and google.rpc details that a program can read.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Any, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt'
import { Metadata, status } from '@grpc/grpc-js'
import { type DomainError, type ErrorCode, type ErrorKind, errorEntry } from '../../contracts/errors.ts'
import {
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '../../contracts/gen/google/rpc/error_details_pb.ts'
import { type Status, StatusSchema } from '../../contracts/gen/google/rpc/status_pb.ts'

/** `ErrorInfo.domain` of every refusal of ours; its `reason` is a code of contracts/errors.ts. */
export const errorDomain = 'kiosk'

/** Kinds are the gRPC names, so this is the whole translation. */
const codeByKind = {
  invalid_argument: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  permission_denied: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  failed_precondition: status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  out_of_range: status.OUT_OF_RANGE,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  unavailable: status.UNAVAILABLE,
  internal: status.INTERNAL,
} as const satisfies Record<ErrorKind, status>

export function grpcCodeOf(code: ErrorCode): status {
  return codeByKind[errorEntry(code).kind]
}

/** A message of the service's own proto that says more about a code, made from the refusal's details. */
export type DetailMessages = {
  readonly [C in ErrorCode]?: (details: Readonly<Record<string, unknown>>) => Any
}

export type RefusalStatus = {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

/** Where google.rpc.Status travels, for every gRPC library that knows of it. */
export const statusDetailsKey = 'grpc-status-details-bin'
/** Every answer's trailers have it, so that a caller can name the request that it asks us about. */
export const requestIdKey = 'x-request-id'

/** The status of a refusal. Its sentence comes from the catalogue, so nothing of the caller's is echoed in it. */
export function refusalStatus(
  error: DomainError,
  options: { readonly requestId?: string | undefined; readonly messages?: DetailMessages | undefined } = {},
): RefusalStatus {
  const code = grpcCodeOf(error.code)
  const { message } = errorEntry(error.code)
  const metadata = new Metadata()
  if (options.requestId !== undefined) metadata.set(requestIdKey, options.requestId)
  const details = detailsOf(error, options.messages)
  metadata.set(
    statusDetailsKey,
    Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, message, details }))),
  )
  return { code, details: message, metadata }
}

function detailsOf(error: DomainError, messages: DetailMessages | undefined): Any[] {
  const info = create(ErrorInfoSchema, {
    reason: error.code,
    domain: errorDomain,
    metadata: scalarsOf(error.details),
  })
  const details = [anyPack(ErrorInfoSchema, info)]
  const fieldViolations = violationsOf(error.details)
  if (fieldViolations.length > 0) {
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })))
  }
  if (error.code === 'overloaded')
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })))
  const own = messages?.[error.code]
  if (own) details.push(own(error.details ?? {}))
  return details
}

/** When to come back: what Retry-After says over HTTP. */
const retryDelay = { seconds: 1n }

/** What ErrorInfo can carry of the details: its metadata is text by name. */
function scalarsOf(details: DomainError['details']): Record<string, string> {
  const scalars: Record<string, string> = {}
  for (const [name, value] of Object.entries(details ?? {})) {
    if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) scalars[name] = String(value)
  }
  return scalars
}

// Details are a header, and some clients refuse more than 8 KiB of headers; base64 takes a third of that.
const violationBytesMax = 4096

/** `errors: [{ path, message }]`, as every transport's refusal of a shape has it; as many as a header may hold. */
function violationsOf(details: DomainError['details']): { field: string; description: string }[] {
  const errors: readonly unknown[] = Array.isArray(details?.errors) ? details.errors : []
  const violations: { field: string; description: string }[] = []
  let bytes = 0
  for (const error of errors) {
    if (!isPathError(error)) continue
    bytes += Buffer.byteLength(error.path) + Buffer.byteLength(error.message)
    if (bytes > violationBytesMax) break
    violations.push({ field: error.path, description: error.message })
  }
  return violations
}

function isPathError(error: unknown): error is { path: string; message: string } {
  if (typeof error !== 'object' || error === null) return false
  return (
    'path' in error &&
    typeof error.path === 'string' &&
    'message' in error &&
    typeof error.message === 'string'
  )
}

/** What a server said beyond code and sentence; undefined where it said nothing that we can read. */
export function statusDetailsIn(
  metadata: Metadata,
): { status: Status; info: ErrorInfo | undefined } | undefined {
  const [bytes] = metadata.get(statusDetailsKey)
  if (!(bytes instanceof Uint8Array)) return undefined
  const said = readStatus(bytes)
  if (!said) return undefined
  for (const detail of said.details) {
    const info = anyUnpack(detail, ErrorInfoSchema)
    if (info) return { status: said, info }
  }
  return { status: said, info: undefined }
}

function readStatus(bytes: Uint8Array): Status | undefined {
  try {
    return fromBinary(StatusSchema, bytes)
  } catch {
    // Somebody else's server may put anything there; its code and sentence stand without it.
    return undefined
  }
}
