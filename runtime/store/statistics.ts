//! What SQLite's planner is to take a store for. Rules and no count: a plan depends on no database's content (docs/decisions/0025).
import type { Database } from 'bun:sqlite'

/** By these alone nothing is found: one tenant may have every row there is, and streams are few. */
const shared = ['tenant_id', 'stream']

// What SQLite assumes of its own accord: so many rows, and so many of them that share the first columns of an index.
const rows = 1_048_576
const rowsAlike = [10, 9, 8, 7, 6]
const rowsAlikeAfter = 5

type Index = { table: string; name: string; isUnique: bigint; isPartial: bigint; columns: bigint }

/** Writes what is not there already, so that a start nearly always only looks. Connections that are opened later read it by themselves. */
export function putStatistics(database: Database): void {
  const wanted = sharedIndexes(database).map((index) => [index.table, index.name, statisticsOf(index)])
  if (Bun.deepEquals(present(database)?.sort(), wanted.sort())) return
  database
    .transaction(() => {
      // The table cannot be made but so.
      database.exec('ANALYZE sqlite_schema')
      database.exec('DELETE FROM sqlite_stat1')
      const put = database.prepare('INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)')
      for (const row of wanted) put.run(...row)
      put.finalize()
      // This connection has read the table's former content when it was opened.
      database.exec('ANALYZE sqlite_schema')
    })
    .immediate()
}

function sharedIndexes(database: Database): Index[] {
  using query = database.prepare<Index, string[]>(
    `select t.name as "table", i.name, i."unique" as isUnique, i.partial as isPartial,
       (select count(*) from pragma_index_info(i.name)) as columns
     from sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
     where t.type = 'table' and c.seqno = 0 and c.name in (${shared.map(() => '?')})`,
  )
  return query.all(...shared)
}

function present(database: Database): unknown[][] | undefined {
  using known = database.prepare("select 1 from sqlite_schema where name = 'sqlite_stat1'")
  if (known.get() === null) return undefined
  using query = database.prepare('select tbl, idx, stat from sqlite_stat1')
  return query.values()
}

/** How many rows there are, and how many are alike in the first column, in the first two, … */
function statisticsOf({ isUnique, isPartial, columns }: Index): string {
  const all = isPartial ? rows / 2 : rows
  const alike = Array.from({ length: Number(columns) }, (_, column) => {
    if (isUnique && column + 1 === Number(columns)) return 1
    return column === 0 ? all : (rowsAlike[column - 1] ?? rowsAlikeAfter)
  })
  // Or an index would be gone through tenant by tenant in place of one that begins with what is looked for.
  return [all, ...alike, 'noskipscan'].join(' ')
}
