//! The column kit: one schema module makes the tables of both engines. Types are PostgreSQL's, which lack `.get/.all/.run`.
//!
//! `safeIntegers` is on for SQLite, so every integer column is a type of ours: without it 2^53+1 reads back silently changed.
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import * as sqlite from 'drizzle-orm/sqlite-core'
import type { Instant } from '../../contracts/time.ts'

export type Dialect = 'sqlite' | 'postgres'

/** What both drivers may hand us for an integer: bigint (SQLite), text (PostgreSQL int8), number (int4). */
type DriverInteger = bigint | number | string

const safeNumber = (value: DriverInteger): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`the stored integer ${value} does not fit a number`)
  return number
}

/** What could be written and not be read again is not written. */
const safeInteger = (value: number): bigint => {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${value} is no whole number that reads back as it was`)
  return BigInt(value)
}

/** A placeholder's null reaches the encoder too, which no type of drizzle's says. */
const nullable =
  <A, B>(encode: (value: A) => B) =>
  (value: A): B =>
    value === null ? (null as B) : encode(value)

const int64Pg = pg.customType<{ data: bigint; driverData: DriverInteger }>({
  dataType: () => 'bigint',
  fromDriver: (value) => BigInt(value),
  toDriver: (value) => value,
})
const numberPg = pg.customType<{ data: number; driverData: DriverInteger }>({
  dataType: () => 'bigint',
  fromDriver: safeNumber,
  toDriver: nullable((value) => String(safeInteger(value))),
})
const booleanPg = pg.customType<{ data: boolean; driverData: boolean }>({ dataType: () => 'boolean' })
const jsonPg = pg.customType<{ data: unknown; driverData: string }>({
  dataType: () => 'text',
  fromDriver: (value) => JSON.parse(value),
  toDriver: nullable((value) => JSON.stringify(value)),
})

const int64Sqlite = sqlite.customType<{ data: bigint; driverData: DriverInteger }>({
  dataType: () => 'integer',
  fromDriver: (value) => BigInt(value),
  toDriver: (value) => value,
})
const numberSqlite = sqlite.customType<{ data: number; driverData: DriverInteger }>({
  dataType: () => 'integer',
  fromDriver: safeNumber,
  toDriver: nullable(safeInteger),
})
const booleanSqlite = sqlite.customType<{ data: boolean; driverData: DriverInteger }>({
  dataType: () => 'integer',
  fromDriver: (value) => Number(value) !== 0,
  toDriver: nullable((value) => (value ? 1n : 0n)),
})
const jsonSqlite = sqlite.customType<{ data: unknown; driverData: string }>({
  dataType: () => 'text',
  fromDriver: (value) => JSON.parse(value),
  toDriver: nullable((value) => JSON.stringify(value)),
})

/** Makes the tables of one engine. `T` of a column narrows it to a branded type; the database keeps the plain value. */
export const postgresKit = {
  dialect: 'postgres' as Dialect,
  table: pg.pgTable,
  /** Ascending numbers given by the database, never given twice. */
  sequence: <T extends bigint = bigint>(name: string) =>
    pg.bigserial(name, { mode: 'bigint' }).primaryKey().$type<T>(),
  /** The same for rows that are never deleted, where no number can be given twice: SQLite need not write the last one down. */
  appendOnly: <T extends bigint = bigint>(name: string) =>
    pg.bigserial(name, { mode: 'bigint' }).primaryKey().$type<T>(),
  /** int64 as bigint. */
  int64: <T extends bigint = bigint>(name: string) => int64Pg(name).$type<T>(),
  /** A whole number that fits 2^53: counts, minor units, uint32. */
  number: <T extends number = number>(name: string) => numberPg(name).$type<T>(),
  instant: (name: string) => numberPg(name).$type<Instant>(),
  boolean: (name: string) => booleanPg(name),
  text: <T extends string = string>(name: string) => pg.text(name).$type<T>(),
  /** Kept as JSON text, so that both engines give back exactly what was put in. */
  json: <T>(name: string) => jsonPg(name).$type<T>(),
  primaryKey: pg.primaryKey,
  foreignKey: pg.foreignKey,
  index: pg.index,
  uniqueIndex: pg.uniqueIndex,
  check: pg.check,
}

export type Kit = typeof postgresKit

// The shapes are those of the PostgreSQL kit; the static types are taken from there on purpose (architecture.md, "Storage").
export const sqliteKit = {
  dialect: 'sqlite',
  table: sqlite.sqliteTable,
  sequence: (name: string) => sqlite.integer(name).primaryKey({ autoIncrement: true }),
  appendOnly: (name: string) => sqlite.integer(name).primaryKey(),
  int64: (name: string) => int64Sqlite(name),
  number: (name: string) => numberSqlite(name),
  instant: (name: string) => numberSqlite(name),
  boolean: (name: string) => booleanSqlite(name),
  text: (name: string) => sqlite.text(name),
  json: (name: string) => jsonSqlite(name),
  primaryKey: sqlite.primaryKey,
  foreignKey: sqlite.foreignKey,
  index: sqlite.index,
  uniqueIndex: sqlite.uniqueIndex,
  check: sqlite.check,
} as unknown as Kit

/** `column in (list)` for a list handed over as one JSON text, so that the statement's text never grows. */
export function inJsonList(dialect: Dialect, column: SQLWrapper, jsonList: SQLWrapper): SQL {
  return dialect === 'sqlite'
    ? sql`${column} in (select value from json_each(${jsonList}))`
    : sql`${column} in (select value::bigint from jsonb_array_elements_text(${jsonList}::jsonb))`
}

/** An integer expression (a sum, a count) read as number on both engines; an empty sum is 0. */
export function integer(expression: SQLWrapper): SQL<number> {
  return sql`coalesce(${expression}, 0)`.mapWith(safeNumber) as SQL<number>
}

/** The same as bigint. */
export function bigInteger(expression: SQLWrapper): SQL<bigint> {
  return sql`coalesce(${expression}, 0)`.mapWith((value: DriverInteger) => BigInt(value)) as SQL<bigint>
}

/** Takes row locks where the engine has them; SQLite's one writer needs none. Order the rows, or two bodies may wait for each other. */
export function locked<Q extends PromiseLike<unknown>>(query: Q): Q {
  const lockable = query as Q & { for?: (strength: 'update') => Q }
  return typeof lockable.for === 'function' ? lockable.for('update') : query
}
