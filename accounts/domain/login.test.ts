//! Logins: what may be one, and when two are the same.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { emailKeyOf, loginKeyOf } from './login.ts'

describe('a login', () => {
  test.each([
    'olena',
    'Olena.Koval',
    'олена',
    'o_l-e+n@example.org',
    '１２３',
    'a'.repeat(64),
    'ĳs1',
    '張三豐',
  ])('may be %s', (login) => expect(loginKeyOf(login)).toBeDefined())

  test.each([
    '',
    'ab',
    'a'.repeat(65),
    'a b c',
    ' abc',
    'abc ',
    '.abc',
    '@abc',
    'ab\u0000c',
    'ab\u200bc',
    'ab\u202ec',
    'ab\nc',
    'a😀bc',
    '\u0301abc',
  ])('may not be %j', (login) => expect(loginKeyOf(login)).toBeUndefined())

  test.each([
    ['OLENA', 'olena'],
    ['Straße', 'STRASSE'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
    ['ﬁne', 'FINE'],
    ['ｆｕｌｌ', 'full'],
    ['e\u0301té', 'ÉTÉ'],
    ['ОЛЕНА', 'олена'],
  ])('%s is the same as %s', (one, other) => {
    expect(loginKeyOf(one)).toBe(loginKeyOf(other) ?? 'no login')
  })

  test.each([
    ['a dotless i', 'mıke@example.org', 'mike@example.org'],
    ['a dotless i of the host', 'mike@gmaıl.com', 'mike@gmail.com'],
    ['a long s', 'boſs@example.org', 'boss@example.org'],
    ['a kelvin sign', 'mi\u212Ae@example.org', 'mike@example.org'],
    ['wide letters', 'ｍike@example.org', 'mike@example.org'],
    ['a ligature', 'ﬁona@example.org', 'fiona@example.org'],
  ])('of an address is not that of another: %s', (_, one, other) => {
    expect(emailKeyOf(one)).not.toBe(emailKeyOf(other))
  })

  test('of an address is the same in capitals', () => {
    expect(emailKeyOf('Mike@Example.ORG')).toBe(emailKeyOf('mike@example.org'))
  })

  test('has a key that is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 3, maxLength: 64 }), (login) => {
        const key = loginKeyOf(login)
        if (key !== undefined && key.length <= 64) expect(loginKeyOf(key)).toBe(key)
        expect(emailKeyOf(emailKeyOf(login))).toBe(emailKeyOf(login))
      }),
    )
  })
})
