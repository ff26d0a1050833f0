//! The catalogue's token.
import { expect, test } from 'bun:test'
import { tokenCheck } from './token.ts'

const isToken = tokenCheck('testtoken')

test('only the same token is taken', () => {
  expect(isToken('testtoken')).toBe(true)
  for (const wrong of ['', 'testtoke', 'testtoken ', 'Testtoken', 'testtoken\0', 'x'.repeat(100_000)]) {
    expect(isToken(wrong)).toBe(false)
  }
})

test('letters of any alphabet count as they are written', () => {
  expect(tokenCheck('ключ')('ключ')).toBe(true)
  expect(tokenCheck('ключ')('клюс')).toBe(false)
})
