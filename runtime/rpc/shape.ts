//! The check of a value against its schema, compiled once, and the paths of what is wrong.
import type { TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors'
import { exact } from '../../contracts/scalars.ts'
import { expected } from '../expected.ts'

/** A JSON Pointer and what must be there; never a value. */
export type WrongField = { readonly path: string; readonly message: string }

// Enough to find a mistake by; it bounds what a hostile request costs.
const wrongFieldsMax = 100

// Schemas are those of the contracts, so there are few; whoever serves or asks the same method again finds it here.
const compiledBy = new WeakMap<TSchema, TypeCheck<TSchema>>()

/** Returns what is wrong with a value, each path once. Fields that the schema does not name are no mistake. */
export function shapeOf(schema: TSchema): (value: unknown) => readonly WrongField[] {
  const compiled = compiledBy.get(schema) ?? TypeCompiler.Compile(exact(schema))
  compiledBy.set(schema, compiled)
  return (value) => (compiled.Check(value) ? [] : wrongFields(compiled.Errors(value)))
}

function wrongFields(errors: Iterable<ValueError>): WrongField[] {
  const fields = new Map<string, WrongField>()
  for (const { path, schema, type } of errors) {
    const message = type === ValueErrorType.ObjectRequiredProperty ? 'is required' : expected(schema)
    if (!fields.has(path)) fields.set(path, { path, message })
    if (fields.size === wrongFieldsMax) break
  }
  return [...fields.values()]
}
