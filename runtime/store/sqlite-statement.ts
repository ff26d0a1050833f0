//! Runs a query that drizzle has prepared without drizzle's own executor, which works out anew at every run how values and rows are converted.
import type { Statement } from 'bun:sqlite'
import { Column, getTableName, is, Param, Placeholder, SQL } from 'drizzle-orm'

/** What drizzle-orm 0.45's bun-sqlite session makes of a query (bun-sqlite/session.js). */
type Prepared = {
  readonly stmt: Statement
  readonly query: { readonly params: readonly unknown[] }
  readonly fields?: readonly { readonly path: readonly string[]; readonly field: unknown }[]
  readonly joinsNotNullableMap?: Readonly<Record<string, boolean>>
  readonly customResultMapper?: unknown
  execute(params: unknown): { sync(): unknown }
}

type Values = Readonly<Record<string, unknown>>
type Bind = (values: Values) => unknown
type Decode = ((value: unknown) => unknown) | undefined

/** A function that binds, runs and decodes; it answers rows, or what the driver says of a statement without. */
export function compile(prepared: unknown): (values: Values) => unknown {
  const { stmt, query, fields, joinsNotNullableMap, customResultMapper } = prepared as Prepared
  const binds = query.params.map(bindOf)
  // One entry is the table that is selected from; more are joined to it, and their rows may be absent.
  const isJoin = Object.keys(joinsNotNullableMap ?? {}).length > 1
  const isNested = fields?.some(({ path }) => path.length !== 1) === true
  if (isJoin || isNested || customResultMapper !== undefined) {
    return (values) => (prepared as Prepared).execute(values).sync()
  }
  if (fields === undefined) {
    return (values) => stmt.run(...(binds.map((bind) => bind(values)) as never[]))
  }
  const names = fields.map(({ path }) => String(path[0]))
  const decodes = fields.map(({ field }) => decodeOf(field))
  return (values) => {
    const rows = stmt.values(...(binds.map((bind) => bind(values)) as never[])) as unknown[][]
    return rows.map((row) => {
      const decoded: Record<string, unknown> = {}
      for (let index = 0; index < names.length; index += 1) {
        const value = row[index]
        const decode = decodes[index]
        decoded[names[index] as string] = value === null || decode === undefined ? value : decode(value)
      }
      return decoded
    })
  }
}

function bindOf(param: unknown): Bind {
  if (is(param, Placeholder)) return (values) => given(values, param.name)
  if (is(param, Param) && is(param.value, Placeholder)) {
    const { encoder, value } = param
    const { name } = value
    return (values) => encoder.mapToDriverValue(given(values, name))
  }
  return () => param
}

function given(values: Values, name: string): unknown {
  const value = values[name]
  if (value === undefined) throw new Error(`the query was run without a value for ${name}`)
  return value
}

/** Undefined where the driver's value is the value, so that text costs no call. */
function decodeOf(field: unknown): Decode {
  if (is(field, Column)) {
    if (field.getSQLType() === 'text' && field.dataType === 'string') return undefined
    return (value) => field.mapFromDriverValue(value)
  }
  const sql = is(field, SQL.Aliased) ? field.sql : field
  if (!is(sql, SQL))
    throw new Error(`a selected field is neither a column nor an expression: ${describe(field)}`)
  const { decoder } = sql as unknown as { decoder: { mapFromDriverValue(value: unknown): unknown } }
  return (value) => decoder.mapFromDriverValue(value)
}

function describe(field: unknown): string {
  return is(field, Column) ? `${getTableName(field.table)}.${field.name}` : typeof field
}
