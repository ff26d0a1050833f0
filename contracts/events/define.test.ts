import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { belongsTo, defineEvent, defineStream } from './define.ts'

const Counted = defineEvent('counter.counted', Type.Object({ number: Type.Integer({ minimum: 0 }) }))

describe('defineEvent', () => {
  test('data of its schema has no problem, nor has a field that it does not know yet', () => {
    expect(Counted.problemOf({ number: 1 })).toBeUndefined()
    expect(Counted.problemOf({ number: 1, added: 'later' })).toBeUndefined()
  })

  test.each([
    [{}],
    [{ number: '1' }],
    [{ number: -1 }],
    [{ number: 1.5 }],
    // It is read as the same number as 9007199254740993.
    [{ number: 2 ** 53 }],
    [{ number: 1e300 }],
    [null],
    [undefined],
    [[]],
    ['1'],
  ])('%j is told what is wrong with it', (data) => {
    expect(Counted.problemOf(data)).toMatch(/^\/.*: \S/)
  })

  test('whole numbers go as far as they are exact, wherever they stand, and the schema stays as it was', () => {
    const many = Type.Object({ of: Type.Array(Type.Union([Type.Null(), Type.Integer()])) })
    const Many = defineEvent('counter.seen', many)
    const { MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least } = Number
    expect(Many.problemOf({ of: [most, null, least] })).toBeUndefined()
    for (const beyond of [most + 1, least - 1]) expect(Many.problemOf({ of: [0, beyond] })).toContain('/of/1')
    expect(Many.schema).toBe(many)
    expect(JSON.stringify(many)).not.toContain('maximum')
  })

  test('a type is the entity and what happened to it', () => {
    for (const type of ['counted', 'Counter.counted', 'counter.', 'counter counted', 'counter.*', ''])
      expect(() => defineEvent(type, Type.Object({}))).toThrow('not a type of fact')
  })

  test('a schema that is closed to new fields is refused', () => {
    const closed = Type.Object({}, { additionalProperties: false })
    expect(() => defineEvent('counter.counted', closed)).toThrow('must be open')
  })
})

describe('defineStream', () => {
  const stream = defineStream({ service: 'counter', subjects: ['counter.>', 'clock.>'] })

  test('is named after its service', () => expect(stream.name).toBe('COUNTER'))

  test('holds the facts of its entities and no others', () => {
    expect(['counter.counted', 'clock.ticked'].every((type) => belongsTo(stream, type))).toBe(true)
    expect(['counters.counted', 'order.confirmed', 'counter'].some((type) => belongsTo(stream, type))).toBe(
      false,
    )
  })

  test('takes the subjects of whole entities only', () => {
    for (const subject of ['>', '*.counted', 'counter.counted', 'counter'])
      expect(() => defineStream({ service: 'counter', subjects: [subject] })).toThrow('not the subjects')
  })
})
