//! What SQLite makes of every query of a store: nothing that grows is gone through for a few of its rows, unless it is said why.
import type { Database } from 'bun:sqlite'
import { expect, spyOn, test } from 'bun:test'
import { join } from 'node:path'
import { connectSqlite, memoryStore } from '../../runtime/store/sqlite.ts'
import { type BuildQuery, madeQueries, type Schema, type Tx } from '../../runtime/store/store.ts'

export type Queried<T> = {
  /** The folder that holds the migrations and, if not said otherwise, the modules with the store's queries. */
  readonly folder: string
  readonly modules?: readonly string[]
  readonly schema: Schema<T>
  /** Asks whatever is built only when it is asked (`tx.db`), in all of its forms: nobody else finds it. */
  readonly fresh?: (tx: Tx<T>) => Promise<unknown>
  /** Tables that hold a few rows, however long a shop runs. */
  readonly small?: readonly string[]
  /** By a part of what is asked: why it may go through what it goes through. */
  readonly excused?: Readonly<Record<string, string>>
}

/** Every statement that the modules prepare, on a store as a service opens it. */
export function plansAreGood<T>({ folder, modules, schema, fresh, small = [], excused = {} }: Queried<T>) {
  test('no query goes through what grows', async () => {
    const connection = connectSqlite(':memory:', { schema, migrations: join(folder, 'migrations') })
    const { database } = connection
    const heard = [spyOn(database, 'prepare'), spyOn(database, 'query')]
    for (const query of await queriesOf<T>(modules ?? modulesIn(folder))) {
      try {
        connection.prepare(query)
      } catch (error) {
        if (!isPostgres(String(error))) throw error
      }
    }
    const store = memoryStore(connection, {})
    if (fresh !== undefined) await store.read(fresh)
    const statements = new Set(heard.flatMap(({ mock }) => mock.calls.map(([text]) => text)))
    for (const spy of heard) spy.mockRestore()

    const grows = tablesOf(database).filter((table) => !small.includes(table))
    const used = new Set<string>()
    const bad = [...statements].filter(isQuery).flatMap((statement) => {
      const steps = planOf(database, statement)
      if (!goesThrough(steps, grows) && !sortsForFew(statement, steps)) return []
      const text = readable(statement)
      const why = Object.keys(excused).filter((part) => text.includes(part))
      for (const part of why) used.add(part)
      return why.length > 0 ? [] : [[text, ...steps].join('\n  ')]
    })
    await store.close()
    expect(bad).toEqual([])
    // What needs no excuse any more loses it.
    expect([...used].sort()).toEqual(Object.keys(excused).sort())
  })
}

export const modulesIn = (folder: string): string[] =>
  [...new Bun.Glob('*.ts').scanSync({ cwd: folder, absolute: true })].filter(
    (path) => !/\.(test|fixture)\.ts$/.test(path),
  )

/** Another instance of each module, which makes its queries anew: those of other services are not among them. */
async function queriesOf<T>(modules: readonly string[]) {
  const before = madeQueries.length
  for (const path of modules) await import(`${path}?plans`)
  // Whose tables they are on is not kept: the modules are of the store that has them.
  return madeQueries.slice(before) as unknown as readonly BuildQuery<T>[]
}

const tablesOf = (database: Database): string[] =>
  database
    .query<{ name: string }, []>(
      "select name from pragma_table_list where schema = 'main' and type = 'table'",
    )
    .all()
    .map(({ name }) => name)

/** Some queries are PostgreSQL's alone. */
const isPostgres = (text: string) => /\bpg_|hashtext/.test(text)

const isQuery = (text: string) => /^(select|insert|update|delete)\b/.test(text) && !isPostgres(text)

/** As it is run: SQLite plans a bound LIMIT by its value. */
function planOf(database: Database, statement: string): string[] {
  using plan = database.prepare<{ detail: string }, number[]>(`explain query plan ${statement}`)
  return plan.all(...Array.from({ length: plan.paramsCount }, () => 20)).map(({ detail }) => detail)
}

/** From end to end, or through all of a tenant or a stream. */
const goesThrough = (steps: readonly string[], grows: readonly string[]) =>
  steps
    .filter((step) => /^SCAN \w+/.test(step) || /^SEARCH .*\((tenant_id|stream)=\?\)$/.test(step))
    .some((step) => grows.includes(step.split(' ')[1] ?? ''))

/** All that fits is put in order, and most of it thrown away. */
const sortsForFew = (statement: string, steps: readonly string[]) =>
  / limit /.test(statement) && steps.some((step) => /TEMP B-TREE FOR (.* )?ORDER BY/.test(step))

/** Without quotes, and without tables before columns. */
const readable = (statement: string) => statement.replaceAll(/"\w+"\."/g, '"').replaceAll('"', '')
