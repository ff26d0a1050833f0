import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { money, toDecimal } from './money.ts'
import { AmountSchema, amountOf, DecimalSchema, listReply, pageOf } from './rest.ts'

const read = (given: unknown) =>
  Value.Check(AmountSchema, given) ? amountOf(given, 'UAH')?.amount : undefined

describe('money as it is sent', () => {
  test.each([
    ['1500.00', 150_000],
    ['1500', 150_000],
    ['1500.5', 150_050],
    ['0.01', 1],
    [1500, 150_000],
    [0.1, 10],
    [19.99, 1999],
    [1_000_000_000, 100_000_000_000],
  ])('%p is %p kopecks', (given, amount) => {
    expect<unknown>(read(given)).toBe(amount)
  })

  test.each([
    0.001,
    0.1 + 0.2,
    '0.001',
    '1,5',
    '-1',
    -1,
    '',
    '.',
    '.5',
    '1.',
    '1e3',
    1e21,
    Number.NaN,
    null,
    true,
  ])('%p is none', (given) => {
    expect(read(given)).toBeUndefined()
  })

  test('what we write reads back exactly, as text and as a number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999_999 }), (kopecks) => {
        const text = toDecimal(money(kopecks, 'UAH'))
        expect(Value.Check(DecimalSchema, text)).toBe(true)
        expect<unknown>([read(text), read(Number(text))]).toEqual([kopecks, kopecks])
      }),
    )
  })

  test('has no more decimals than its currency', () => {
    expect<unknown>([amountOf('1', 'JPY')?.amount, amountOf('1.5', 'JPY')]).toEqual([1, undefined])
    expect<unknown>(amountOf('1.5', 'KWD')?.amount).toBe(1500)
  })
})

test('a page is where it begins, and says how many there are', () => {
  expect(pageOf({})).toEqual({ number: 1, limit: 20, offset: 0 })
  const page = pageOf({ page: 3, limit: 10 })
  expect(page.offset).toBe(20)
  expect(listReply(['a'], page, 21)).toEqual({
    data: ['a'],
    meta: { page: 3, limit: 10, total: 21, pages: 3 },
  })
})
