import { expect, test } from 'bun:test'
import { apart, importsOf } from './sources.ts'

test('imports of values, of types, of everything, for effect and in passing are all found', () => {
  const text = [
    `import { readFile } from 'node:fs/promises'`,
    `import type { Order } from '../domain/order.ts'`,
    `import {\n  type Answer,\n  mapAnswer as say,\n} from '../../runtime/call.ts'`,
    `import * as everything from './all.ts'`,
    `import one, { two } from './both.ts'`,
    `import './effect.ts'`,
    `export { passed } from './passed.ts'`,
    `const later = await import('./later.ts')`,
  ].join('\n')
  expect(importsOf(text)).toEqual([
    { from: 'node:fs/promises', names: ['readFile'] },
    { from: '../domain/order.ts', names: ['Order'] },
    { from: '../../runtime/call.ts', names: ['Answer', 'mapAnswer'] },
    { from: './all.ts', names: [] },
    { from: './both.ts', names: ['two'] },
    { from: './passed.ts', names: ['passed'] },
    { from: './effect.ts', names: [] },
    { from: './later.ts', names: [] },
  ])
})

test('a sentence about imports is none', () => {
  expect(importsOf(`// whoever wants to import it from '../loms' may not\nconst from = 'x'`)).toEqual([])
})

test.each([
  ['a line comment', `a // b`, 'a     ', '  // b'],
  ['a block over two lines', `a /* b\nc */ d`, 'a     \n     d', '  /* b\nc */  '],
  ['a sign in quotes', `a('//b')`, `a('//b')`, ''],
  ['a sign in a template', 'a(`//b`)', 'a(`//b`)', ''],
  ['a comment after a template in a template', `a(\`\${\`b\`} //c\`) // d`, `a(\`\${\`b\`} //c\`)     `, ''],
  [
    'a comment within a template',
    `a(\`x \${ { b: 1 } /* c */ } //d\`)`,
    `a(\`x \${ { b: 1 }         } //d\`)`,
    '',
  ],
  ['a quote in a pattern', `a(/'/) // b`, `a(/'/)     `, ''],
  ['a slash in a class of a pattern', `= /[/*]'x/ // b`, `= /[/*]'x/     `, ''],
  ['a division', `a / b // c / d`, `a / b         `, ''],
])('code and comments are told apart: %s', (_, text, code, comments) => {
  const found = apart(text)
  expect(found.code).toBe(code)
  if (comments !== '') expect(found.comments).toBe(comments)
  expect(found.code.length).toBe(text.length)
})
