//! What a body or a reply must look like: the schema made strict, its check compiled once, and every path that is wrong.
import { KindGuard, type TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { Value } from '@sinclair/typebox/value'
import { expected } from '../expected.ts'

/** A JSON Pointer into the document that was judged, and what it must be. Never holds a value. */
export type Problem = { readonly path: string; readonly message: string }

export type Shape = {
  readonly schema: TSchema
  readonly check: (value: unknown) => boolean
  /** Every path that is wrong, each once; nothing where the value has the shape. */
  readonly problems: (value: unknown) => readonly Problem[]
}

/** More than anybody reads; it bounds what a hostile body costs and how long the answer gets. */
export const problemsMax = 1000

export function shapeOf(open: TSchema): Shape {
  const schema = strict(open)
  const compiled = TypeCompiler.Compile(schema)
  const tooDeep = isClosed(schema) ? () => false : (value: unknown) => isDeeper(value, depthMax)
  return {
    schema,
    check: (value) => !tooDeep(value) && compiled.Check(value),
    problems: (value) => (tooDeep(value) ? deepProblems : problemsOf(schema, value)),
  }
}

// Where a schema lets anything in, depth is the caller's to choose, and everything recursive behind us would overflow.
const depthMax = 64
const deepProblems: readonly Problem[] = [
  { path: '', message: `must not be nested deeper than ${depthMax} levels` },
]

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((entry) => isDeeper(entry, levels - 1))
}

/** True where the schema itself bounds how deep a value goes. */
function isClosed(schema: TSchema): boolean {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.every(isClosed)
  if (KindGuard.IsArray(schema)) return isClosed(schema.items)
  if (KindGuard.IsObject(schema)) {
    return schema.additionalProperties === false && Object.values(schema.properties).every(isClosed)
  }
  return (
    ['string', 'integer', 'number', 'boolean', 'null'].includes(schema.type) || KindGuard.IsLiteral(schema)
  )
}

/** Closes every object that does not say itself that it is open, and bounds integers to those that JSON keeps exact. */
export function strict(schema: TSchema): TSchema {
  if (KindGuard.IsIntersect(schema))
    return { ...schema, unevaluatedProperties: schema.unevaluatedProperties ?? false }
  if (KindGuard.IsUnion(schema)) return { ...schema, anyOf: schema.anyOf.map(strict) }
  if (KindGuard.IsArray(schema)) return { ...schema, items: strict(schema.items) }
  if (KindGuard.IsTuple(schema) && schema.items !== undefined)
    return { ...schema, items: schema.items.map(strict) }
  if (KindGuard.IsRecord(schema)) return { ...schema, patternProperties: mapped(schema.patternProperties) }
  if (KindGuard.IsObject(schema)) {
    return {
      ...schema,
      properties: mapped(schema.properties),
      additionalProperties: schema.additionalProperties ?? false,
    }
  }
  if (KindGuard.IsInteger(schema)) return { ...exactRange, ...schema }
  return schema
}

const exactRange = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }

function mapped(schemas: Record<string, TSchema>): Record<string, TSchema> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, strict(schema)]))
}

function problemsOf(schema: TSchema, value: unknown): readonly Problem[] {
  const messages = new Map<string, string>()
  visit(schema, value, '', messages)
  // Rules that span fields (a union's, an intersection's) may refuse what has no wrong field.
  if (messages.size === 0 && !Value.Check(schema, value)) messages.set('', expected(schema))
  return [...messages].map(([path, message]) => ({ path, message }))
}

function visit(schema: TSchema, value: unknown, path: string, messages: Map<string, string>): void {
  if (messages.size >= problemsMax) return
  if (KindGuard.IsObject(schema) && isObject(value)) visitObject(schema, value, path, messages)
  else if (KindGuard.IsArray(schema) && Array.isArray(value)) visitArray(schema, value, path, messages)
  else if (!Value.Check(schema, value)) note(messages, path, expected(schema))
}

function visitObject(
  schema: TSchema,
  value: Record<string, unknown>,
  path: string,
  messages: Map<string, string>,
): void {
  const names = Object.getOwnPropertyNames(value)
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema
  if (names.length < minProperties || names.length > maxProperties) note(messages, path, expected(schema))
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) note(messages, under(path, name), 'is required')
  }
  for (const name of names) {
    if (messages.size >= problemsMax) return
    const property: TSchema | undefined = Object.hasOwn(schema.properties, name)
      ? schema.properties[name]
      : undefined
    if (property !== undefined) visit(property, value[name], under(path, name), messages)
    else if (schema.additionalProperties === false) note(messages, under(path, name), 'is not a known field')
  }
}

function visitArray(
  schema: TSchema,
  value: readonly unknown[],
  path: string,
  messages: Map<string, string>,
): void {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema
  const before = messages.size
  if (value.length < minItems || value.length > maxItems) note(messages, path, expected(schema))
  // Entries beyond the allowed number are wrong as a whole; looking at each would be work that the caller orders for free.
  for (let i = 0; i < value.length && i < maxItems && messages.size < problemsMax; i++) {
    visit(schema.items, value[i], `${path}/${i}`, messages)
  }
  if (messages.size === before && !Value.Check(schema, value)) note(messages, path, expected(schema))
}

function note(messages: Map<string, string>, path: string, message: string): void {
  if (!messages.has(path)) messages.set(path, message)
}

/** RFC 6901. */
export function under(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
