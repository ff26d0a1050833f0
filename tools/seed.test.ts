//! `bun run seed` as it is run: the demo shop gets in where nobody has anything, whole, and nowhere else.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasPostgres, startPostgres } from '../tests/harness/postgres.ts'
import { startSystem } from '../tests/harness/system.ts'
import { useTool } from '../tests/scale/tool.ts'
import { makeTables } from './data/homes.ts'
import { openDataFolder } from './dev/data-folder.ts'
import { shopIn } from './seed/look.ts'
import { demoProducts } from './seed/shop.ts'

const stockRows = demoProducts.flatMap(({ stock }) => stock).length
const put = (products: number, stock: number) =>
  `the demo shop is there: ${products} products, ${stock} rows of stock`
const refused = (why: string) => `the demo shop is not put in: there is a shop (${why})`

let folder: string
let seeded: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-seed-'))
  seeded = join(folder, 'seeded')
  expect(await seed(seeded)).toBe(put(demoProducts.length, stockRows))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const seed = (dataDir: string) => useTool('seed', ['--data', dataDir])

async function copyOfSeeded(name: string): Promise<string> {
  const dataDir = join(folder, name)
  await cp(seeded, dataDir, { recursive: true })
  return dataDir
}

async function makeTablesIn(dataDir: string, service: string): Promise<string> {
  const path = join(dataDir, `${service}.sqlite`)
  await mkdir(dataDir, { recursive: true })
  await makeTables(service, { engine: 'sqlite', path })
  return path
}

/** The service's file, made where there is none. */
async function fileOf(dataDir: string, service: string): Promise<Database> {
  const file = new Database(await makeTablesIn(dataDir, service))
  // What a row says is of no interest here, only that there is one.
  file.exec('PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON')
  return file
}

async function change(dataDir: string, service: string, sql: string): Promise<void> {
  using file = await fileOf(dataDir, service)
  file.exec(sql)
}

async function insertRow(dataDir: string, service: string, table: string): Promise<void> {
  using file = await fileOf(dataDir, service)
  const columns = file
    .query<{ name: string; type: string }, []>(
      `select name, type from pragma_table_info('${table}') where "notnull"`,
    )
    .all()
  const names = columns.map(({ name }) => name).join(', ')
  const values = columns.map(({ type }) => (type === 'TEXT' ? `'own'` : '1')).join(', ')
  file.exec(`insert into ${table} (${names}) values (${values})`)
}

const forgetLoms = async (dataDir: string) => {
  for (const end of ['', '-wal', '-shm']) await rm(join(dataDir, `loms.sqlite${end}`), { force: true })
}

describe('a seed', () => {
  test('that is run again changes nothing', async () => {
    expect(await seed(await copyOfSeeded('again'))).toBe('the demo shop is there already')
  })

  test('makes a folder that the runner may empty, and makes none such of what is there already', async () => {
    openDataFolder(await copyOfSeeded('emptied'), { fresh: true }).release()
    expect(await readdir(join(folder, 'emptied'))).not.toContain('loms.sqlite')

    const foreign = join(folder, 'foreign')
    await Bun.write(join(foreign, 'letter.txt'), 'dear')
    expect(await seed(foreign)).toBe(put(demoProducts.length, stockRows))
    expect(() => openDataFolder(foreign, { fresh: true })).toThrow('remove it yourself')
    const services = join(folder, 'services')
    await makeTablesIn(services, 'loms')
    await seed(services)
    expect(() => openDataFolder(services, { fresh: true })).toThrow('remove it yourself')
  })

  test('that was interrupted is finished: within the catalogue, after it, and within the stock', async () => {
    const within = await copyOfSeeded('within')
    await forgetLoms(within)
    await change(within, 'catalog', 'delete from products where sku > 2050')
    const left = demoProducts.filter(({ sku }) => sku > 2050).length
    expect(await seed(within)).toBe(put(left, stockRows))

    const after = await copyOfSeeded('after')
    await forgetLoms(after)
    expect(await seed(after)).toBe(put(0, stockRows))

    const stock = await copyOfSeeded('stock')
    const ofOne = 'where warehouse_id = 2'
    await change(
      stock,
      'loms',
      `delete from stock_movements ${ofOne}; delete from stock ${ofOne}; delete from warehouses where id = 2`,
    )
    const missing = demoProducts.flatMap((each) => each.stock).filter((each) => each.warehouseId === 2n)
    expect(await seed(stock)).toBe(put(0, missing.length))
  })

  test.each([
    ['accounts', 'users', 'accounts has users'],
    ['billing', 'wallets', 'billing has wallets'],
    ['cart', 'cart_lines', 'cart has cart lines'],
    ['notifier', 'notices', 'notifier has notices'],
  ])('puts no stock in where loms’ data is elsewhere and %s has %s', async (service, table, why) => {
    const dataDir = await copyOfSeeded(`elsewhere-${service}`)
    await forgetLoms(dataDir)
    await insertRow(dataDir, service, table)
    expect(await seed(dataDir)).toBe(refused(why))
    expect(await readdir(dataDir)).not.toContain('loms.sqlite')
  })

  test('puts nothing in where a product of somebody’s own is, and no warehouses for it', async () => {
    const dataDir = join(folder, 'own')
    await insertRow(dataDir, 'catalog', 'products')
    await makeTablesIn(dataDir, 'loms')
    expect(await seed(dataDir)).toBe(refused('catalog has products of its own'))
    using loms = new Database(join(dataDir, 'loms.sqlite'), { readonly: true })
    expect(loms.query('select * from warehouses').all()).toEqual([])
  })

  test('puts nothing in where the catalogue’s data is elsewhere', async () => {
    const dataDir = await copyOfSeeded('no-catalog')
    await change(dataDir, 'catalog', 'delete from products')
    expect(await seed(dataDir)).toBe(refused('loms has stock of products that are not in this catalogue'))
    await insertRow(dataDir, 'loms', 'orders')
    expect(await seed(dataDir)).toBe(refused('loms has orders'))
  })

  test('puts the shop in where services have run and nobody has done anything', async () => {
    await using system = await startSystem({ services: 'all' })
    const names = ['catalog', 'loms', 'cart', 'notifier', 'accounts', 'billing', 'delivery']
    await Promise.all(names.map((name) => system.kill(name, 'SIGTERM')))
    expect((await readdir(system.dataDir)).filter((name) => name.endsWith('.sqlite'))).toHaveLength(7)
    expect(await seed(system.dataDir)).toBe(put(demoProducts.length, stockRows))
  })
})

if (!hasPostgres()) {
  test.skip('PostgreSQL is not on this machine: a shop there is not looked for', () => undefined)
} else {
  test('a shop in PostgreSQL is one too', async () => {
    await using server = await startPostgres()
    if (server === undefined) throw new Error('PostgreSQL is here and was not started')
    const url = await server.createDatabase()
    const homes = [{ service: 'cart', place: { engine: 'postgres', url } }] as const
    expect(await shopIn(homes)).toBeUndefined()
    await makeTables('cart', homes[0].place)
    expect(await shopIn(homes)).toBeUndefined()
    await using sql = new Bun.SQL(url, { max: 1 })
    await sql.unsafe(
      'insert into cart_lines (tenant_id, user_id, sku, quantity, price, added_at) values ($1, 7, 1, 1, 1, 1)',
      ['default'],
    )
    expect(await shopIn(homes)).toBe('cart has cart lines')
  })
}
