//! Which passwords may be chosen.
import { expect, test } from 'bun:test'
import list from './common-passwords.txt' with { type: 'text' }
import { passwordProblem, preparedPassword } from './password.ts'

test.each([
  'correct horse battery staple',
  'пароль від мого будинку',
  'x7Kq-93vT',
  '🐎🔋📎✅🐎🔋📎🌲',
  `${'a'.repeat(200)}b`,
  '        spaces  ',
])('%s may be one', (password) => expect(passwordProblem(password, ['olena'])).toBeUndefined())

test('none of the three thousand that most people have may be one, in capitals neither', () => {
  const listed = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(new Set(listed).size).toBe(3000)
  for (const password of listed) {
    expect([password, passwordProblem(password, [])]).toEqual([password, expect.any(String)])
    expect(passwordProblem(password.toUpperCase(), [])).toBeString()
  }
})

test.each([
  ['short', '1234567'],
  ['short in characters, whatever they weigh', '🐎🔋📎🌲'],
  ['one character', 'aaaaaaaaaa'],
  ['a run up', 'abcdefghij'],
  ['a run down', '9876543210'],
  ['common', 'password'],
  ['common with digits behind', 'Password2026'],
  ['common with a sign behind', 'qwertyuiop!'],
  ['a common word twice', 'qwertyqwerty'],
  ['the login', 'Olena.Koval'],
])('%s may not', (_, password) => {
  expect(passwordProblem(password, ['olena.koval'])).toBeString()
})

test('the same letters from another keyboard are the same password', () => {
  expect(preparedPassword('e\u0301')).toBe(preparedPassword('\u00e9'))
  expect(preparedPassword('A')).not.toBe(preparedPassword('a'))
})
