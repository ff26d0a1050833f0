//! How a fact is described: its type, which is also its subject, and the schema of its data. And one stream per announcing service.
import type { Static, TObject } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { exact } from '../scalars.ts'

/** `<entity>.<past fact>`, e.g. `order.confirmed`. */
export type EventType<Type extends string = string, Schema extends TObject = TObject> = {
  readonly type: Type
  readonly schema: Schema
  /** What is wrong with the data, in words; undefined where nothing is. Fields that the schema does not name are no fault. */
  problemOf(data: unknown): string | undefined
}

/** The data of a fact, e.g. `DataOf<typeof OrderConfirmed>`. */
export type DataOf<E extends EventType> = Static<E['schema']>

const typePattern = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/

/** Describes a fact. Within a type fields are only added, and only optional ones; a breaking change is a new type beside the old. */
export function defineEvent<const Type extends string, Schema extends TObject>(
  type: Type,
  schema: Schema,
): EventType<Type, Schema> {
  if (!typePattern.test(type)) throw new Error(`not a type of fact: ${type}`)
  // A closed schema would refuse the field that the next version adds.
  if (schema.additionalProperties === false) throw new Error(`the schema of ${type} must be open`)
  let check: TypeCheck<Schema> | undefined
  return {
    type,
    schema,
    problemOf(data) {
      // Compiled at the first use: a process checks few of the types that it knows.
      check ??= TypeCompiler.Compile(exact(schema))
      if (check.Check(data)) return undefined
      const problem = check.Errors(data).First()
      return problem === undefined
        ? 'does not match its schema'
        : `${problem.path || '/'}: ${problem.message}`
    },
  }
}

/** Where a service announces its facts. */
export type StreamDefinition = {
  readonly service: string
  /** The stream's name in JetStream. */
  readonly name: string
  /** The subjects of the entities that the service announces, e.g. `order.>`. */
  readonly subjects: readonly string[]
}

export function defineStream(definition: {
  readonly service: string
  readonly subjects: readonly string[]
}): StreamDefinition {
  const { service, subjects } = definition
  for (const subject of subjects) {
    if (!/^[a-z][a-z0-9_]*\.>$/.test(subject)) throw new Error(`not the subjects of an entity: ${subject}`)
  }
  return { service, name: service.toUpperCase(), subjects }
}

/** True where a fact of this type belongs in the stream. */
export function belongsTo(stream: StreamDefinition, type: string): boolean {
  return stream.subjects.some((subject) => type.startsWith(subject.slice(0, -1)))
}
