//! Who may use a data folder, and when it is emptied.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataFolder } from './data-folder.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-dev-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a data folder is emptied only if the runner has made it', async () => {
  const foreign = join(folder, 'foreign')
  await Bun.write(join(foreign, 'letter.txt'), 'dear')
  expect(() => openDataFolder(foreign, { fresh: true })).toThrow('--fresh does not empty it')
  openDataFolder(foreign, { fresh: false }).release() // may be used, but does not become ours by that
  expect(() => openDataFolder(foreign, { fresh: true })).toThrow('--fresh does not empty it')
  expect(await Bun.file(join(foreign, 'letter.txt')).text()).toBe('dear')

  const own = join(folder, 'own')
  openDataFolder(own, { fresh: true }).release()
  await Bun.write(join(own, 'nats/stream'), 'facts')
  openDataFolder(own, { fresh: false }).release()
  expect(existsSync(join(own, 'nats/stream'))).toBe(true)
  openDataFolder(own, { fresh: true }).release()
  expect(existsSync(join(own, 'nats'))).toBe(false)
})

test('a data folder belongs to one runner at a time, and is not emptied under it', async () => {
  const path = join(folder, 'busy')
  const first = openDataFolder(path, { fresh: false })
  await Bun.write(join(path, 'loms.sqlite'), 'orders')
  // Locks are of the process, so the second one must be another process.
  const script = `import { openDataFolder } from ${JSON.stringify(join(import.meta.dir, 'data-folder.ts'))}
    openDataFolder(${JSON.stringify(path)}, { fresh: true })`
  const open = async () => {
    const child = Bun.spawn([process.execPath, '-e', script], { stdin: 'ignore', stderr: 'pipe' })
    return { words: await child.stderr.text(), code: await child.exited }
  }
  const second = await open()
  expect(second.words).toContain(`in use by another runner (pid ${process.pid})`)
  expect(existsSync(join(path, 'loms.sqlite'))).toBe(true)
  first.release()
  expect(await open()).toEqual({ words: '', code: 0 })
  expect(existsSync(join(path, 'loms.sqlite'))).toBe(false)
})
