import { expect, test } from 'bun:test'
import { canonicalJson, fingerprintOf } from './fingerprint.ts'

test('the order of fields and the spaces between them make no difference', () => {
  const one = JSON.parse('{"user":1,"items":[{"sku":1,"count":2}]}')
  const other = JSON.parse('{ "items": [ { "count": 2, "sku": 1 } ], "user": 1.0 }')
  expect(canonicalJson(one)).toBe('{"items":[{"count":2,"sku":1}],"user":1}')
  expect(fingerprintOf('secret', one)).toBe(fingerprintOf('secret', other))
})

test.each([
  [{ a: 1 }, { a: '1' }],
  [{ a: 1 }, { a: 1, b: null }],
  [{ a: [1, 2] }, { a: [2, 1] }],
  [{ a: {} }, { a: [] }],
  [JSON.parse('{"__proto__":1}'), {}],
])('%j is not %j', (one, other) => {
  expect(fingerprintOf('secret', one)).not.toBe(fingerprintOf('secret', other))
})

test('it is an HMAC: without the secret nobody can try what was sent', () => {
  expect(fingerprintOf('secret', { a: 1 })).toMatch(/^[0-9a-f]{64}$/)
  expect(fingerprintOf('secret', { a: 1 })).not.toBe(fingerprintOf('another', { a: 1 }))
})
