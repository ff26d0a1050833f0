//! Asks somebody else's gRPC server. One question, one try: whether to ask again is the caller's to decide.
import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { grpcPath } from './service.ts'
import { statusDetailsIn } from './status.ts'

export type AskOptions = {
  readonly deadlineMs: number
  readonly metadata?: Readonly<Record<string, string>>
}

type Method<S extends DescService, M extends keyof S['method']> = S['method'][M]

/** The unary methods of a service; each rejects with a `GrpcCallError`. */
export type GrpcAsk<S extends DescService> = {
  readonly [M in keyof S['method']]: (
    request: MessageInitShape<Method<S, M>['input']>,
    options: AskOptions,
  ) => Promise<MessageShape<Method<S, M>['output']>>
}

export type GrpcClient<S extends DescService> = {
  readonly ask: GrpcAsk<S>
  /** Calls that are under way end with CANCELLED. */
  close(): void
}

/** What a server, or the way to it, said instead of an answer. */
export class GrpcCallError extends Error {
  readonly code: status
  /** `ErrorInfo.reason` and `.domain`, where the server sent one. */
  readonly reason: string | undefined
  readonly domain: string | undefined
  /** Everything in the status details, to be unpacked by those who know the messages. */
  readonly details: readonly Any[]

  constructor(path: string, address: string, cause: ServiceError) {
    super(`${path} at ${address}: ${status[cause.code]} ${cause.details}`, { cause })
    this.name = 'GrpcCallError'
    this.code = cause.code
    const said = statusDetailsIn(cause.metadata)
    this.reason = said?.info?.reason
    this.domain = said?.info?.domain
    this.details = said?.status.details ?? []
  }
}

/**
 * A client of one service at `host:port`, without TLS. It connects at the first question and again when it must; a
 * question to a server that is away fails at once.
 */
export function grpcClient<S extends DescService>(
  service: S,
  address: string,
  options: { readonly replyLimitBytes: number },
): GrpcClient<S> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': options.replyLimitBytes,
    // The library would retry by the server's advice and look away from a lost server for up to two minutes.
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.enable_channelz': 0,
  })
  const asks = service.methods
    .filter(({ methodKind }) => methodKind === 'unary')
    .map((method) => [method.localName, askOf(client, address, grpcPath(service, method), method)] as const)
  return {
    // The names and messages are the service's own, which is what the type says of them.
    ask: Object.fromEntries(asks) as unknown as GrpcAsk<S>,
    close: () => client.close(),
  }
}

type Init = MessageInitShape<DescMethod['input']>
type Reply = MessageShape<DescMethod['output']>

function askOf(client: Client, address: string, path: string, method: DescMethod) {
  const serialize = (request: Init) => Buffer.from(toBinary(method.input, create(method.input, request)))
  const deserialize = (bytes: Buffer): Reply => fromBinary(method.output, bytes)
  return (request: Init, { deadlineMs, metadata }: AskOptions): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const deadline = Date.now() + deadlineMs
      const sent = new Metadata()
      for (const [key, value] of Object.entries(metadata ?? {})) sent.set(key, value)
      client.makeUnaryRequest(path, serialize, deserialize, request, sent, { deadline }, (error, reply) => {
        if (error) reject(new GrpcCallError(path, address, error))
        else if (reply === undefined) reject(new Error(`${path} at ${address} answered OK with no message`))
        else resolve(reply)
      })
    })
}
