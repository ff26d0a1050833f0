//! What a schema asks for, as it is told to whoever missed it.
import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { expected } from './expected.ts'

const pattern = '^[a-z]{2}$'

test('of a few words each is named, whatever is said of what they are for', () => {
  const levels = [Type.Literal('info'), Type.Literal('warn')]
  expect(expected(Type.Union(levels, { description: 'The least that is logged.' }))).toBe(
    'must be one of "info", "warn"',
  )
  // What else may be said is described, for it would not read well.
  const id = Type.Union([Type.Integer(), Type.String()], { description: 'int64 ≥ 1, also as text' })
  expect(expected(id)).toBe('must be int64 ≥ 1, also as text')
})

test.each([
  [Type.String({ pattern, description: 'two small letters' }), 'two small letters'],
  [
    Type.String({ pattern, expected: 'two small letters', description: 'Of the country.' }),
    'two small letters',
  ],
  [
    Type.Union([Type.String({ pattern, description: 'two small letters' }), Type.Null()]),
    'two small letters, or null',
  ],
  [Type.String({ pattern, maxLength: 2 }), 'text of at most 2 characters of the documented form'],
  // Of what has no pattern the length is enough, and its description may say what it is for.
  [Type.String({ maxLength: 2, description: 'Of the country.' }), 'text of at most 2 characters'],
])('text of a certain form is asked for in words: %j', (schema, words) => {
  expect(expected(schema)).toBe(`must be ${words}`)
})
