//! A gRPC port of a service process: its own services, health and reflection, from the bind to the last answer.
import { lookup } from 'node:dns/promises'
import { type MethodDefinition, Server, ServerCredentials, setLogger } from '@grpc/grpc-js'
import type { Registry } from 'prom-client'
import type { NewId } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import type { Authenticate } from './auth.ts'
import { type Health, healthOf, type Ready } from './grpc/health.ts'
import { InFlight } from './grpc/in-flight.ts'
import { type GrpcLog, type OpenCall, observer } from './grpc/observe.ts'
import { reflectionOf } from './grpc/reflection.ts'
import type { GrpcService } from './grpc/service.ts'
import { type UnaryDeps, unaryHandler } from './grpc/unary.ts'

export { type AskOptions, GrpcCallError, type GrpcClient, grpcClient } from './grpc/client.ts'
export { type GrpcMethods, type GrpcService, grpcService } from './grpc/service.ts'
export { type DetailMessages, grpcCodeOf } from './grpc/status.ts'

export type GrpcServerOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly services: readonly GrpcService[]
  readonly log: GrpcLog
  readonly registry: Registry
  readonly now: Clock
  readonly newId: NewId
  readonly authenticate: Authenticate
  readonly ready: Ready
  /** Keys the fingerprints of requests that come with an idempotency key. */
  readonly idempotencySecret: string
  /** Handlers that run at once; one more is refused as `overloaded`. */
  readonly maxInFlight: number
  /** The largest request, also once it is decompressed. */
  readonly bodyLimitBytes: number
  /** How long a call may take whose caller set no deadline. */
  readonly deadlineDefaultMs?: number
}

export type GrpcServer = {
  readonly port: number
  /**
   * Takes no more calls and waits until the running ones are answered and their handlers have settled; callers that
   * still wait after `graceMs` are answered UNAVAILABLE.
   */
  close(graceMs: number): Promise<void>
}

/** Serves on `host:port`, which must be free. */
export async function grpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { services, log, registry, deadlineDefaultMs = 5000 } = options
  setLogger(libraryLog(log))
  const openCalls = new Set<OpenCall>()
  // Half-sent requests take memory too. A few more than may run, so that what is too many is told so, not left waiting.
  const openMax = options.maxInFlight + 64
  const inFlight = new InFlight(options.maxInFlight)
  const server = new Server({
    interceptors: [observer({ log, registry, newId: options.newId, deadlineDefaultMs, openMax, openCalls })],
    'grpc.max_receive_message_length': options.bodyLimitBytes,
    'grpc.max_concurrent_streams': openMax,
    'grpc.enable_channelz': 0,
  })
  const deps: UnaryDeps = {
    log,
    inFlight,
    deadlineDefaultMs,
    now: options.now,
    newId: options.newId,
    authenticate: options.authenticate,
    idempotencySecret: options.idempotencySecret,
  }
  for (const service of services) addService(server, service, deps)
  const health = healthOf(
    services.map(({ desc }) => desc.typeName),
    options.ready,
    log,
  )
  health.addTo(server)
  reflectionOf(services).addToServer(server)

  const port = await bind(server, options).catch((error: unknown) => {
    health.stop()
    throw error
  })
  let closing: Promise<void> | undefined
  return {
    port,
    close: (graceMs) => {
      closing ??= close({ server, health, inFlight, openCalls }, graceMs)
      return closing
    },
  }
}

function addService(server: Server, { methods, messages }: GrpcService, deps: UnaryDeps): void {
  const definitions: [string, MethodDefinition<Buffer, Buffer>][] = methods.map((method) => [
    method.desc.name,
    {
      path: method.path,
      requestStream: false,
      responseStream: false,
      requestSerialize: unchanged,
      requestDeserialize: unchanged,
      responseSerialize: unchanged,
      responseDeserialize: unchanged,
    },
  ])
  const handlers = methods.map((method) => [method.desc.name, unaryHandler(deps, method, messages)])
  server.addService(Object.fromEntries(definitions), Object.fromEntries(handlers))
}

// Messages are read and written in unary.ts, where what cannot be read is answered as a refusal.
const unchanged = (bytes: Buffer) => bytes

/** What the library has to say belongs into the log, and not beside it on standard error. */
function libraryLog(log: GrpcLog): Partial<Console> {
  const at =
    (level: 'debug' | 'info' | 'error') =>
    (...words: readonly unknown[]) => {
      const text = words.map(String).join(' ')
      // `bind` throws it with more to it.
      if (!text.startsWith('No address added')) log[level]({ from: 'grpc-js' }, text)
    }
  return { debug: at('debug'), info: at('info'), error: at('error') }
}

async function bind(server: Server, { host, port }: GrpcServerOptions): Promise<number> {
  try {
    // One address: of a name with several the library takes what is free and is content with that.
    const { address, family } = await lookup(host)
    const authority = family === 6 ? `[${address}]:${port}` : `${address}:${port}`
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    server.bindAsync(authority, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error)
      else resolve(bound)
    })
    return await promise
  } catch (error) {
    throw new Error(`gRPC cannot listen on ${host}:${port}${isTaken(error) ? ': the port is taken' : ''}`, {
      cause: error,
    })
  }
}

/** The library tells it in its message only. */
const isTaken = (error: unknown): boolean => error instanceof Error && error.message.includes('EADDRINUSE')

type Parts = {
  readonly server: Server
  readonly health: Health
  readonly inFlight: InFlight
  readonly openCalls: ReadonlySet<OpenCall>
}

/** How long a last status may take to leave; the library knows no other way to wait for it than for all connections. */
const lastWordsMs = 200

async function close({ server, health, inFlight, openCalls }: Parts, graceMs: number): Promise<void> {
  health.stop()
  const drained = new Promise<void>((resolve, reject) => {
    server.tryShutdown((error) => (error ? reject(error) : resolve()))
  })
  // Watching health never ends by itself, and would hold the server until it is cut off.
  for (const call of [...openCalls]) if (!call.unary) call.end()
  if (await withinMs(graceMs, Promise.all([drained, inFlight.idle()]))) return
  // `forceShutdown` cuts nothing while channelz is off: it looks for connections where only channelz notes them down.
  for (const call of [...openCalls]) call.end()
  await withinMs(lastWordsMs, drained)
}

/** True when the work ended in time. */
async function withinMs(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(late.resolve, ms, false)
  try {
    return await Promise.race([work.then(() => true), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
