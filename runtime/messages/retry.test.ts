import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Refusal } from '../refusal.ts'
import { nextOffset, repairableSince, shiftBelow, unrememberedAfter } from './resync.ts'
import { backoffMs, isStoreAway, kindOf, reasonOf } from './retry.ts'

describe('backoffMs', () => {
  test('grows to its bound and no further, and never to nothing', () => {
    const backoff = { firstMs: 50, maxMs: 2_000 }
    expect([1, 2, 3, 7, 1_000].map((failures) => backoffMs(failures, backoff, () => 0))).toEqual([
      50, 100, 200, 2_000, 2_000,
    ])
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, chance) => {
          const ms = backoffMs(failures, backoff, () => chance)
          expect(ms).toBeGreaterThanOrEqual(25)
          expect(ms).toBeLessThanOrEqual(2_000)
        },
      ),
    )
  })
})

describe('isStoreAway', () => {
  const coded = (code: string, cause?: unknown) => Object.assign(new Error('x', { cause }), { code })
  test.each<[string, unknown, boolean]>([
    ['a store that refuses', new Refusal('unavailable', 'x'), true],
    ['a store that has too much to do', new Refusal('overloaded', 'x'), true],
    ['another refusal', new Refusal('in_progress', 'x'), false],
    ['a full disk', coded('SQLITE_FULL'), true],
    ['a broken disk', coded('SQLITE_IOERR_FSYNC'), true],
    ['a broken rule', coded('SQLITE_CONSTRAINT_UNIQUE'), false],
    ['a server that goes down', new Error('Failed query', { cause: coded('57P01') }), true],
    ['a full server', new Error('Failed query', { cause: coded('53100') }), true],
    ['a broken rule of the server', new Error('Failed query', { cause: coded('23505') }), false],
    ['a bug', new TypeError('x'), false],
    ['what is no error', 'text', false],
    ['nothing', undefined, false],
  ])('%s', (_, error, away) => expect(isStoreAway(error)).toBe(away))
})

describe('what is said of an error', () => {
  const error = Object.assign(
    new Error('Failed query: insert … params: secret@example.com', { cause: new TypeError('why\0') }),
    { code: 'E1' },
  )
  test('in a log: what it is, and nothing of what was in the row', () =>
    expect(kindOf(error)).toBe('Error E1 (TypeError)'))
  test('in a dead letter: all of it, as a store can keep it', () => {
    expect(reasonOf(error)).toBe('Error: Failed query: insert … params: secret@example.com (TypeError: why)')
    expect(reasonOf(new Error('x'.repeat(5_000)))).toHaveLength(2_000)
  })
})

describe('where outbox and stream are compared', () => {
  test('steps back from the newest grow, so that even a million rows take twenty', () => {
    let steps = 0
    for (let offset = 0; offset < 1_000_000; offset = nextOffset(offset)) steps += 1
    expect(steps).toBeLessThanOrEqual(21)
  })
  test('with nothing remembered, what two relays may have had under way is looked at', () => {
    expect(unrememberedAfter(1_000, 256)).toBe(488)
    expect(unrememberedAfter(100, 256)).toBe(0)
  })
  test('what is lost now is put before what was lost already, and only as far as it must', () => {
    expect(shiftBelow(undefined, 7)).toBe(0)
    expect(shiftBelow(5, undefined)).toBe(0)
    expect(shiftBelow(5, 4)).toBe(0)
    expect(7 - shiftBelow(5, 7)).toBe(4)
  })
  test('what the stream is about to drop by age is not repaired', () => {
    const day = 24 * 60 * 60 * 1000
    expect(repairableSince(10 * day, 7 * day)).toBe(3 * day + 60 * 60 * 1000)
    expect(repairableSince(10 * day, 1_000)).toBe(10 * day - 900)
  })
})
