//! What a schema asks for, in words: one readable requirement, whichever part of it was missed.
import { KindGuard, type TSchema } from '@sinclair/typebox'

/** Completes "it …": `must be a whole number from 1 to 65535`. Holds nothing of the value that was given. */
export function expected(schema: TSchema): string {
  return `must be ${words(schema)}`
}

function words(schema: TSchema): string {
  if (KindGuard.IsLiteral(schema)) return JSON.stringify(schema.const)
  if (KindGuard.IsUnion(schema)) return unionWords(schema, schema.anyOf)
  if (schema.type === 'integer') return `a whole number${range(schema)}${steps(schema)}`
  if (schema.type === 'number') return `a number${range(schema)}${steps(schema)}`
  if (schema.type === 'string') return stringWords(schema)
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'null') return 'null'
  if (schema.type === 'array')
    return `a list${amount(schema.minItems, schema.maxItems, 'entries')}${distinct(schema)}`
  if (schema.type === 'object')
    return `an object${amount(schema.minProperties, schema.maxProperties, 'fields')}`
  return schema.description ?? 'of the documented shape'
}

function unionWords(schema: TSchema, options: readonly TSchema[]): string {
  // What may be said is known word for word; a description says what it is for.
  if (options.every(KindGuard.IsLiteral)) return `one of ${options.map(words).join(', ')}`
  // Other unions are described for people (`int64 ≥ 1: a number, or decimal text`): their options would not read well.
  if (schema.description !== undefined) return schema.description
  return options.map(words).join(', or ')
}

function stringWords(schema: TSchema): string {
  const length = amount(schema.minLength, schema.maxLength, 'characters')
  if (schema.format !== undefined) return `text${length} in the form of a ${schema.format}`
  if (schema.pattern === undefined) return `text${length}`
  // A pattern is for programs. What it means is said by the schema: of a setting as `expected`, for its description says
  // what it is for.
  return schema.expected ?? schema.description ?? `text${length} of the documented form`
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: TSchema): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`
  if (exclusiveMaximum !== undefined) return ` below ${exclusiveMaximum}`
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` of at least ${minimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}

function steps({ multipleOf }: TSchema): string {
  return multipleOf === undefined ? '' : ` in steps of ${multipleOf}`
}

function distinct({ uniqueItems }: TSchema): string {
  return uniqueItems === true ? ', none of them twice' : ''
}

function amount(min: number | undefined, max: number | undefined, what: string): string {
  if (min !== undefined && max !== undefined)
    return min === max ? ` of ${min} ${what}` : ` of ${min} to ${max} ${what}`
  if (min !== undefined && min > 0) return ` of at least ${min} ${what}`
  return max === undefined ? '' : ` of at most ${max} ${what}`
}
