import { expect, test } from 'bun:test'
import { readJson } from './json.ts'

const read = (text: string) => readJson(Buffer.from(text))

test.each([
  ['""', ''],
  ['0', 0],
  ['null', null],
  ['{"a":["ґ"]}', { a: ['ґ'] }],
])('%s is read', (text, value) => {
  expect(read(text)).toEqual(value)
})

test.each([[''], ['{"a":'], ['undefined'], ['\0'], ['"\0"']])('%j is none', (text) => {
  expect(read(text)).toBeUndefined()
})

test('text that is not UTF-8 is none', () => {
  expect(readJson(new Uint8Array([0x22, 0xff, 0x22]))).toBeUndefined()
})

test('U+0000 is kept by no store, wherever it stands; a backslash before its digits is only text', () => {
  for (const text of ['"\\u0000"', '"a\\u0000"', '{"\\u0000":1}', '"\\\\\\u0000"', '["\\\\u0000","\\u0000"]'])
    expect([text, read(text)]).toEqual([text, undefined])
  expect(read('"\\\\u0000"')).toBe('\\u0000')
  expect(read('"\\\\\\\\u0000"')).toBe('\\\\u0000')
})
