//! All rows of one service from one database into another, in batches, counted on both sides.
import type { Row, TableShape } from './shape.ts'

/** Rows that are held in memory at once. */
export const batchRows = 1_000

/** A database that rows are taken from. It stays as it is from its opening to its end. */
export type From = AsyncDisposable & {
  /** The columns of each table that is there. */
  tables(): Promise<ReadonlyMap<string, readonly string[]>>
  rows(table: TableShape): AsyncIterable<readonly Row[]>
  count(table: TableShape): Promise<bigint>
  /** The last number that the database has given to a row of it, whether the row is still there or not; 0 where none. */
  lastNumber(table: TableShape): Promise<bigint>
}

/** A database that rows are put into, in one transaction: its end without `commit` undoes all of it. */
export type Into = AsyncDisposable & {
  count(table: TableShape): Promise<bigint>
  /** Takes out what is there. */
  empty(tables: readonly TableShape[]): Promise<void>
  put(table: TableShape, batches: AsyncIterable<readonly Row[]>): Promise<void>
  /** The next row that the database numbers gets a number after this. */
  numberAfter(table: TableShape, last: bigint): Promise<void>
  commit(): Promise<void>
}

export type Counted = { readonly table: string; readonly from: bigint; readonly into: bigint }

/** Copies and counts; what is left to do is `commit`. Throws, with words for people, where it cannot be done. */
export async function copyTables(
  tables: readonly TableShape[],
  from: From,
  into: Into,
): Promise<readonly Counted[]> {
  await mustBeTheSame(tables, from)
  for (const table of tables) {
    const there = await into.count(table)
    if (there > 0n) throw new Error(`the target is not empty: ${table.name} has ${there} rows`)
  }
  const counted: Counted[] = []
  for (const table of tables) {
    await into.put(table, from.rows(table))
    if (table.numbered !== undefined) await into.numberAfter(table, await from.lastNumber(table))
    counted.push({ table: table.name, from: await from.count(table), into: await into.count(table) })
  }
  const wrong = counted.filter((each) => each.from !== each.into)
  if (wrong.length > 0)
    throw new Error(
      `rows were lost: ${wrong.map((each) => `${each.table} ${each.from} → ${each.into}`).join(', ')}`,
    )
  return counted
}

/** A table or a column that only one side knows would be left behind without a word. */
async function mustBeTheSame(tables: readonly TableShape[], from: From): Promise<void> {
  const there = await from.tables()
  const known = new Set(tables.map(({ name }) => name))
  const strange = [...there.keys()].filter((name) => !known.has(name))
  const differing = tables.filter(({ name, columns }) => {
    const present = there.get(name) ?? []
    return present.length !== columns.length || columns.some((column) => !present.includes(column.name))
  })
  const problems = [
    ...strange.map((name) => `the table ${name} is not known to this version`),
    ...differing.map(({ name }) => `the table ${name} is not as this version has it`),
  ]
  if (problems.length > 0)
    throw new Error(`${problems.join('; ')}. Start the service once with this version, and stop it again.`)
}
