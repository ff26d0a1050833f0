//! The one place that every status passes, the library's own among them: counted, timed, logged, and explained.
import {
  status as grpcStatus,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { ErrorCode } from '../../contracts/errors.ts'
import type { NewId } from '../../contracts/ids.ts'
import type { Logger } from '../log.ts'
import { Overloads } from '../overloads.ts'
import { deadlineMsMax, requestIdOf } from './metadata.ts'
import { refusalStatus, requestIdKey, statusDetailsKey } from './status.ts'

export type GrpcLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

export type ObserveDeps = {
  readonly log: GrpcLog
  readonly registry: Registry
  readonly newId: NewId
  readonly deadlineDefaultMs: number
  /** Unary calls that may be open at once, half-sent ones among them; one more is refused as `overloaded`. */
  readonly openMax: number
  /** Every call without a status yet: closing the server ends what would not end by itself. */
  readonly openCalls: Set<OpenCall>
}

export type OpenCall = {
  readonly unary: boolean
  /** Answers UNAVAILABLE, whatever the handler does later. */
  end(): void
}

type Sent = Parameters<ServerInterceptingCallInterface['sendStatus']>[0]

/** What the library says by itself, before or beside the handler, and our word for it. */
const ownWord: { readonly [code in grpcStatus]?: ErrorCode } = {
  [grpcStatus.DEADLINE_EXCEEDED]: 'deadline_exceeded',
  [grpcStatus.RESOURCE_EXHAUSTED]: 'body_too_large',
  // Refusals of ours bring details along: without them it is a timeout or a compression that the library cannot read.
  [grpcStatus.INTERNAL]: 'invalid_argument',
}

/**
 * Watches every call of a server. The innermost call's methods are replaced, where interceptors usually wrap it: that is
 * where the library itself refuses a body that is too large or ends a call at its deadline, which no wrapper sees.
 */
export function observer(deps: ObserveDeps): ServerInterceptor {
  const record = recorder(deps.registry)
  const overloads = new Overloads(deps.log)
  let openUnary = 0
  return (method, call) => {
    const startedAt = performance.now()
    const unary = !method.requestStream && !method.responseStream
    const peer = call.getPeer()
    let requestId: string | undefined
    let finished = false
    const open: OpenCall = {
      unary,
      end: () => call.sendStatus(refusalStatus({ code: 'unavailable' }, { requestId })),
    }

    const finish = (code: grpcStatus, details: string) => {
      if (finished) return
      finished = true
      clearTimeout(deadlineTimer)
      deps.openCalls.delete(open)
      if (unary) openUnary -= 1
      const durationMs = performance.now() - startedAt
      record(method.path, code, durationMs)
      // Too large is said in another code, so this one means that there was no room.
      if (code === grpcStatus.RESOURCE_EXHAUSTED) return overloads.count(method.path)
      const line = { method: method.path, code: grpcStatus[code], details, durationMs, peer, requestId }
      deps.log[levelOf(code)](line, 'gRPC call')
    }

    const sendStatus = call.sendStatus.bind(call)
    call.sendStatus = (sent) => {
      const told = unary ? explained(sent, requestId) : sent
      finish(told.code, told.details)
      sendStatus(told)
    }
    const start = call.start.bind(call)
    call.start = (listener) => {
      start({
        onReceiveMetadata: (metadata) => {
          requestId = requestIdOf(metadata, deps.newId)
          metadata.set(requestIdKey, requestId)
          if (isTooMany) call.sendStatus(refusalStatus({ code: 'overloaded' }, { requestId }))
          else listener.onReceiveMetadata(metadata)
        },
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveHalfClose: () => listener.onReceiveHalfClose(),
        // Told after every call; only before a status was sent does it mean that the caller went away.
        onCancel: () => {
          finish(grpcStatus.CANCELLED, 'The caller went away.')
          listener.onCancel()
        },
      })
    }

    // From the first byte: a caller that never ends its request must not be waited for either.
    const ownDeadlineMs = unary ? ownDeadlineOf(call.getDeadline(), deps.deadlineDefaultMs) : undefined
    const deadlineTimer =
      ownDeadlineMs === undefined ? undefined : setTimeout(() => call.sendStatus(lateStatus), ownDeadlineMs)
    deps.openCalls.add(open)
    if (unary) openUnary += 1
    const isTooMany = unary && openUnary > deps.openMax
    return new ServerInterceptingCall(call)
  }
}

/** How long a call may take whose caller's own deadline does not end it before; undefined where that does. */
function ownDeadlineOf(deadline: Date | number, defaultMs: number): number | undefined {
  if (deadline === Number.POSITIVE_INFINITY) return defaultMs
  return Number(deadline) - Date.now() > deadlineMsMax ? deadlineMsMax : undefined
}

const lateStatus: Sent = { code: grpcStatus.DEADLINE_EXCEEDED, details: 'Deadline exceeded' }

/** Adds the details that a refusal of ours has to one that the library made. */
function explained(sent: Sent, requestId: string | undefined): Sent {
  if (sent.code === grpcStatus.OK || (sent.metadata?.get(statusDetailsKey).length ?? 0) > 0) return sent
  const word = ownWord[sent.code]
  return word === undefined ? sent : refusalStatus({ code: word }, { requestId })
}

function levelOf(code: grpcStatus): 'debug' | 'info' | 'error' {
  if (code === grpcStatus.OK) return 'debug'
  return code === grpcStatus.INTERNAL || code === grpcStatus.UNKNOWN ? 'error' : 'info'
}

/** `method` is `package.Service/Method`; `service` is the process's, which its registry puts on every metric. */
function recorder(registry: Registry): (path: string, code: grpcStatus, durationMs: number) => void {
  const handled = new Counter({
    name: 'grpc_server_handled_total',
    help: 'gRPC calls answered, by status code.',
    labelNames: ['method', 'code'],
    registers: [registry],
  })
  const handling = new Histogram({
    name: 'grpc_server_handling_seconds',
    help: 'Time from the start of a gRPC call to its status.',
    labelNames: ['method'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })
  return (path, code, durationMs) => {
    const method = path.slice(1)
    handled.inc({ method, code: grpcStatus[code] })
    handling.observe({ method }, durationMs / 1000)
  }
}
