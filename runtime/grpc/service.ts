//! A gRPC service as a service of ours declares it: a generated description, and for each method its guard and handler.
import type { DescMethod, DescService, Message, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { Guard } from '../auth.ts'
import type { Answer, Call } from '../call.ts'
import type { DetailMessages } from './status.ts'

type Method<S extends DescService, M extends keyof S['method']> = S['method'][M]

/** Every method of the service, each with who may call it; one that is missing, or has no guard, does not compile. */
export type GrpcMethods<S extends DescService> = {
  readonly [M in keyof S['method']]: {
    readonly guard: Guard
    readonly handle: (
      call: Call,
      request: MessageShape<Method<S, M>['input']>,
    ) => Promise<Answer<MessageInitShape<Method<S, M>['output']>>>
  }
}

export type BoundMethod = {
  /** `/package.Service/Method`, as it is dialled. */
  readonly path: string
  readonly desc: DescMethod
  readonly guard: Guard
  readonly handle: (call: Call, request: Message) => Promise<Answer<Record<string, unknown>>>
}

export type GrpcService = {
  readonly desc: DescService
  readonly methods: readonly BoundMethod[]
  readonly messages: DetailMessages
}

/**
 * Binds handlers to a generated service. `messages` says, by code, what a refusal carries beyond google.rpc's own
 * details: a message of the service's proto.
 */
export function grpcService<S extends DescService>(
  desc: S,
  methods: GrpcMethods<S>,
  messages: DetailMessages = {},
): GrpcService {
  // The parameter's type has tied each handler to its method's messages; from here on the descriptions carry them.
  const declared = methods as unknown as Readonly<Record<string, Pick<BoundMethod, 'guard' | 'handle'>>>
  return {
    desc,
    methods: desc.methods.map((method) => boundMethod(desc, method, declared[method.localName])),
    messages,
  }
}

function boundMethod(
  service: DescService,
  method: DescMethod,
  declared: Pick<BoundMethod, 'guard' | 'handle'> | undefined,
): BoundMethod {
  const path = grpcPath(service, method)
  if (method.methodKind !== 'unary')
    throw new Error(`${path} is not unary: the adapter serves unary methods only`)
  if (declared === undefined) throw new Error(`${path} has no handler`)
  return { path, desc: method, guard: declared.guard, handle: declared.handle }
}

export function grpcPath(service: DescService, method: { readonly name: string }): string {
  return `/${service.typeName}/${method.name}`
}
