import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { CountSchema, Int64Schema, SkuSchema } from '../../contracts/scalars.ts'
import { problemsMax, shapeOf } from './shape.ts'

const Order = shapeOf(
  Type.Object({
    user: Int64Schema,
    items: Type.Array(Type.Object({ sku: SkuSchema, count: CountSchema }), { minItems: 1, maxItems: 3 }),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 5 })),
    kind: Type.Optional(Type.Union([Type.Literal('pickup'), Type.Literal('courier')])),
    place: Type.Optional(Type.Object({ lines: Type.Array(Type.String()) })),
  }),
)
const good = { user: 1, items: [{ sku: 1, count: 1 }] }

/** What is wrong, as path and message in one line each. */
function wrong(value: unknown, shape = Order): string[] {
  const problems = shape.problems(value).map(({ path, message }) => `${path} ${message}`)
  expect(shape.check(value)).toBe(problems.length === 0)
  return problems
}

describe('what has the shape has no problem', () => {
  test.each([
    good,
    { ...good, note: 'short', kind: 'pickup', place: { lines: [] } },
    { ...good, user: '9223372036854775807' },
    { ...good, user: Number.MAX_SAFE_INTEGER },
  ])('%j', (value) => expect(wrong(value)).toEqual([]))
})

describe('every wrong path is told, and each once', () => {
  test('missing, unknown and wrong fields, at every depth', () => {
    const value = {
      items: [{ sku: 0, count: 1, extra: 1 }, { count: '2' }, 7],
      note: '',
      surprise: {},
      kind: 'drone',
    }
    expect(wrong(value)).toEqual([
      '/user is required',
      '/items/0/sku must be a whole number from 1 to 4294967295',
      '/items/0/extra is not a known field',
      '/items/1/sku is required',
      '/items/1/count must be a whole number from 1 to 65535',
      '/items/2 must be an object',
      '/note must be text of 1 to 5 characters',
      '/surprise is not a known field',
      '/kind must be one of "pickup", "courier"',
    ])
  })

  test.each([[null], [[]], ['text'], [7], [true]])('%j is no object', (value) => {
    expect(wrong(value)).toEqual([' must be an object'])
  })

  test('the number of entries', () => {
    expect(wrong({ ...good, items: [] })).toEqual(['/items must be a list of 1 to 3 entries'])
    expect(wrong({ ...good, items: Array(4).fill({ sku: 1, count: 1 }) })).toEqual([
      '/items must be a list of 1 to 3 entries',
    ])
  })

  test('a union has one message that people can read', () => {
    for (const user of [0, -1, 1.5, '01', '-1', '', true, null, [], 2 ** 53, '9223372036854775808']) {
      expect(wrong({ ...good, user })).toEqual([
        '/user must be int64 ≥ 1: a number up to 2^53−1, or decimal text',
      ])
    }
  })

  test('names are escaped as JSON Pointers have it', () => {
    expect(wrong({ ...good, 'a/b~c': 1 })).toEqual(['/a~1b~0c is not a known field'])
  })

  test('rules over a whole value are told at its path', () => {
    const shape = shapeOf(Type.Object({ tags: Type.Array(Type.String(), { uniqueItems: true }) }))
    expect(wrong({ tags: ['a', 'a'] }, shape)).toEqual(['/tags must be a list, none of them twice'])
  })

  test('a hostile number of them is cut', () => {
    const many = Object.fromEntries(Array.from({ length: problemsMax + 500 }, (_, i) => [`x${i}`, i]))
    expect(Order.problems({ ...good, ...many })).toHaveLength(problemsMax)
  })
})

describe('nothing is coerced', () => {
  const shape = shapeOf(Type.Object({ count: Type.Integer(), on: Type.Boolean(), name: Type.String() }))
  test.each([
    { count: '7', on: true, name: '' },
    { count: 7, on: 'true', name: '' },
    { count: 7, on: 1, name: '' },
    { count: 7, on: true, name: 7 },
    { count: 7, on: true, name: null },
    { count: 7.5, on: true, name: '' },
    { count: 1e308, on: true, name: '' },
  ])('%j', (value) => expect(wrong(value, shape)).toHaveLength(1))

  test('integers that JSON does not keep exact are refused, also where no bound was declared', () => {
    expect(wrong(JSON.parse('{"count":9007199254740993,"on":true,"name":""}'), shape)).toEqual([
      '/count must be a whole number from -9007199254740991 to 9007199254740991',
    ])
    expect(wrong({ count: Number.MAX_SAFE_INTEGER, on: true, name: '' }, shape)).toEqual([])
  })
})

describe('unknown fields are refused however deep the object lies', () => {
  const Inner = Type.Object({ a: Type.Optional(Type.Integer()) })
  test.each([
    ['in a list', Type.Object({ x: Type.Array(Inner) }), { x: [{ b: 1 }] }, '/x/0/b'],
    ['in a union', Type.Object({ x: Type.Union([Inner, Type.Null()]) }), { x: { b: 1 } }, '/x'],
    ['in a tuple', Type.Object({ x: Type.Tuple([Inner]) }), { x: [{ b: 1 }] }, '/x'],
    ['in a map', Type.Object({ x: Type.Record(Type.String(), Inner) }), { x: { y: { b: 1 } } }, '/x'],
    [
      'in an intersection',
      Type.Intersect([Inner, Type.Object({ c: Type.Integer() })]),
      { a: 1, c: 1, b: 1 },
      '',
    ],
  ])('%s', (_, schema, value, path) => {
    const shape = shapeOf(schema)
    expect(shape.check(value)).toBe(false)
    expect(shape.problems(value).map((problem) => problem.path)).toEqual([path])
  })

  test('a schema that says that it is open stays open', () => {
    const shape = shapeOf(Type.Object({ a: Type.Integer() }, { additionalProperties: true }))
    expect(wrong({ a: 1, b: 2 }, shape)).toEqual([])
  })
})

describe('names that objects have by birth are names like others', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is an unknown field', (name) => {
    const value = JSON.parse(`{"user":1,"items":[{"sku":1,"count":1}],"${name}":{"admin":true}}`)
    expect(wrong(value)).toEqual([`/${name} is not a known field`])
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  test('and are missing where only the prototype has them', () => {
    const shape = shapeOf(Type.Object({ constructor: Type.String() }))
    expect(shape.problems({}).map(({ path }) => path)).toEqual(['/constructor'])
  })
})

describe('depth', () => {
  const nested = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)
  test.each([1000, 400_000])('%i levels where a scalar belongs are one problem', (levels) => {
    expect(wrong({ ...good, user: nested(levels) })).toHaveLength(1)
  })

  test('where anything may stand, it may not stand deep', () => {
    const shape = shapeOf(Type.Object({ anything: Type.Unknown() }))
    expect(wrong({ anything: nested(60) }, shape)).toEqual([])
    expect(wrong({ anything: nested(400_000) }, shape)).toEqual([' must not be nested deeper than 64 levels'])
  })
})
