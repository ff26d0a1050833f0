//! What the pages promise their readers: links and anchors that lead somewhere, commands that are there, and no service or decision left out.
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { anchorsOf, linksOf, programsIn, scriptsIn } from './pages.ts'
import { files, root, services, textOf } from './repository.ts'

const pages = files.filter((path) => path.endsWith('.md'))
const anchors = new Map(pages.map((page) => [page, anchorsOf(textOf(page))]))

describe('a page is read as GitHub shows it', () => {
  const page =
    '# `a.b`: c, d\n\n## Not [here](x.md)\n## Not here\n```\n# no heading [no](link.md)\n```\n## Кава і чай\n'

  test('headings', () => {
    expect([...anchorsOf(page)]).toEqual(['ab-c-d', 'not-here', 'not-here-1', 'кава-і-чай'])
  })

  test('links', () => {
    const links = '[a](../b.md#c) [d](#e) [f](https://g) [h](mailto:i)'
    expect(linksOf('docs/x.md', `${page}${links}`)).toEqual([
      { path: 'docs/x.md', anchor: undefined },
      { path: 'b.md', anchor: 'c' },
      { path: 'docs/x.md', anchor: 'e' },
    ])
  })

  test('commands', () => {
    expect(scriptsIn('`bun run dev --fresh`, npx --yes bun@1.4.4 run test')).toEqual(['dev', 'test'])
    expect(programsIn('`bun loms/main.ts`, or `bun tools/nats.ts run`')).toEqual([
      'loms/main.ts',
      'tools/nats.ts',
    ])
  })
})

test('there are pages to look at', () => {
  expect(pages.length).toBeGreaterThan(20)
})

test('every link of every page leads to a file or a folder, and its anchor to a heading', () => {
  const broken = pages.flatMap((page) =>
    linksOf(page, textOf(page))
      .filter(({ path, anchor }) => {
        if (!existsSync(join(root, path))) return true
        return anchor !== undefined && anchors.get(path)?.has(anchor) !== true
      })
      .map(({ path, anchor }) => `${page} links ${path}${anchor === undefined ? '' : `#${anchor}`}`),
  )
  expect(broken).toEqual([])
})

test('every command of every page is there', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const unknown = pages.flatMap((page) => [
    ...scriptsIn(textOf(page))
      .filter((script) => !Object.hasOwn(scripts, script))
      .map((script) => `${page}: bun run ${script}`),
    ...programsIn(textOf(page))
      .filter((file) => !files.includes(file))
      .map((file) => `${page}: bun ${file}`),
  ])
  expect(unknown).toEqual([])
})

test('every decision is in the table of decisions', () => {
  const listed = new Set(
    linksOf('docs/decisions/README.md', textOf('docs/decisions/README.md')).map(({ path }) => path),
  )
  const decisions = files.filter((path) => /^docs\/decisions\/\d{4}-/.test(path))
  expect(decisions.length).toBeGreaterThan(10)
  expect(decisions.filter((path) => !listed.has(path)).map((path) => basename(path))).toEqual([])
})

test.each(['README.md', 'docs/architecture.md', 'docs/operating.md'])('%s names every service', (page) => {
  expect(services.length).toBeGreaterThan(3)
  expect(services.filter((service) => !new RegExp(`\\| (\\[)?${service}\\b`).test(textOf(page)))).toEqual([])
})

test('every service has a page of its own, and says where it is tried', () => {
  const silent = services.filter((service) => {
    const page = `${service}/README.md`
    return !pages.includes(page) || !/\/swagger>/.test(textOf(page))
  })
  expect(silent).toEqual([])
})
