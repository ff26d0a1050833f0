//! What restore refuses, and that it leaves everything as it was when it cannot do all of it.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { movedName } from '../../runtime/store/moved.ts'
import { useTool } from '../../tests/scale/tool.ts'
import { manifestName } from '../backup/manifest.ts'
import { homesOf, makeTables } from '../data/homes.ts'
import { fileReady } from './file.ts'
import type { Options } from './options.ts'
import { switchAll } from './part.ts'
import { restore } from './run.ts'

let folder: string
/** A good one, to be copied. */
let backup: string
let from: string
let dataDir: string

const names = ['cart', 'loms'] as const

/** A warehouse of loms, by which its file is known. */
function nameWarehouse(path: string, name: string): void {
  using database = new Database(path, { readwrite: true })
  database.exec("delete from warehouses; insert into warehouses values ('default', 1, '')")
  database.query('update warehouses set name = ?').run(name)
}

function warehouseIn(path: string): string | undefined {
  using database = new Database(path, { readonly: true })
  return database.query<{ name: string }, []>('select name from warehouses').get()?.name
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-restore-test-'))
  const data = join(folder, 'then')
  await mkdir(data)
  for (const service of names)
    await makeTables(service, { engine: 'sqlite', path: join(data, `${service}.sqlite`) })
  nameWarehouse(join(data, 'loms.sqlite'), 'then')
  using loms = new Database(join(data, 'loms.sqlite'), { readwrite: true })
  loms.exec(`insert into outbox (id, type, key, tenant_id, moment, data, sent_at, stream_sequence)
    values ('evt_1', 'order.created', '1', 'default', 1, '{}', 1, 7)`)
  backup = join(folder, 'backup')
  const said = await useTool('backup', ['--to', backup, '--data', data])
  expect(said).toContain('notifier   has no data')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  const own = await mkdtemp(join(folder, 'test-'))
  from = join(own, 'backup')
  await cp(backup, from, { recursive: true })
  dataDir = join(own, 'data')
  await mkdir(dataDir)
})

const restored = (options: Partial<Omit<Options, 'help'>> = {}) =>
  restore({ from, dataDir, homes: homesOf({}, dataDir), overwrite: false, nats: 'left alone', ...options })
const filesOfShop = async () =>
  (await readdir(dataDir)).filter((name) => !name.startsWith('runner.') && name !== '.kiosk')

test('a backup goes where there is nothing, and the services that had data then have it again', async () => {
  // What a restore that was killed has left behind is no obstacle.
  await Bun.write(join(dataDir, 'loms.sqlite.restoring'), 'half')
  await restored()
  expect((await filesOfShop()).sort()).toEqual(['cart.sqlite', 'loms.sqlite'])
  expect(warehouseIn(join(dataDir, 'loms.sqlite'))).toBe('then')
})

test('what is restored is of its user and group only, whatever the file of the backup has become', async () => {
  await chmod(join(from, 'loms.sqlite'), 0o644)
  await chmod(join(from, 'cart.sqlite'), 0o400)
  await restored()
  for (const name of await filesOfShop())
    expect([name, (await stat(join(dataDir, name))).mode & 0o777]).toEqual([name, 0o640])
})

test('facts that were sent before the backup are sent again, whatever their age: the streams are new', async () => {
  await restored()
  using loms = new Database(join(dataDir, 'loms.sqlite'), { readonly: true })
  // Where it stood in the stream is kept: the order goes by it.
  expect(loms.query('select sent_at, stream_sequence from outbox').all()).toEqual([
    { sent_at: null, stream_sequence: 7 },
  ])
})

test('a copy that was damaged, is missing, or is of a newer version is refused, and nothing is changed', async () => {
  const path = join(from, 'loms.sqlite')
  const bytes = await Bun.file(path).bytes()
  bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1
  await Bun.write(path, bytes)
  await rm(join(from, 'cart.sqlite'))
  const both = restored()
  await expect(both).rejects.toThrow('loms.sqlite is not what was backed up')
  await expect(both).rejects.toThrow('cart.sqlite is missing')
  await rm(join(from, manifestName))
  await expect(restored()).rejects.toThrow('is no backup')

  const newer = join(folder, 'newer')
  await mkdir(newer)
  await makeTables('loms', { engine: 'sqlite', path: join(newer, 'loms.sqlite') })
  using database = new Database(join(newer, 'loms.sqlite'), { readwrite: true })
  database.exec(`insert into __drizzle_migrations (hash, created_at) values ('later', ${Date.now() * 2})`)
  const to = join(folder, 'newer-backup')
  await useTool('backup', ['--to', to, '--data', newer])
  await expect(restored({ from: to })).rejects.toThrow('newer version')
  expect(await filesOfShop()).toEqual([])
})

test('data that is there is not touched without a flag; with it, it is set aside whole, whatever a kill has left in its log', async () => {
  const path = join(dataDir, 'loms.sqlite')
  await makeTables('loms', { engine: 'sqlite', path })
  await makeTables('notifier', { engine: 'sqlite', path: join(dataDir, 'notifier.sqlite') })
  const script = `import { Database } from 'bun:sqlite'
    const database = new Database(${JSON.stringify(path)}, { readwrite: true })
    database.exec("PRAGMA journal_mode = WAL; insert into warehouses values ('default', 1, 'now')")
    process.kill(process.pid, 'SIGKILL')`
  await Bun.spawn([process.execPath, '-e', script], { stdin: 'ignore' }).exited
  expect(await Bun.file(`${path}-wal`).exists()).toBe(true)

  await expect(restored()).rejects.toThrow('--overwrite')
  expect(warehouseIn(path)).toBe('now')

  await restored({ overwrite: true })
  expect(warehouseIn(path)).toBe('then')
  const files = await filesOfShop()
  const aside = files.find((name) => /^loms\.sqlite\.replaced-\w+$/.test(name))
  expect(warehouseIn(join(dataDir, String(aside)))).toBe('now')
  // The notifier had no data then, so it has none now.
  expect(files.filter((name) => /^notifier\.sqlite$|\.sqlite-(wal|shm)$|restoring/.test(name))).toEqual([])
  expect(files.some((name) => name.startsWith('notifier.sqlite.replaced-'))).toBe(true)
})

test('no file is laid where one was moved away from, whatever may be overwritten, until that one has another name', async () => {
  const path = join(dataDir, 'loms.sqlite')
  const moved = movedName(path, new Date())
  await Bun.write(moved, 'moved to PostgreSQL')
  const before = await filesOfShop()
  for (const overwrite of [false, true]) {
    const refused = restored({ overwrite })
    await expect(refused).rejects.toThrow(`${path} was moved (${moved}): LOMS_DATABASE_URL must say where to`)
    await expect(refused).rejects.toThrow('another name')
  }
  expect(await filesOfShop()).toEqual(before)

  await rename(moved, join(dataDir, 'loms-before-postgres'))
  await restored()
  expect(warehouseIn(path)).toBe('then')
})

test('a file that is damaged is set aside like any other: it may be why there is a restore', async () => {
  await Bun.write(join(dataDir, 'loms.sqlite'), 'no database')
  await restored({ overwrite: true })
  expect(warehouseIn(join(dataDir, 'loms.sqlite'))).toBe('then')
  const aside = (await filesOfShop()).find((name) => /^loms\.sqlite\.replaced-\w+$/.test(name))
  expect(await Bun.file(join(dataDir, String(aside))).text()).toBe('no database')
})

test('where one part cannot be made ready, nothing is changed and nothing is left behind', async () => {
  const path = join(dataDir, 'loms.sqlite')
  await makeTables('loms', { engine: 'sqlite', path })
  nameWarehouse(path, 'now')
  await Bun.write(join(dataDir, 'taken'), 'a file where a folder would have to be')
  const env = { CATALOG_DATABASE_URL: `sqlite:${join(dataDir, 'taken/catalog.sqlite')}` }
  const before = await filesOfShop()
  const then = join(folder, 'then-with-catalog')
  await mkdir(then)
  for (const service of ['loms', 'catalog'] as const)
    await makeTables(service, { engine: 'sqlite', path: join(then, `${service}.sqlite`) })
  const to = join(folder, 'backup-with-catalog')
  await useTool('backup', ['--to', to, '--data', then])
  // loms comes before catalog, and is ready by then.
  const failing = restored({ from: to, homes: homesOf(env, dataDir), overwrite: true })
  await expect(failing).rejects.toThrow('taken')
  expect(await filesOfShop()).toEqual(before)
  expect(warehouseIn(path)).toBe('now')
})

test('where one part cannot be switched over, those that were are switched back', async () => {
  const ready = async (service: string) => {
    const path = join(dataDir, `${service}.sqlite`)
    await makeTables('loms', { engine: 'sqlite', path })
    nameWarehouse(path, service)
    return await fileReady({ service, path, copy: join(from, 'loms.sqlite'), aside: '.old' })
  }
  await using first = await ready('cart')
  await using second = await ready('loms')
  await mkdir(join(dataDir, 'loms.sqlite.old/in the way'), { recursive: true })
  await expect(switchAll([first, second])).rejects.toThrow()
  expect(warehouseIn(join(dataDir, 'cart.sqlite'))).toBe('cart')
  expect(warehouseIn(join(dataDir, 'loms.sqlite'))).toBe('loms')

  // Also one that has got half of the way: the old file is aside already, and the new one is gone.
  await using third = await ready('catalog')
  await rm(join(dataDir, 'catalog.sqlite.restoring'))
  await expect(switchAll([third])).rejects.toThrow('restoring')
  expect(warehouseIn(join(dataDir, 'catalog.sqlite'))).toBe('catalog')
})
