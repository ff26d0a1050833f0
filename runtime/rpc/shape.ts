//! The check of a value against its schema, compiled once, and the paths of what is wrong.
import type { TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'

export type WrongField = { readonly path: string; readonly message: string }

const wrongFieldsMax = 20

/** Returns what is wrong with a value: nothing, or its first fields with neither the value nor any part of it. */
export function shapeOf(schema: TSchema): (value: unknown) => readonly WrongField[] {
  const check = TypeCompiler.Compile(schema)
  return (value) => (check.Check(value) ? [] : wrongFields(check.Errors(value)))
}

function wrongFields(errors: Iterable<WrongField>): WrongField[] {
  const messages = new Map<string, string>()
  for (const { path, message } of errors) {
    if (!messages.has(path)) messages.set(path, message)
    if (messages.size === wrongFieldsMax) break
  }
  return [...messages].map(([path, message]) => ({ path, message }))
}
