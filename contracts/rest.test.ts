import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { fail, ok, type Result } from './errors.ts'
import { money, toDecimal } from './money.ts'
import {
  AmountSchema,
  amountOf,
  DecimalSchema,
  listReply,
  pageOf,
  refusedInText,
  SkuTextSchema,
  skuOf,
} from './rest.ts'
import { uint32Max } from './scalars.ts'

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

describe('a SKU as it is sent', () => {
  test.each([1, '1', uint32Max, String(uint32Max), '4294967294', '999999999', '4199999999'])(
    '%p is one',
    (given) => {
      expect(Value.Check(SkuTextSchema, given)).toBe(true)
      expect(String(skuOf(given))).toBe(String(given))
    },
  )

  test.each([
    0,
    '0',
    '01',
    '-1',
    '1.0',
    ' 1',
    '',
    uint32Max + 1,
    String(uint32Max + 1),
    '4294967300',
    '9999999999',
    1.5,
    null,
  ])('%p is none', (given) => {
    expect(Value.Check(SkuTextSchema, given)).toBe(false)
  })
})

test('a refusal names orders and SKUs as text, and what it counts as numbers; what went well stays', () => {
  const details = {
    order_id: 7,
    skus: [1, 2],
    shortages: [{ sku: 1, wanted: 3, available: 2 }],
    reason: 'why',
  }
  expect(refusedInText(fail('insufficient_stock', details))).toEqual(
    fail('insufficient_stock', {
      order_id: '7',
      skus: ['1', '2'],
      shortages: [{ sku: '1', wanted: 3, available: 2 }],
      reason: 'why',
    }),
  )
  for (const same of [
    fail('cart_empty'),
    fail('total_changed', { total: '1.00' }),
    { ...ok(7), replayOf: 'req_1' },
  ])
    expect(refusedInText<Result<unknown>>(same)).toEqual(same)
})
