//! When the dependencies are installed; with a package that lies in a folder, so no network is needed.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installWhenNeeded } from './install.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-dev-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('dependencies are installed when they are missing or bun.lock has changed, and not otherwise', async () => {
  const root = join(folder, 'install')
  const said: string[] = []
  const install = () => installWhenNeeded(root, (text) => said.push(text))
  await mkdir(join(root, 'packages/shelf'), { recursive: true })
  await Bun.write(join(root, 'packages/shelf/package.json'), '{ "name": "shelf", "version": "1.0.0" }')
  await Bun.write(
    join(root, 'package.json'),
    '{ "name": "shop", "dependencies": { "shelf": "file:./packages/shelf" } }',
  )
  await install()
  expect(said).toEqual([]) // no bun.lock: nothing to go by

  const lock = Bun.spawn([process.execPath, 'install', '--lockfile-only'], {
    cwd: root,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  })
  expect(await lock.exited).toBe(0)
  await install()
  expect(existsSync(join(root, 'node_modules/shelf/package.json'))).toBe(true)
  await install()
  expect(said.length).toBe(1)

  await Bun.write(join(root, 'bun.lock'), `${await Bun.file(join(root, 'bun.lock')).text()}\n`)
  await install()
  expect(said.length).toBe(2)
  await rm(join(root, 'node_modules'), { recursive: true })
  await install()
  expect(existsSync(join(root, 'node_modules/shelf/package.json'))).toBe(true)
})

test('dependencies that cannot be installed are an error, and not taken for installed', async () => {
  const root = join(folder, 'broken')
  await Bun.write(
    join(root, 'package.json'),
    '{ "name": "shop", "dependencies": { "shelf": "file:./absent" } }',
  )
  await Bun.write(
    join(root, 'bun.lock'),
    '{ "lockfileVersion": 1, "workspaces": { "": { "name": "shop" } }, "packages": {} }',
  )
  for (const _ of [1, 2])
    await expect(installWhenNeeded(root, () => {})).rejects.toThrow('could not be installed')
})
