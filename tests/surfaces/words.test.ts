//! Whoever sends text of the wrong form is told in words what is expected: no refusal shows a regular expression.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { TObject, TSchema } from '@sinclair/typebox'
import { expected } from '../../runtime/expected.ts'
import { findRpcMethods } from '../../tools/generate/contracts.ts'
import { repository } from '../../tools/generate/files.ts'
import { findRoutes } from '../../tools/generate/routes.ts'

/** Every text of a certain form in a schema, and what is told of: the text itself, or the choice that it is one of. */
function forms(schema: unknown, choice?: TSchema): { pattern: string; told: TSchema }[] {
  if (typeof schema !== 'object' || schema === null) return []
  if (Array.isArray(schema)) return schema.flatMap((part) => forms(part, choice))
  const { type, pattern, anyOf } = schema as TSchema
  const told = choice ?? (schema as TSchema)
  if (type === 'string' && pattern !== undefined) return [{ pattern, told }]
  return Object.values(schema).flatMap((part) => forms(part, anyOf === undefined ? undefined : told))
}

async function asked(): Promise<Map<string, TSchema>> {
  const all = new Map<string, TSchema>()
  for (const { service, method, path, body, params, query } of await findRoutes())
    for (const [place, schema] of Object.entries({ body, params, query }))
      if (schema !== undefined) all.set(`${service} ${method} ${path}, ${place}`, schema)
  for (const { subject, request } of await findRpcMethods()) all.set(subject, request)
  for (const file of new Bun.Glob('*/config.ts').scanSync({ cwd: repository })) {
    const { settings } = (await import(join(repository, file))) as { settings?: TObject }
    for (const [name, schema] of Object.entries(settings?.properties ?? {}))
      all.set(`${file} ${name}`, schema)
  }
  return all
}

test('what is expected of text is said in words, wherever it may be sent', async () => {
  const found = [...(await asked())].flatMap(([where, schema]) =>
    forms(schema).map(({ pattern, told }) => ({ where, pattern, words: expected(told) })),
  )
  // A description that is a sentence would not complete "must be".
  const isSaid = /^must be [^A-Z].*[^.]$/
  const wordless = found.filter(
    ({ pattern, words }) =>
      words.includes(pattern) || words.endsWith('documented form') || !isSaid.test(words),
  )
  expect(wordless).toEqual([])
  expect(found.length).toBeGreaterThan(30)
})
