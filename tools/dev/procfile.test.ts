//! How the Procfile is read.
import { expect, test } from 'bun:test'
import { join, resolve } from 'node:path'
import { parseProcfile } from './procfile.ts'
import { addressOf } from './services.ts'

const repository = resolve(import.meta.dir, '../..')

test('the Procfile runs with the Bun that reads it, because PATH need not have one', () => {
  const text = '# comment\n\nnats: bun tools/nats.ts run\nproxy: /bin/proxy --fast\n'
  expect(parseProcfile(text)).toEqual([
    { name: 'nats', command: [process.execPath, 'tools/nats.ts', 'run'] },
    { name: 'proxy', command: ['/bin/proxy', '--fast'] },
  ])
})

test('one that is not understood is an error that shows the line', () => {
  expect(() => parseProcfile('loms bun loms/main.ts')).toThrow('loms bun loms/main.ts')
})

test('the Procfile of this repository names only services that have ports', async () => {
  const lines = parseProcfile(await Bun.file(join(repository, 'Procfile')).text())
  expect(lines.map((line) => line.name)).toContain('nats')
  for (const { name } of lines) if (name !== 'nats') expect(addressOf(name, {}).httpPort).toBeGreaterThan(0)
})
