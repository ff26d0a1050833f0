//! Finds what contracts/ describes: every fact with its stream, every question, every message and service on the wire.
import { join } from 'node:path'
import type { DescFile } from '@bufbuild/protobuf'
import { belongsTo, type EventType, type StreamDefinition } from '../../contracts/events/define.ts'
import type { RpcMethod } from '../../contracts/rpc/define.ts'
import { repository } from './files.ts'

export type FoundEvent = {
  readonly event: EventType
  /** As the contracts module exports it, e.g. `OrderConfirmed`. */
  readonly exportName: string
  readonly stream: StreamDefinition
}

/** By type. A fact that belongs in no stream, or in two, is an error. */
export async function findEvents(): Promise<FoundEvent[]> {
  const exported = await exportsOf('contracts/events/*.ts')
  const streams = exported.flatMap(({ value }) => (isStream(value) ? [value] : []))
  const events = exported.flatMap(({ name, value }) => (isEvent(value) ? [{ name, event: value }] : []))
  const found = events.map(({ name, event }): FoundEvent => {
    const [stream, ...others] = streams.filter((each) => belongsTo(each, event.type))
    if (stream === undefined || others.length > 0)
      throw new Error(`${event.type} belongs in ${others.length + (stream ? 1 : 0)} streams, not in one`)
    return { event, exportName: name, stream }
  })
  return found.sort((a, b) => compare(a.event.type, b.event.type))
}

/** By subject. */
export async function findRpcMethods(): Promise<RpcMethod[]> {
  return [...(await findQuestions()).values()].sort((a, b) => compare(a.subject, b.subject))
}

/** Every question by the name that its contracts module exports it under, e.g. `GetAvailable`. */
export const findQuestions = () => namedIn('contracts/rpc/*.ts', isRpcMethod)

/** Every stream by the name that its contracts module exports it under, e.g. `lomsStream`. */
export const findStreams = () => namedIn('contracts/events/*.ts', isStream)

async function namedIn<T>(
  pattern: string,
  is: (value: unknown) => value is T,
): Promise<ReadonlyMap<string, T>> {
  const exported = await exportsOf(pattern)
  return new Map(exported.flatMap(({ name, value }) => (is(value) ? [[name, value] as const] : [])))
}

/** Our own proto files, by name; what Google's are is not ours to release. */
export async function findProtos(): Promise<DescFile[]> {
  const exported = await exportsOf('contracts/gen/**/*_pb.ts')
  const files = exported.flatMap(({ value }) => (isDescFile(value) ? [value] : []))
  return files.filter(({ name }) => !name.startsWith('google/')).sort((a, b) => compare(a.name, b.name))
}

async function exportsOf(pattern: string): Promise<{ name: string; value: unknown }[]> {
  const files = await Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: repository }))
  const own = files.filter((file) => !file.endsWith('.test.ts')).sort()
  const modules = await Promise.all(own.map((file) => import(join(repository, file))))
  return modules.flatMap((module: object) =>
    Object.entries(module).map(([name, value]: [string, unknown]) => ({ name, value })),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const has = (value: unknown, ...names: string[]): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && names.every((name) => name in value)

// Made by `defineEvent`, `defineStream`, `defineRpc` and protoc-gen-es; nothing else in these folders has those fields.
const isEvent = (value: unknown): value is EventType => has(value, 'type', 'schema', 'problemOf')
const isStream = (value: unknown): value is StreamDefinition => has(value, 'service', 'name', 'subjects')
const isRpcMethod = (value: unknown): value is RpcMethod => has(value, 'subject', 'request', 'reply')
const isDescFile = (value: unknown): value is DescFile => has(value, 'kind', 'proto') && value.kind === 'file'
