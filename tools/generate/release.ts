//! What a release promises to those outside, as JSON that later versions are held to: tests/contracts.
import { join } from 'node:path'
import type { DescEnum, DescMessage, DescService } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Type as FieldType,
  FieldDescriptorProto_Label as Label,
} from '@bufbuild/protobuf/wkt'
import { type ErrorCode, errors } from '../../contracts/errors.ts'
import { grpcCodeOf } from '../../runtime/grpc.ts'
import { statusOf } from '../../runtime/http/problem.ts'
import { findEvents, findProtos, findRpcMethods } from './contracts.ts'
import { type GeneratedFile, repository } from './files.ts'
import { type JsonSchema, losses, shrinkage } from './only-adds.ts'

type ByName = Readonly<Record<string, JsonSchema>>

export type Promised = {
  /** The schema of every fact, by type. */
  readonly events: ByName
  /** What is asked and answered, by subject. */
  readonly rpc: ByName
  /** Messages by field number, services by method, enums by number. */
  readonly protos: ByName
  /** How a code is said by every transport. */
  readonly errors: ByName
}

const parts = ['events', 'rpc', 'protos', 'errors'] as const
const folder = 'tests/contracts'

/** What the code promises now. */
export async function promisedNow(): Promise<Promised> {
  const [events, methods, files] = await Promise.all([findEvents(), findRpcMethods(), findProtos()])
  const promised = {
    events: byName(events, ({ event }) => [event.type, event.schema]),
    rpc: byName(methods, ({ subject, request, reply }) => [subject, { request, reply }]),
    protos: Object.assign(
      {},
      ...files.map(({ messages, enums, services }) => ({
        ...messagesOf(messages),
        ...byName(enums, enumOf),
        ...byName(services, serviceOf),
      })),
    ) as ByName,
    errors: byName(Object.keys(errors) as ErrorCode[], (code) => [
      code,
      { rpc: statusOf(code, 'rpc'), rest: statusOf(code, 'rest'), grpc: grpcCodeOf(code) },
    ]),
  }
  // As it reads back: TypeBox marks its schemas with symbols that no file holds.
  return JSON.parse(JSON.stringify(promised)) as Promised
}

/** What the last release promised; nothing before the first. */
export async function promisedAtRelease(): Promise<Promised> {
  const read = async (part: (typeof parts)[number]): Promise<ByName> => {
    const file = Bun.file(join(repository, folder, `${part}.json`))
    return (await file.exists()) ? await file.json() : {}
  }
  const [events, rpc, protos, errors] = await Promise.all(parts.map(read))
  return { events: events ?? {}, rpc: rpc ?? {}, protos: protos ?? {}, errors: errors ?? {} }
}

/** Everything that was promised and is not kept, in words. */
export function brokenPromises(released: Promised, now: Promised): string[] {
  return [
    ...schemaShrinkage('event', released.events, now.events),
    ...schemaShrinkage('question', released.rpc, now.rpc, (schema) => [
      ['request', schema.request],
      ['reply', schema.reply],
    ]),
    ...losses(released.protos, now.protos).map((problem) => `proto ${problem}`),
    ...losses(released.errors, now.errors).map((problem) => `error ${problem}`),
  ]
}

/** The files of a release: to be written when one is made, and at no other time. */
export function releaseFiles(promised: Promised): GeneratedFile[] {
  return parts.map((part) => ({
    path: `${folder}/${part}.json`,
    text: `${JSON.stringify(sorted(promised[part]), null, 2)}\n`,
  }))
}

type Aspects = (schema: JsonSchema) => readonly (readonly [string, unknown])[]

function schemaShrinkage(
  what: string,
  released: ByName,
  now: ByName,
  aspects: Aspects = (schema) => [['', schema]],
): string[] {
  return Object.entries(released).flatMap(([name, old]) => {
    const present = now[name]
    if (present === undefined) return [`${what} ${name}: is gone`]
    const after = new Map(aspects(present))
    return aspects(old).flatMap(([aspect, schema]) =>
      shrinkage(schema, after.get(aspect)).map(
        (problem) => `${[what, name, aspect].join(' ').trim()} ${problem}`,
      ),
    )
  })
}

function byName<T>(values: readonly T[], entry: (value: T) => readonly [string, object]): ByName {
  return Object.fromEntries(values.map(entry)) as ByName
}

const sorted = (values: ByName): ByName =>
  Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))

function messagesOf(messages: readonly DescMessage[]): ByName {
  return Object.assign(
    byName(messages, messageOf),
    ...messages.map(({ nestedMessages, nestedEnums }) => ({
      ...messagesOf(nestedMessages),
      ...byName(nestedEnums, enumOf),
    })),
  )
}

function messageOf({ typeName, fields }: DescMessage): readonly [string, object] {
  const byNumber = fields.map(({ number, proto }) => [
    String(number),
    {
      name: proto.name,
      type: proto.typeName === '' ? FieldType[proto.type] : proto.typeName,
      repeated: proto.label === Label.REPEATED,
    },
  ])
  return [typeName, Object.fromEntries(byNumber)]
}

function enumOf({ typeName, values }: DescEnum): readonly [string, object] {
  return [typeName, Object.fromEntries(values.map(({ number, name }) => [String(number), name]))]
}

function serviceOf({ typeName, methods }: DescService): readonly [string, object] {
  const byMethod = methods.map(({ name, input, output, methodKind }) => [
    name,
    { input: input.typeName, output: output.typeName, kind: methodKind },
  ])
  return [typeName, Object.fromEntries(byMethod)]
}
