//! Says a schema in words, short enough for the cell of a table.
import { KindGuard, type TSchema } from '@sinclair/typebox'

/** `list of {sku, count, name?}`, `text`, `one of "customer", "expired"`. A schema's own description wins. */
export function wordsOf(schema: TSchema): string {
  if (typeof schema.description === 'string') return schema.description
  if (KindGuard.IsLiteral(schema)) return JSON.stringify(schema.const)
  if (KindGuard.IsUnion(schema)) return unionWords(schema.anyOf)
  if (schema.type === 'array') return `list of ${wordsOf(schema.items)}`
  if (schema.type === 'object') return objectWords(schema)
  if (schema.type === 'integer' || schema.type === 'number') return numberWords(schema)
  if (schema.type === 'string')
    return schema.pattern === undefined ? 'text' : `text like \`${schema.pattern}\``
  if (schema.type === 'boolean') return 'true or false'
  return String(schema.type ?? 'anything')
}

function unionWords(options: readonly TSchema[]): string {
  const texts = options.map(wordsOf)
  return options.every(KindGuard.IsLiteral) ? `one of ${texts.join(', ')}` : texts.join(', or ')
}

function objectWords({ properties = {}, required = [] }: TSchema): string {
  const names = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`))
  return `{${names.join(', ')}}`
}

function numberWords({ type, minimum, maximum }: TSchema): string {
  const what = type === 'integer' ? 'whole number' : 'number'
  if (minimum !== undefined && maximum !== undefined) return `${what} from ${minimum} to ${maximum}`
  return minimum === undefined ? what : `${what} from ${minimum}`
}
