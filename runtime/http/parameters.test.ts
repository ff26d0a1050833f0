import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { Int64Schema, SkuSchema } from '../../contracts/scalars.ts'
import { parametersOf } from './parameters.ts'

const Query = parametersOf(
  Type.Object({
    page: Type.Optional(Type.Integer({ minimum: 1 })),
    open: Type.Optional(Type.Boolean()),
    q: Type.Optional(Type.String({ maxLength: 10 })),
    status: Type.Optional(Type.Union([Type.Literal('pending'), Type.Literal('failed')])),
    sku: Type.Optional(Type.Array(SkuSchema, { maxItems: 2 })),
    share: Type.Optional(Type.Number()),
  }),
)

describe('the query is read as its schema declares', () => {
  test.each([
    ['', {}],
    [
      'page=2&open=true&q=%D1%87%D0%B0%D0%B9&status=failed&share=0.5',
      { page: 2, open: true, q: 'чай', status: 'failed', share: 0.5 },
    ],
    ['q=7&q2=', { q: '7', q2: '' }],
    ['q=a+b', { q: 'a b' }],
    ['sku=1&sku=2', { sku: [1, 2] }],
    ['sku=1', { sku: [1] }],
  ])('%s', (search, values) => {
    expect({ ...Query.fromQuery(search).values }).toEqual(values)
  })

  test.each([
    ['page=0', '/page'],
    ['page=x', '/page'],
    ['page=', '/page'],
    ['page=1.5', '/page'],
    ['page=2.0', '/page'],
    ['page=1.00000000000000000001', '/page'],
    ['page=1e2', '/page'],
    ['page=01', '/page'],
    ['page=+1', '/page'],
    ['page=1&page=2', '/page'],
    ['open=yes', '/open'],
    ['status=shipped', '/status'],
    ['q=12345678901', '/q'],
    ['q=%00', '/q'],
    ['sku=1&sku=x', '/sku/1'],
    ['sku=1&sku=2.0', '/sku/1'],
    ['sku=1&sku=2&sku=3', '/sku'],
    ['surprise=1', '/surprise'],
    ['__proto__=1', '/__proto__'],
  ])('%s is refused at %s', (search, path) => {
    expect(Query.fromQuery(search).problems.map((problem) => [problem.in, problem.path])).toEqual([
      ['query', path],
    ])
  })

  test('what is given more than once, with whatever value, is told to be so', () => {
    const { problems } = Query.fromQuery('page=1&q=tea&page=1&q=&sku=1&sku=2&other=1&other=2&page=x')
    expect(problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
      '/page is given more than once',
      '/q is given more than once',
      '/other is not a known field',
    ])
  })

  test('every wrong parameter is told at once', () => {
    expect(Query.fromQuery('page=x&open=x&surprise=x').problems.map(({ path }) => path)).toEqual([
      '/page',
      '/open',
      '/surprise',
    ])
  })

  test('what is required must be there', () => {
    const shape = parametersOf(Type.Object({ q: Type.String() }))
    expect(shape.fromQuery('').problems).toEqual([{ path: '/q', message: 'is required', in: 'query' }])
  })
})

describe('the path is read as its schema declares', () => {
  const shape = parametersOf(Type.Object({ id: Int64Schema, sku: SkuSchema }))

  test('numbers are numbers, and int64 keeps its text', () => {
    expect({ ...shape.fromPath({ id: '9007199254740993', sku: '7' }).values }).toEqual({
      id: '9007199254740993',
      sku: 7,
    })
  })

  test('a whole number has no point in it', () => {
    const { problems } = shape.fromPath({ id: '7.0', sku: '2001.0' })
    expect(problems.map(({ path }) => path)).toEqual(['/id', '/sku'])
  })

  test('what could not be decoded is wrong, and so is what is no number', () => {
    const { problems } = shape.fromPath({ id: undefined, sku: 'seven' })
    expect(problems.map((problem) => [problem.in, problem.path])).toEqual([
      ['path', '/id'],
      ['path', '/sku'],
    ])
  })
})
