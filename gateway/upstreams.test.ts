//! Addresses with weights, and whose turn it is.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseTargets, turnsOf } from './upstreams.ts'

describe('a setting', () => {
  test.each([
    ['http://127.0.0.1:8081', [{ url: 'http://127.0.0.1:8081', weight: 1 }]],
    ['http://127.0.0.1:8081/', [{ url: 'http://127.0.0.1:8081', weight: 1 }]],
    [
      'http://127.0.0.1:8081=95, http://127.0.0.1:18081=5',
      [
        { url: 'http://127.0.0.1:8081', weight: 95 },
        { url: 'http://127.0.0.1:18081', weight: 5 },
      ],
    ],
    ['https://loms.internal=3', [{ url: 'https://loms.internal', weight: 3 }]],
    ['http://[::1]:8081=2', [{ url: 'http://[::1]:8081', weight: 2 }]],
  ])('%s', (text, targets) => {
    expect(parseTargets(text)).toEqual(targets)
  })

  test.each([
    '',
    'loms:8081',
    'http://a=0',
    'http://a=-1',
    'http://a=x',
    'http://a,',
    'http://a/b',
    'ftp://a',
    'http://u:p@a',
  ])('is none where it is %p', (text) => {
    expect(parseTargets(text)).toBeUndefined()
  })
})

test('turns come by weight exactly, in every run of as many as the weights add up to', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }), (weights) => {
      const targets = weights.map((weight, index) => ({ index, weight }))
      const next = turnsOf(targets)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const counts = weights.map(() => 0)
      for (let turn = 0; turn < total; turn++) {
        const { index } = next(() => true) ?? { index: -1 }
        counts[index] = (counts[index] ?? 0) + 1
      }
      expect(counts).toEqual(weights)
    }),
  )
})

test('whoever may not is passed over, and nobody is left where nobody may', () => {
  const targets = [
    { name: 'a', weight: 9 },
    { name: 'b', weight: 1 },
  ]
  const next = turnsOf(targets)
  expect([1, 2, 3].map(() => next(({ name }) => name === 'b')?.name)).toEqual(['b', 'b', 'b'])
  expect(next(() => false)).toBeUndefined()
})
