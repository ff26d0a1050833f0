//! The test run's last line and exit code, over real runs of `bun test` in a shop of stand-ins.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { makeScratchShop, type ScratchShop } from '../tests/harness/scratch.ts'

let shop: ScratchShop
beforeAll(async () => {
  shop = await makeScratchShop()
})
afterAll(() => shop.remove())

const testFile = (...tests: string[]) => `import { expect, test } from 'bun:test'\n${tests.join('\n')}\n`
const passing = (name: string) => `test('${name}', () => { expect(1).toBe(1) })`
const failing = (name: string) => `test('${name}', () => { expect(1).toBe(2) })`

async function run(...args: string[]): Promise<{ code: number; last: string; words: string }> {
  const child = Bun.spawn([process.execPath, 'tools/test.ts', ...args], {
    cwd: shop.root,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { code, last: out.trimEnd().split('\n').at(-1) ?? '', words: `${out}${err}` }
}

test('counts what passed, failed and was skipped', async () => {
  await shop.write(
    'mixed/a.test.ts',
    testFile(passing('one'), failing('two'), `test.skip('three', () => {})`, `test.todo('four')`),
  )
  await shop.write('mixed/deeper/b.test.ts', testFile(passing('five')))
  expect(await run('mixed')).toMatchObject({ code: 1, last: '2 passed, 1 failed, 2 skipped' })
})

test('folders named restrict the run, and a green one exits with 0', async () => {
  await shop.write('green/a.test.ts', testFile(passing('one'), passing('two')))
  await shop.write('red/a.test.ts', testFile(failing('three')))
  expect(await run('green')).toMatchObject({ code: 0, last: '2 passed, 0 failed' })
  expect(await run('green', 'red')).toMatchObject({ code: 1, last: '2 passed, 1 failed' })
  expect(await run('red/a.test.ts')).toMatchObject({ code: 1, last: '0 passed, 1 failed' })
})

test('a file that does not load is a failure, and is named', async () => {
  await shop.write('unloaded/a.test.ts', testFile(passing('one')))
  await shop.write('unloaded/b.test.ts', `import './absent.ts'\n${testFile(passing('two'))}`)
  const { code, last, words } = await run('unloaded')
  expect({ code, last }).toEqual({ code: 1, last: '1 passed, 1 failed' })
  expect(words).toContain('unloaded/b.test.ts did not load')
})

test('a run that a test ends, or in which nothing ran, is no success', async () => {
  await shop.write('ended/a.test.ts', testFile(passing('one'), `test('two', () => process.exit(0))`))
  expect(await run('ended')).toMatchObject({ code: 1, last: '0 passed, 1 failed' })
  await shop.write('skipped/a.test.ts', testFile(`test.skip('one', () => {})`))
  expect(await run('skipped')).toMatchObject({ code: 1, last: '0 passed, 0 failed, 1 skipped' })
  expect((await run('nowhere')).code).toBe(1)
})
