import { describe, expect, test } from 'bun:test'
import { type TSchema, Type } from '@sinclair/typebox'
import { losses, shrinkage } from './only-adds.ts'

/** As a snapshot holds it. */
const stored = (schema: TSchema): unknown => JSON.parse(JSON.stringify(schema))
const word = (...words: string[]) => Type.Union(words.map((each) => Type.Literal(each)))

const released = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 10 }),
  note: Type.Optional(Type.String({ maxLength: 5 })),
  status: word('pending', 'confirmed'),
  lines: Type.Array(Type.Object({ sku: Type.Integer() }), { minItems: 1, maxItems: 3 }),
})
const { id, note, status, lines } = released.properties

const grown: readonly (readonly [string, TSchema])[] = [
  ['the same', released],
  [
    'a new field that may be missing',
    Type.Object({ ...released.properties, more: Type.Optional(Type.String()) }),
  ],
  ['a word more', Type.Object({ id, note, lines, status: word('pending', 'confirmed', 'shipped') })],
  ['wider bounds', Type.Object({ note, status, lines, id: Type.Integer({ minimum: 0, maximum: 11 }) })],
  ['no bounds', Type.Object({ note, status, lines, id: Type.Integer() })],
  [
    'one of several where there was one',
    Type.Object({ note, status, lines, id: Type.Union([id, Type.Null()]) }),
  ],
  [
    'a new field within a list that may be missing',
    Type.Object({
      id,
      note,
      status,
      lines: Type.Array(Type.Object({ sku: Type.Integer(), count: Type.Optional(Type.Integer()) })),
    }),
  ],
]

const shrunk: readonly (readonly [string, TSchema, string])[] = [
  ['a field is gone', Type.Object({ id, status, lines }), '/note: is gone'],
  [
    'a new field is required',
    Type.Object({ ...released.properties, more: Type.String() }),
    '/more: is required now',
  ],
  [
    'a field may be missing now',
    Type.Object({ ...released.properties, id: Type.Optional(id) }),
    '/id: is no longer always there',
  ],
  [
    'a field must be there now',
    Type.Object({ ...released.properties, note: Type.String({ maxLength: 5 }) }),
    '/note: is required now',
  ],
  [
    'another type',
    Type.Object({ ...released.properties, id: Type.String() }),
    '/id: type was "integer", is "string"',
  ],
  [
    'a word is gone',
    Type.Object({ ...released.properties, status: word('pending') }),
    '/status: const was "confirmed", is "pending"',
  ],
  [
    'a lower bound that was not there',
    Type.Object({ ...released.properties, note: Type.Optional(Type.String({ minLength: 1, maxLength: 5 })) }),
    '/note: minLength was not there, is 1',
  ],
  [
    'a tighter bound',
    Type.Object({ ...released.properties, id: Type.Integer({ minimum: 1, maximum: 9 }) }),
    '/id: maximum was 10, is 9',
  ],
  [
    'a pattern where any text was let through',
    Type.Object({
      ...released.properties,
      note: Type.Optional(Type.String({ maxLength: 5, pattern: '^a' })),
    }),
    '/note: pattern was not there, is "^a"',
  ],
  [
    'a tighter list',
    Type.Object({ ...released.properties, lines: Type.Array(lines.items, { minItems: 2, maxItems: 3 }) }),
    '/lines: minItems was 1, is 2',
  ],
  [
    'a field within a list is gone',
    Type.Object({ ...released.properties, lines: Type.Array(Type.Object({}), { minItems: 1, maxItems: 3 }) }),
    '/lines/*/sku: is gone',
  ],
  [
    'fields that are not known are refused',
    Type.Object(released.properties, { additionalProperties: false }),
    '/: refuses fields that it does not know',
  ],
]

describe('a schema that only grew has lost nothing', () => {
  test.each(grown)('%s', (_, now) => expect(shrinkage(stored(released), stored(now))).toEqual([]))
})

describe('what was taken away is named with its path', () => {
  test.each(shrunk)('%s', (_, now, problem) =>
    expect(shrinkage(stored(released), stored(now))).toEqual([problem]),
  )
})

test('plain values by name may be added to and not changed', () => {
  const old = { not_found: { kind: 'not_found', rpc: 404 } }
  expect(losses(old, { ...old, gone: { kind: 'not_found' } })).toEqual([])
  expect(losses(old, { not_found: { kind: 'not_found', rpc: 410 } })).toEqual([
    '/not_found/rpc: was 404, is 410',
  ])
  expect(losses(old, {})).toEqual(['/not_found: is gone'])
})
