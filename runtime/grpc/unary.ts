//! One unary call from its bytes to its answer. Whatever a handler does, its caller gets a status.
import { create, fromBinary, type Message, type MessageShape, toBinary } from '@bufbuild/protobuf'
import { type handleUnaryCall, Metadata, type ServerUnaryCall } from '@grpc/grpc-js'
import { type DomainError, type Failure, fail, ok, type Result } from '../../contracts/errors.ts'
import type { NewId } from '../../contracts/ids.ts'
import { Admission, shareOf } from '../admission.ts'
import type { Authenticate } from '../auth.ts'
import { type Answer, tooLate } from '../call.ts'
import { Refusal } from '../refusal.ts'
import type { InFlight } from './in-flight.ts'
import { type CallSettings, callOf, requestIdOf, textIn } from './metadata.ts'
import type { GrpcLog } from './observe.ts'
import type { BoundMethod } from './service.ts'
import { type DetailMessages, refusalStatus, requestIdKey } from './status.ts'

export type UnaryDeps = CallSettings & {
  readonly log: GrpcLog
  readonly newId: NewId
  readonly authenticate: Authenticate
  readonly inFlight: InFlight
}

/** How long a method may take, waiting included, before fewer calls of it are let in. */
const waitMsLimit = 1000

type Wire = ServerUnaryCall<Buffer, Buffer>

/** The library's handler for a method of ours; it takes and gives bytes, so that a request that cannot be read is a refusal. */
export function unaryHandler(
  deps: UnaryDeps,
  method: BoundMethod,
  messages: DetailMessages,
): handleUnaryCall<Buffer, Buffer> {
  const waitMsMax = Math.min(waitMsLimit, deps.deadlineDefaultMs / 4)
  const admission = new Admission({ most: shareOf(deps.inFlight.max), waitMsMax })
  return (wire, callback) => {
    // Given by observe.ts where the caller sent none, so that every line and answer has the same.
    const requestId = requestIdOf(wire.metadata, deps.newId)
    const refused = (error: unknown): Failure => {
      const failure: Failure = { ok: false, error: refusalBehind(error) }
      const line = { err: error, method: method.path, requestId, code: failure.error.code }
      if (failure.error.code !== 'overloaded')
        deps.log[failure.error.code === 'internal' ? 'error' : 'warn'](line, 'gRPC handler threw')
      return failure
    }
    const reply = (answer: Answer<Buffer>, own?: DetailMessages) => {
      const told = answer.ok ? null : refusalStatus(answer.error, { requestId, messages: own })
      if (answer.replayOf !== undefined) wire.sendMetadata(metadataWith('idempotent-replayed', 'true'))
      if (answer.ok) callback(null, answer.value, metadataWith(requestIdKey, requestId))
      else callback(told)
    }
    // A rejection that nobody catches would keep the caller waiting for ever: the last resort cannot throw.
    serve({ ...deps, admission }, method, wire, requestId)
      .catch(refused)
      .then((answer) => reply(answer, messages))
      .catch((error: unknown) => reply(refused(error)))
  }
}

async function serve(
  deps: UnaryDeps & { readonly admission: Admission },
  method: BoundMethod,
  wire: Wire,
  requestId: string,
): Promise<Answer<Buffer>> {
  const { inFlight, admission } = deps
  if (inFlight.full || !admission.isOpen) {
    admission.turnAway()
    return fail('overloaded')
  }
  const identity = await deps.authenticate(textIn(wire.metadata, 'authorization'), method.guard)
  if (!identity.ok) return identity
  const request = decode(method, wire.request)
  if (!request.ok) return request
  const call = callOf(
    {
      path: method.path,
      metadata: wire.metadata,
      requestId,
      peer: wire.getPeer(),
      deadline: wire.getDeadline(),
      identity: identity.value,
      // Written anew: two libraries may send one request in different bytes.
      bytes: () => toBinary(method.desc.input, request.value),
    },
    deps,
  )
  if (!call.ok) return call
  if (call.value.deadlineAt <= deps.now()) return tooLate()
  const answer = await inFlight.run(() => admitted(admission, () => method.handle(call.value, request.value)))
  return answer.ok ? { ...answer, value: encode(method, answer.value) } : answer
}

async function admitted<T>(admission: Admission, work: () => Promise<T>): Promise<T> {
  const enteredAt = performance.now()
  admission.enter(enteredAt)
  try {
    return await work()
  } finally {
    admission.leave(enteredAt, performance.now())
  }
}

function decode(method: BoundMethod, bytes: Uint8Array): Result<MessageShape<BoundMethod['desc']['input']>> {
  try {
    return ok(fromBinary(method.desc.input, bytes))
  } catch {
    // The caller's bytes are all that can fail here, and the reader's words for it would repeat them.
    return fail('invalid_argument', {
      errors: [{ path: '', message: `not a ${method.desc.input.typeName}` }],
    })
  }
}

function encode(method: BoundMethod, value: Message | Record<string, unknown>): Buffer {
  const bytes = toBinary(method.desc.output, create(method.desc.output, value))
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A part of ours that says it cannot work now is told as it says; any other throw is a bug, told without a word of it. */
function refusalBehind(error: unknown): DomainError {
  return error instanceof Refusal ? error.error : { code: 'internal' }
}

function metadataWith(key: string, value: string): Metadata {
  const metadata = new Metadata()
  metadata.set(key, value)
  return metadata
}
