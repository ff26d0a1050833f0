//! The effective configuration, also before the real server.
import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { effectiveConfig, knowsSyncInterval } from './config.ts'
import { findNatsServer } from './find.ts'

const text = await Bun.file(resolve(import.meta.dir, '../../nats.conf')).text()
const settings = { port: 14_555, storeDir: '/somewhere/with "quotes"/nats', version: '2.11.6' }

/** What is not a comment. */
const effective = (config: string) =>
  config
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))

test('the port and the store folder are those of this start', () => {
  const lines = effective(effectiveConfig(text, settings))
  expect(lines.filter((line) => line.startsWith('port:'))).toEqual(['port: 14555'])
  expect(lines.filter((line) => line.startsWith('store_dir:'))).toEqual([
    'store_dir: "/somewhere/with \\"quotes\\"/nats"',
  ])
})

test.each([
  ['2.9.10', false],
  ['2.9.25', false],
  ['2.10.0', true],
  ['2.11.6', true],
  ['2.12.0-RC.1', true],
  ['3.0.0', true],
])('a server %s is told to sync every write: %p', (version, expected) => {
  expect(knowsSyncInterval(version)).toBe(expected)
  expect(effective(effectiveConfig(text, { ...settings, version })).includes('sync_interval: always')).toBe(
    expected,
  )
})

test('a nats.conf without one of the lines is an error, not a server on another port', () => {
  expect(() => effectiveConfig(text.replace(/^port:.*$/m, ''), settings)).toThrow('no line')
  expect(() => effectiveConfig(text.replace('# sync_interval: always', ''), settings)).toThrow('no line')
})

test('the server of this machine accepts the configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-conf-'))
  try {
    const { path, version } = await findNatsServer()
    const file = join(folder, 'nats.conf')
    await Bun.write(file, effectiveConfig(text, { port: 14_555, storeDir: join(folder, 'nats'), version }))
    const child = Bun.spawn([path, '-t', '-c', file], { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
    expect(await child.stderr.text()).toContain('is valid')
    expect(await child.exited).toBe(0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
