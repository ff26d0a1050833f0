//! What a backup says of itself, and that a bad one is none.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { movedName } from '../../runtime/store/moved.ts'
import { runTool, useTool } from '../../tests/scale/tool.ts'
import { makeTables } from '../data/homes.ts'
import { fingerprint, readManifest } from './manifest.ts'

let folder: string
let dataDir: string
let to: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-backup-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  const own = await mkdtemp(join(folder, 'test-'))
  dataDir = join(own, 'data')
  to = join(own, 'backup')
  await mkdir(dataDir)
})

const path = (service: string) => join(dataDir, `${service}.sqlite`)
async function filled(service: string, statements: string): Promise<void> {
  await makeTables(service, { engine: 'sqlite', path: path(service) })
  using database = new Database(path(service), { readwrite: true })
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(statements)
}

const sent = (
  sequence: number,
) => `insert into outbox (id, type, key, tenant_id, moment, data, sent_at, stream_sequence)
  values ('evt_${sequence}', 'order.created', '1', 'default', 1, '{}', 1, ${sequence});`

test('backup.json says what the copies are, and each is one file that can be read anywhere', async () => {
  await filled('loms', sent(1) + sent(2))
  await useTool('backup', ['--to', to, '--data', dataDir])
  const { copies } = await readManifest(to)
  expect(copies.map(({ service, rows }) => ({ service, outbox: rows.outbox }))).toEqual([
    { service: 'loms', outbox: 2 },
  ])
  expect(copies[0]).toMatchObject(await fingerprint(join(to, 'loms.sqlite')))
  using copy = new Database(join(to, 'loms.sqlite'), { readonly: true })
  expect(copy.query('pragma journal_mode').get()).toEqual({ journal_mode: 'delete' })
})

test('nobody else on the machine can read it, as nobody else can read the data', async () => {
  await filled('loms', sent(1))
  await useTool('backup', ['--to', to, '--data', dataDir])
  const made = [to, ...(await readdir(to)).map((name) => join(to, name))]
  expect(made).toHaveLength(3)
  // The last is a file made as that of a copy from PostgreSQL is, and of a move to SQLite.
  for (const each of [...made, path('loms')])
    expect([each, (await stat(each)).mode & 0o027]).toEqual([each, 0])
})

test('a reader that has not read what the outbox has dropped already is warned of: only NATS has that', async () => {
  await filled('loms', sent(11) + sent(12))
  await filled('notifier', `insert into places values ('LOMS', 5, 'evt_5', 1)`)
  expect(await useTool('backup', ['--to', to, '--data', dataDir])).toContain(
    'notifier has not read 5 facts of LOMS',
  )
})

test('where a service was moved and its setting is forgotten there is no backup: it would lack the service', async () => {
  await filled('loms', sent(1))
  await filled('cart', 'select 1')
  await rename(path('loms'), movedName(path('loms'), new Date()))
  const { code, output } = await runTool('backup', ['--to', to, '--data', dataDir])
  expect(code).toBe(1)
  expect(output).toContain(`what was in ${path('loms')} was moved`)
  expect(output).toContain('LOMS_DATABASE_URL must say where to')
  expect(existsSync(to)).toBe(false)
})

test('of a file that is damaged no backup is made, and nothing of it is left behind', async () => {
  await filled('loms', Array.from({ length: 500 }, (_, n) => sent(n + 1)).join(''))
  const bytes = await Bun.file(path('loms')).bytes()
  bytes.fill(0x5a, 5 * 4096, bytes.length - 2 * 4096)
  await Bun.write(path('loms'), bytes)
  const { code, output } = await runTool('backup', ['--to', to, '--data', dataDir])
  expect(code).toBe(1)
  expect(output).toMatch(/not sound|malformed/)
  expect(existsSync(to)).toBe(false)
})

test('a folder that is not empty is left alone, and where there is no shop there is no backup', async () => {
  await Bun.write(join(to, 'letter.txt'), 'dear')
  await filled('loms', sent(1))
  expect((await runTool('backup', ['--to', to, '--data', dataDir])).output).toContain('not empty')
  expect(await Bun.file(join(to, 'letter.txt')).text()).toBe('dear')
  const none = await runTool('backup', ['--to', join(folder, 'none'), '--data', join(folder, 'nowhere')])
  expect(none.output).toContain('there is no data of a shop')
  expect(existsSync(join(folder, 'none'))).toBe(false)
})
