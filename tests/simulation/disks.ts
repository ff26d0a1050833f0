//! What outlives a process: each service's database, migrated once and emptied for every history.
import type { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { type Tables as BillingTables, schema as billing } from '../../billing/store/schema.ts'
import { type Tables as CartTables, schema as cart } from '../../cart/store/schema.ts'
import { type Tables as CatalogTables, schema as catalog } from '../../catalog/store/schema.ts'
import { type Tables as DeliveryTables, schema as delivery } from '../../delivery/store/schema.ts'
import { type Tables as LomsTables, schema as loms } from '../../loms/store/schema.ts'
import { type Tables as NotifierTables, schema as notifier } from '../../notifier/store/schema.ts'
import { type Connection, connectSqlite } from '../../runtime/store/sqlite.ts'
import type { Schema } from '../../runtime/store/store.ts'
import { createEffects } from './effects.ts'
import { type Service, services } from './process.ts'

export type Disks = {
  readonly catalog: Connection<CatalogTables>
  readonly loms: Connection<LomsTables>
  readonly cart: Connection<CartTables>
  readonly notifier: Connection<NotifierTables>
  readonly billing: Connection<BillingTables>
  readonly delivery: Connection<DeliveryTables>
}

const root = join(import.meta.dir, '../..')

function disk<T>(service: Service, schema: Schema<T>): Connection<T> {
  const connection = connectSqlite(':memory:', {
    schema,
    migrations: join(root, service, 'store/migrations'),
  })
  createEffects(connection.database)
  letWipe(connection.database)
  return connection
}

export function makeDisks(): Disks {
  return {
    catalog: disk('catalog', catalog),
    loms: disk('loms', loms),
    cart: disk('cart', cart),
    notifier: disk('notifier', notifier),
    billing: disk('billing', billing),
    delivery: disk('delivery', delivery),
  }
}

const wipes = new WeakMap<Disks, readonly { run(): unknown }[]>()

/** Cheaper than new databases: what is prepared on these stays prepared. */
export function wipe(disks: Disks): void {
  for (const service of services) {
    const { database } = disks[service]
    if (database.inTransaction) database.exec('ROLLBACK')
  }
  const known = wipes.get(disks) ?? services.flatMap((service) => wipesOf(disks[service].database))
  wipes.set(disks, known)
  for (const statement of known) statement.run()
}

/** A ledger lets nobody delete its rows: its triggers stay, but for whoever empties it between two histories. */
function letWipe(database: Database): void {
  database.exec('create table __wiping (now integer) strict')
  const deleting = database
    .prepare<{ name: string; sql: string }, []>(
      `select name, sql from sqlite_schema where type = 'trigger' and sql like '%before delete on%'`,
    )
    .all()
  for (const { name, sql } of deleting) {
    database.exec(`drop trigger "${name}"`)
    database.exec(sql.replace(/\bbegin\b/i, 'when not exists (select 1 from __wiping) begin'))
  }
}

function wipesOf(database: Database): { run(): unknown }[] {
  const tables = tablesOf(database)
  const numbered = database.prepare(`select 1 from sqlite_schema where name = 'sqlite_sequence'`).get()
  // The numbers begin again too.
  const all = [...childrenFirst(database, tables), ...(numbered === null ? [] : ['sqlite_sequence'])]
  return [
    database.prepare('insert into __wiping values (1)'),
    ...all.map((table) => database.prepare(`delete from "${table}"`)),
    database.prepare('delete from __wiping'),
  ]
}

/** Those of the service, with what the simulation adds to them. What triggers keep, such as the words of a search, follows. */
export function tablesOf(database: Database): string[] {
  const listed = database.prepare<{ name: string }, []>(
    `select name from pragma_table_list where schema = 'main' and type = 'table'
     and name not like 'sqlite\\_%' escape '\\' and name not like '\\_\\_%' escape '\\' order by name`,
  )
  return listed.all().map(({ name }) => name)
}

/** A row goes before the one that it points to. */
function childrenFirst(database: Database, tables: readonly string[]): string[] {
  const parents = new Map(
    tables.map((table) => {
      const keys = database.prepare<{ table: string }, []>(`pragma foreign_key_list("${table}")`).all()
      return [table, keys.map((key) => key.table).filter((parent) => parent !== table)]
    }),
  )
  const ordered: string[] = []
  const visit = (table: string) => {
    if (ordered.includes(table)) return
    for (const child of tables) if (parents.get(child)?.includes(table)) visit(child)
    ordered.push(table)
  }
  for (const table of tables) visit(table)
  return ordered
}
