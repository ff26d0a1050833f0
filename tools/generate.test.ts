//! Generating: what is written, what is only named, and what a page made by hand keeps.
import { expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { callsOf } from './generate/api.ts'
import { between, bringAbout, table } from './generate/files.ts'
import { diagramOf } from './generate/order-diagram.ts'
import { findGrpcMethods, findRoutes } from './generate/routes.ts'
import { wordsOf } from './generate/schema-words.ts'
import { rowsOf } from './generate/settings.ts'

async function inScratch(run: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'kiosk-generate-'))
  await run(root).finally(() => rm(root, { recursive: true }))
}

const wanted = {
  files: [
    { path: 'docs/a.md', text: 'a' },
    { path: 'docs/all/b.json', text: 'b' },
  ],
  folders: ['docs/all'],
}

test('what is missing is written once, and again when it differs', () =>
  inScratch(async (root) => {
    expect(await bringAbout(wanted, { check: false, root })).toEqual(['docs/a.md', 'docs/all/b.json'])
    expect(await bringAbout(wanted, { check: false, root })).toEqual([])
    await Bun.write(join(root, 'docs/a.md'), 'changed by hand')
    expect(await bringAbout(wanted, { check: false, root })).toEqual(['docs/a.md'])
    expect(await Bun.file(join(root, 'docs/a.md')).text()).toBe('a')
  }))

test('a folder that is made as a whole keeps nothing else', () =>
  inScratch(async (root) => {
    await Bun.write(join(root, 'docs/all/old.json'), 'of a fact that is gone')
    await Bun.write(join(root, 'docs/by-hand.md'), 'stays')
    expect(await bringAbout(wanted, { check: false, root })).toContain('docs/all/old.json')
    expect(await readdir(join(root, 'docs/all'))).toEqual(['b.json'])
    expect(await Bun.file(join(root, 'docs/by-hand.md')).exists()).toBe(true)
  }))

test('checking names what differs and touches nothing', () =>
  inScratch(async (root) => {
    await Bun.write(join(root, 'docs/all/old.json'), 'old')
    const names = ['docs/a.md', 'docs/all/b.json', 'docs/all/old.json']
    expect(await bringAbout(wanted, { check: true, root })).toEqual(names)
    expect((await readdir(root, { recursive: true })).sort()).toEqual([
      'docs',
      'docs/all',
      'docs/all/old.json',
    ])
  }))

test('only what stands between its markers is replaced', () => {
  const page = 'by hand\n<!-- x -->\nold\n<!-- end of x -->\nby hand too\n'
  const replaced = 'by hand\n<!-- x -->\nnew\n<!-- end of x -->\nby hand too\n'
  expect(between(page, 'x', 'new\n')).toBe(replaced)
  expect(between(replaced, 'x', 'new')).toBe(replaced)
})

test.each(['no markers', '<!-- x --> only one', '<!-- x --><!-- end of x --><!-- x --><!-- end of x -->'])(
  'a page without one pair of markers is refused: %p',
  (page) => expect(() => between(page, 'x', 'new')).toThrow('exactly one pair'),
)

test('a line in a cell of a table does not end the cell', () => {
  expect(table(['a', 'b'], [['1|2', '3\n4']])).toBe('| a | b |\n| --- | --- |\n| 1\\|2 | 3 4 |')
})

test('a diagram begins at what nothing leads to and ends at what nothing leads from', () => {
  const drawn = diagramOf({ open: ['shut', 'lost'], shut: [], lost: [] }).split('\n')
  expect(drawn.slice(2, -1)).toEqual([
    '  [*] --> open',
    '  open --> shut',
    '  open --> lost',
    '  shut --> [*]',
    '  lost --> [*]',
  ])
})

test('a default that is worked out is told in words and is no value', () => {
  const [fixed, worked] = rowsOf(
    Type.Object({
      A_MS: Type.Integer({ minimum: 1, maximum: 9, default: 5, description: 'How long.' }),
      B: Type.Optional(Type.String({ defaultText: 'whatever A is', secret: true })),
    }),
  )
  expect(fixed).toMatchObject({
    name: 'A_MS',
    default: '5',
    values: 'A whole number from 1 to 9.',
    secret: false,
  })
  expect(worked).toMatchObject({ name: 'B', default: undefined, defaultWords: 'whatever A is', secret: true })
})

test.each([
  [Type.Union([Type.Literal('a'), Type.Literal('b')]), 'one of "a", "b"'],
  [
    Type.Array(Type.Object({ sku: Type.Integer(), name: Type.Optional(Type.String()) })),
    'list of {sku, name?}',
  ],
  [Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]), 'whole number from 1, or null'],
  [Type.String({ description: 'RFC 3339' }), 'RFC 3339'],
])('a schema in words: %#', (schema, words) => expect(wordsOf(schema)).toBe(words))

test('every route and every method of every service has one line, and one line only', async () => {
  const [routes, methods] = await Promise.all([findRoutes(), findGrpcMethods()])
  const services = new Set(routes.map(({ service }) => service))
  expect([...services]).toEqual(['accounts', 'billing', 'cart', 'catalog', 'delivery', 'loms', 'notifier'])
  const lines = callsOf(routes, methods).split('\n')
  const wanted = [
    ...routes.map(
      ({ service, method, path, guard }) =>
        `| ${service} | \`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}\` | ${guard} |`,
    ),
    ...methods.map(({ service, name, guard }) => `| ${service} | \`${name}\` | ${guard} |`),
  ]
  for (const start of wanted) expect(lines.filter((line) => line.startsWith(start))).toHaveLength(1)
  expect(lines.filter((line) => /^\| [a-z]+ \| `/.test(line))).toHaveLength(wanted.length)
})
