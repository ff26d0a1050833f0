//! A gRPC client made of nothing but proto files, as somebody with another language and none of our code would make it.
import { join, resolve } from 'node:path'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import {
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'

const root = resolve(import.meta.dir, '../..')
const includeDirs = [
  join(root, 'contracts/proto'),
  // The two services that every gRPC port has, from those who describe them.
  join(root, 'node_modules/@grpc/reflection/build/proto'),
  join(root, 'node_modules/grpc-health-check/proto'),
]
const definitions: PackageDefinition = loadSync(
  [
    'route256/product/product.proto',
    'loms/v1/loms.proto',
    'checkout/v1/checkout.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
    'grpc/reflection/v1/reflection.proto',
    'health/v1/health.proto',
  ],
  { includeDirs, keepCase: true, longs: String, enums: String, defaults: true },
)

export type Json = Readonly<Record<string, unknown>>
export type Detail = Json & { readonly type: string }

export type Outcome =
  | { readonly code: 0; readonly reply: Json; readonly headers: Metadata }
  | { readonly code: number; readonly message: string; readonly details: readonly Detail[] }

export type Sending = { readonly metadata?: Readonly<Record<string, string>>; readonly deadlineMs?: number }

/** The services of the proto files by their full names, each with its methods. */
export function methodsOf(service: string): readonly string[] {
  return Object.keys(serviceOf(service))
}

function serviceOf(name: string): ServiceDefinition {
  const found = definitions[name]
  if (found === undefined || 'format' in found) throw new Error(`no service ${name} in the proto files`)
  return found as ServiceDefinition
}

export class ForeignClient {
  readonly #client: Client

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure())
  }

  close(): void {
    this.#client.close()
  }

  /** One unary call; a refusal is an outcome like any other. */
  async call(service: string, method: string, request: Json, sending: Sending = {}): Promise<Outcome> {
    const definition = serviceOf(service)[method]
    if (definition === undefined) throw new Error(`${service} has no ${method} in its proto file`)
    const { path, requestSerialize, responseDeserialize } = definition
    const headers = Promise.withResolvers<Metadata>()
    return await new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(sending.metadata),
        { deadline: Date.now() + (sending.deadlineMs ?? 20_000) },
        (error, reply) => {
          if (error !== null) return resolve(refusalOf(error))
          headers.promise.then((metadata) => resolve({ code: 0, reply: reply as Json, headers: metadata }))
        },
      )
      call.on('metadata', headers.resolve)
    })
  }

  /** The reply; anything but OK fails the test. */
  async done(service: string, method: string, request: Json, sending?: Sending): Promise<Json> {
    const outcome = await this.call(service, method, request, sending)
    if (!('reply' in outcome)) throw new Error(`${service}/${method}: ${JSON.stringify(outcome)}`)
    return outcome.reply
  }

  /** The names that server reflection lists. */
  async services(): Promise<readonly string[]> {
    const definition = serviceOf('grpc.reflection.v1.ServerReflection').ServerReflectionInfo
    if (definition === undefined) throw new Error('the reflection service has another method now')
    const { path, requestSerialize, responseDeserialize } = definition
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, {
      deadline: Date.now() + 20_000,
    })
    stream.write({ list_services: '' })
    const { promise, resolve, reject } = Promise.withResolvers<Json>()
    stream.on('data', resolve)
    stream.on('error', reject)
    const reply = await promise
    stream.end()
    const { service } = reply.list_services_response as { service: readonly { name: string }[] }
    return service.map(({ name }) => name)
  }
}

function metadataOf(values: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(values)) metadata.set(name, value)
  return metadata
}

/** Unpacks google.rpc.Status, as the richer error model of gRPC has it, with what the proto files know of its details. */
function refusalOf({ code, details: message, metadata }: ServiceError): Outcome {
  const [bytes] = metadata?.get('grpc-status-details-bin') ?? []
  if (!(bytes instanceof Buffer)) return { code, message, details: [] }
  const said = messageOf('google.rpc.Status').deserialize(bytes) as {
    details: readonly { type_url: string; value: Buffer }[]
  }
  const details = said.details.map(({ type_url, value }) => {
    const type = type_url.slice(type_url.lastIndexOf('/') + 1)
    return { ...(messageOf(type).deserialize(value) as Json), type }
  })
  return { code, message, details }
}

function messageOf(name: string): MessageTypeDefinition<object, object> {
  const found = definitions[name]
  if (found === undefined || !('format' in found) || !('deserialize' in found))
    throw new Error(`no message ${name} in the proto files`)
  return found as MessageTypeDefinition<object, object>
}
