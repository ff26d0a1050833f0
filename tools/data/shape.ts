//! The tables of a service as both engines have them, in the order in which they can be filled.
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { postgresKit } from '../../runtime/store/columns.ts'
import type { Schema } from '../../runtime/store/store.ts'

export type Column = { readonly name: string; readonly kind: 'integer' | 'text' | 'boolean' }

export type TableShape = {
  readonly name: string
  readonly columns: readonly Column[]
  /** The column that the database itself numbers. */
  readonly numbered: string | undefined
}

/** What a row is on its way from one engine to the other: the values of the columns, in their order. */
export type Value = bigint | string | boolean | null
export type Row = readonly Value[]

/** Tables that others refer to come first. */
export function shapesOf(schema: Schema<object>): readonly TableShape[] {
  const tables = Object.values(schema(postgresKit)).filter((table) => is(table, PgTable))
  const configs = new Map(tables.map((table) => [table, getTableConfig(table)]))
  const shapes = new Map<string, TableShape>()
  const add = (table: PgTable) => {
    const config = configs.get(table)
    if (config === undefined || shapes.has(config.name)) return
    for (const { reference } of config.foreignKeys) add(reference().foreignTable)
    shapes.set(config.name, {
      name: config.name,
      columns: config.columns.map((column) => ({ name: column.name, kind: kindOf(column.getSQLType()) })),
      numbered: config.columns.find((column) => column.getSQLType() === 'bigserial')?.name,
    })
  }
  for (const table of tables) add(table)
  return [...shapes.values()]
}

function kindOf(type: string): Column['kind'] {
  switch (type) {
    case 'bigint':
    case 'bigserial':
      return 'integer'
    case 'boolean':
    case 'text':
      return type
    default:
      throw new Error(`a column of type ${type} cannot be copied from one engine to the other`)
  }
}

export const quoted = (name: string): string => `"${name}"`
export const columnList = ({ columns }: TableShape): string =>
  columns.map(({ name }) => quoted(name)).join(', ')
