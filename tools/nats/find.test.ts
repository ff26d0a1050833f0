//! Which nats-server is taken, with stand-ins that only say their version.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Fetcher, findNatsServer } from './find.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-find-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Something that answers `--version` as nats-server does. */
async function serverAt(path: string, version: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await Bun.write(path, `#!/bin/sh\necho "nats-server: v${version}"\n`)
  await chmod(path, 0o755)
  return path
}

const noFetchers: readonly Fetcher[] = []

test('NATS_SERVER_BIN, PATH, the system and .cache/bin are asked in this order', async () => {
  const root = join(folder, 'order')
  const chosen = await serverAt(join(root, 'chosen/some-name'), '2.1.1')
  const onPath = await serverAt(join(root, 'path/nats-server'), '2.2.2')
  const system = await serverAt(join(root, 'sbin/nats-server'), '2.3.3')
  const cached = await serverAt(join(root, '.cache/bin/nats-server'), '2.4.4')
  const find = (env: Record<string, string>, systemPaths: readonly string[]) =>
    findNatsServer({ root, env, systemPaths, fetchers: noFetchers })

  const PATH = dirname(onPath)
  expect(await find({ NATS_SERVER_BIN: chosen, PATH }, [system])).toEqual({ path: chosen, version: '2.1.1' })
  expect(await find({ PATH }, [system])).toEqual({ path: onPath, version: '2.2.2' })
  expect(await find({ PATH: '/nowhere' }, [system])).toEqual({ path: system, version: '2.3.3' })
  expect(await find({ PATH: '/nowhere' }, [])).toEqual({ path: cached, version: '2.4.4' })
})

test('a NATS_SERVER_BIN that does not run is an error, and no other server is taken', async () => {
  const root = join(folder, 'chosen')
  await serverAt(join(root, '.cache/bin/nats-server'), '2.4.4')
  await Bun.write(join(root, 'not-a-program'), 'text')
  for (const name of ['absent', 'not-a-program']) {
    const env = { NATS_SERVER_BIN: join(root, name) }
    await expect(findNatsServer({ root, env, systemPaths: [], fetchers: noFetchers })).rejects.toThrow(name)
  }
})

test('where the machine has none, the first one that can be fetched is used, and found again', async () => {
  const root = join(folder, 'fetched')
  const offline: Fetcher = { name: 'far away', fetch: async () => 'no network' }
  const near: Fetcher = { name: 'near', fetch: async (target) => void (await serverAt(target, '2.5.5')) }
  const never: Fetcher = {
    name: 'never',
    fetch: () => Promise.reject(new Error('asked although there was one')),
  }
  const expected = { path: join(root, '.cache/bin/nats-server'), version: '2.5.5' }
  expect(await findNatsServer({ root, env: {}, systemPaths: [], fetchers: [offline, near, never] })).toEqual(
    expected,
  )
  expect(await findNatsServer({ root, env: {}, systemPaths: [], fetchers: [never] })).toEqual(expected)
})

test('when there is none at all, the error says why and what to do', async () => {
  const fetchers: Fetcher[] = [
    { name: 'far away', fetch: async () => 'no network' },
    { name: 'broken', fetch: async (target) => void (await Bun.write(target, 'not a program')) },
  ]
  const finding = findNatsServer({ root: join(folder, 'none'), env: {}, systemPaths: [], fetchers })
  await expect(finding).rejects.toThrow(
    /far away: no network[\s\S]*broken: what came does not run here[\s\S]*NATS_SERVER_BIN/,
  )
})
