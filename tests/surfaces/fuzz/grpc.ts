//! Every gRPC method: requests made from its own messages, and bytes that are nearly such a message.
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { Checkout } from '../../../contracts/gen/checkout/v1/checkout_pb.ts'
import { LOMS } from '../../../contracts/gen/loms/v1/loms_pb.ts'
import { ProductService } from '../../../contracts/gen/route256/product/product_pb.ts'
import { demoProducts } from '../../../tools/seed/shop.ts'

export type GrpcMethod = { readonly service: string; readonly path: string; readonly desc: DescMethod }

const servers = { loms: LOMS, cart: Checkout, catalog: ProductService } as const

export const grpcMethods = (): GrpcMethod[] =>
  Object.entries(servers).flatMap(([service, desc]) =>
    desc.methods.map((method) => ({ service, path: `/${desc.typeName}/${method.name}`, desc: method })),
  )

const skus = demoProducts.map(({ sku }) => sku)
const few = (most: number) => fc.integer({ min: 1, max: most })
const known: Readonly<Record<string, fc.Arbitrary<number | string>>> = {
  sku: fc.constantFrom(...skus),
  user: few(20),
  order_id: few(300),
  count: few(5),
  token: fc.constant('testtoken'),
}

function messageOf(message: DescMessage): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(message.fields.map((field) => [field.localName, fieldOf(field)])), {
    requiredKeys: [],
  })
}

function fieldOf(field: DescField): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case 'list': {
      if (field.listKind === 'message') return fc.array(messageOf(field.message), { maxLength: 120 })
      if (field.listKind === 'scalar') return fc.array(scalarOf(field.scalar), { maxLength: 20 })
      throw new Error(`no values for ${field}`)
    }
    case 'message':
      return messageOf(field.message)
    case 'scalar': {
      const hint = known[field.name]
      const whatever = scalarOf(field.scalar)
      if (hint === undefined) return whatever
      const there = field.scalar === ScalarType.INT64 ? hint.map((value) => BigInt(value)) : hint
      return fc.oneof({ weight: 4, arbitrary: there }, { weight: 1, arbitrary: whatever })
    }
    default:
      throw new Error(`no values for ${field}`)
  }
}

function scalarOf(scalar: ScalarType): fc.Arbitrary<unknown> {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  switch (scalar) {
    case ScalarType.STRING:
      return fc.string({ unit: 'grapheme', maxLength: 2_000 })
    case ScalarType.UINT32:
      return fc.oneof(fc.constantFrom(0, 1, 65_535, 65_536, 2 ** 32 - 1), fc.nat(2 ** 31 - 1))
    case ScalarType.INT64:
      return fc.oneof(fc.constantFrom(0n, 1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n), int64)
    default:
      throw new Error(`no values for the scalar ${scalar}`)
  }
}

export type GrpcSent = { readonly bytes: Buffer; readonly metadata: Readonly<Record<string, string>> }

const someMetadata = fc.record(
  {
    'idempotency-key': fc.oneof(fc.constantFrom('k1', 'k2'), fc.stringMatching(/^[!-~]{1,300}$/)),
    'x-request-id': fc.stringMatching(/^[!-~]{1,200}$/),
    'x-tenant-id': fc.stringMatching(/^[!-~]{1,80}$/),
    traceparent: fc.stringMatching(/^[0-9a-f-]{1,60}$/),
  },
  { requiredKeys: [] },
)

/** Most are messages; of some one byte is another one, and some are cut. */
export function grpcRequestsOf({ desc }: GrpcMethod): fc.Arbitrary<GrpcSent> {
  const right = messageOf(desc.input).map((value) =>
    Buffer.from(toBinary(desc.input, create(desc.input, value))),
  )
  const bytes = fc.oneof(
    { weight: 3, arbitrary: right },
    {
      weight: 1,
      arbitrary: fc.tuple(right, fc.nat(10_000), fc.nat(255)).map(([bytes, at, byte]) => {
        if (bytes.length > 0) bytes[at % bytes.length] = byte
        return bytes
      }),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(right, fc.nat(10_000))
        .map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1))),
    },
  )
  return fc.record({ bytes, metadata: someMetadata })
}

/** What a caller may be told. Anything else would be a bug, or a word of the library's that says nothing. */
const allowed: readonly status[] = [
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAUTHENTICATED,
  // "Not now", which is counted.
  status.RESOURCE_EXHAUSTED,
  status.UNAVAILABLE,
]

/** The name of the code; throws where it is none that a caller may be told, or the reply cannot be read. */
export async function call(client: Client, method: GrpcMethod, sent: GrpcSent): Promise<string> {
  const raw = (bytes: Buffer) => bytes
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(sent.metadata)) metadata.set(name, value)
  const { promise, resolve } = Promise.withResolvers<{
    code: status
    reply: Buffer | undefined
    details: string
  }>()
  client.makeUnaryRequest(
    method.path,
    raw,
    raw,
    sent.bytes,
    metadata,
    { deadline: Date.now() + 20_000 },
    (error, reply) => resolve({ code: error?.code ?? status.OK, reply, details: error?.details ?? '' }),
  )
  const { code, reply, details } = await promise
  if (!allowed.includes(code)) throw new Error(`${status[code]} ${details}`)
  if (code === status.OK) fromBinary(method.desc.output, reply ?? Buffer.alloc(0))
  return status[code]
}

export const clientOf = (address: string): Client => new Client(address, credentials.createInsecure())
