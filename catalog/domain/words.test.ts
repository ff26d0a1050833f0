//! What of a query is looked for.
import { expect, test } from 'bun:test'
import { wordsMax, wordsOf } from './words.ts'

test('a query is its words in small letters, each once, ё as е', () => {
  expect(wordsOf('  Мёд, МЕД — «Café» (café)!')).toEqual(['мед', 'café'])
  expect(wordsOf("м’ята м'ята мʼята")).toEqual(['м', 'ята'])
  expect(wordsOf('dz-300 25см home_garden')).toEqual(['dz', '300', '25см', 'home', 'garden'])
})

test('without a letter or digit there is nothing to look for', () => {
  for (const query of ['', ' ', '"*":-()\\', '«—»', '🎁', '\n\t']) expect(wordsOf(query)).toEqual([])
})

test('of many words the first count, and of a long one its beginning', () => {
  const many = Array.from({ length: wordsMax + 10 }, (_, index) => `w${index}`)
  expect(wordsOf(many.join(' '))).toEqual(many.slice(0, wordsMax))
  expect(wordsOf('𠀀'.repeat(500))).toEqual(['𠀀'.repeat(100)])
})
