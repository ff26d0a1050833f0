//! For tests: a server over loopback with everything handed in, and a client made from nothing but the proto files.
import { resolve } from 'node:path'
import type { DescService } from '@bufbuild/protobuf'
import { Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { Glob } from 'bun'
import { Registry } from 'prom-client'
import protobuf from 'protobufjs'
import { ok } from '../../contracts/errors.ts'
import { newId } from '../../contracts/ids.ts'
import { processClock } from '../../contracts/time.ts'
import { type GrpcMethods, type GrpcServerOptions, grpcServer, grpcService } from '../grpc.ts'
import { statusDetailsKey } from './status.ts'

const protos = resolve(import.meta.dir, '../../contracts/proto')

export type LogLine = {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A log whose lines a test can look at. */
export function keptLog() {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push({ level, fields, message })
  }
  return {
    lines,
    log: {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    } as GrpcServerOptions['log'],
  }
}

/** The methods that a test is about, and the rest answering nothing. */
export function completed<S extends DescService>(desc: S, own: Partial<GrpcMethods<S>> = {}): GrpcMethods<S> {
  const rest = desc.methods.map(({ localName }) => [localName, { guard: 'open', handle: async () => ok({}) }])
  return { ...Object.fromEntries(rest), ...own }
}

/** A method that says when it has begun, and answers when it is let. */
export function heldMethod<T extends object>(reply: T) {
  const entered = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const handle = async () => {
    entered.resolve()
    await gate.promise
    return ok(reply)
  }
  return { entered: entered.promise, release: gate.resolve, method: { guard: 'open', handle } as const }
}

/** Serves one service; its client has nothing but the proto file. Closed by `await using`. */
export async function startServer<S extends DescService>(
  desc: S,
  own: Partial<GrpcMethods<S>> = {},
  { closeMs = 1000, ...options }: Partial<GrpcServerOptions> & { closeMs?: number } = {},
) {
  const { lines, log } = keptLog()
  const registry = new Registry()
  const server = await grpcServer({
    host: '127.0.0.1',
    port: 0,
    services: [grpcService(desc, completed(desc, own))],
    log,
    registry,
    now: processClock(),
    newId,
    authenticate: () => ok({ caller: undefined, isService: false }),
    ready: () => true,
    idempotencySecret: 'a secret of the test',
    maxInFlight: 100,
    bodyLimitBytes: 1024 * 1024,
    ...options,
  })
  const client = clientOf(resolve(protos, `${desc.file.name}.proto`), desc.typeName, server.port)
  return {
    ...server,
    lines,
    registry,
    client,
    ask: (method: string, request: object = {}, sent: Sent = {}) => ask(client, method, request, sent),
    async [Symbol.asyncDispose]() {
      client.close()
      await server.close(closeMs)
    },
  }
}

/** A client as any other language's would be: it has read the proto file and knows nothing of ours. */
export function clientOf<T>(proto: string, service: string, port: number): T & Client {
  const options = { includeDirs: [protos], keepCase: true, longs: String, enums: String, oneofs: true }
  let found: unknown = loadPackageDefinition(loadSync(proto, options))
  for (const part of service.split('.')) found = (found as Record<string, unknown>)[part]
  return new (found as typeof Client)(`127.0.0.1:${port}`, credentials.createInsecure()) as T & Client
}

export type Sent = {
  readonly metadata?: Readonly<Record<string, string>>
  readonly deadlineMs?: number
  /** Is handed a function that gives the call up. */
  readonly cancel?: (cancel: () => void) => void
}

export type Said = {
  readonly error: ServiceError | undefined
  readonly value: Readonly<Record<string, unknown>> | undefined
  readonly initial: Metadata
  readonly trailers: Metadata
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: object,
  callback: (error: ServiceError | null, value?: Record<string, unknown>) => void,
) => import('@grpc/grpc-js').ClientUnaryCall

/** Everything that a call comes back with. */
export function ask(
  client: Client,
  method: string,
  request: object,
  { metadata = {}, deadlineMs, cancel }: Sent,
): Promise<Said> {
  return new Promise((resolve) => {
    let initial = new Metadata()
    let trailers = new Metadata()
    const unary = (client as never as Record<string, Unary>)[method]
    if (!unary) throw new Error(`no method ${method}`)
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
    const sent = Metadata.fromHttp2Headers(metadata)
    const call = unary.call(client, request, sent, options, (error, value) => {
      if (error) trailers = error.metadata
      // The status event, which brings the trailers, comes right before or after.
      setImmediate(() => resolve({ error: error ?? undefined, value, initial, trailers }))
    })
    call.on('metadata', (received: Metadata) => {
      initial = received
    })
    call.on('status', (status: { metadata: Metadata }) => {
      trailers = status.metadata
    })
    cancel?.(() => call.cancel())
  })
}

/** Sends bytes as they are to any path; answers what went wrong. */
export function askRaw(
  port: number,
  path: string,
  bytes: Buffer,
  options: object = {},
): Promise<ServiceError | undefined> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options)
  const raw = (message: Buffer) => message
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, raw, raw, bytes, (error) => {
      client.close()
      resolve(error ?? undefined)
    })
  })
}

/** The status details as a client reads them that has our proto files. */
export function detailsIn(error: ServiceError | undefined): {
  readonly code: number
  readonly message: string
  readonly details: Record<string, unknown>[]
} {
  const [bytes] = error?.metadata.get(statusDetailsKey) ?? []
  if (!(bytes instanceof Uint8Array)) throw new Error('no status details were sent')
  const root = new protobuf.Root()
  root.resolvePath = (_, target) => resolve(protos, target)
  root.loadSync([...new Glob('**/*.proto').scanSync(protos)], { keepCase: true })
  const status = root.lookupType('google.rpc.Status').decode(bytes) as never as {
    code: number
    message: string
    details: { type_url: string; value: Uint8Array }[]
  }
  const details = status.details.map(({ type_url, value }) => {
    const type = root.lookupType(type_url.slice(type_url.indexOf('/') + 1))
    return { type: type.fullName, ...type.toObject(type.decode(value), { longs: String }) }
  })
  return { code: status.code, message: status.message, details }
}
