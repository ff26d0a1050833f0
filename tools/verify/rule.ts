//! A rule: one statement that finds the rows that break it, and one that counts what it looked at.
import type Database from 'better-sqlite3'
import type { Row } from 'better-sqlite3'
import type { Mode, Service } from './options.ts'

export type Rule = {
  /** The invariant it belongs to. */
  readonly of: string
  /** Unique, and true when the rule holds. */
  readonly says: string
  readonly needs: readonly Service[]
  /** In which modes it can be held against the data; all unless told. */
  readonly modes?: readonly Mode[]
  /** One number: how many things it is about. */
  readonly looksAt: string
  /** The rows that break it. The statements may use the names of `Moments`, e.g. `@cutoff`. */
  readonly broken: string
}

export type Finding = {
  readonly of: string
  readonly says: string
  readonly lookedAt: number
  /** Counted up to `brokenMax`. */
  readonly broken: number
  /** The first of them. */
  readonly rows: readonly Row[]
}

export const brokenMax = 1_000
const rowsShown = 5

export type Moments = {
  readonly now: number
  /** What is younger may still be under way. */
  readonly cutoff: number
  /** What was due before this should have been done. */
  readonly overdue: number
}

/** Holds one rule against the data. */
export function find(database: Database, rule: Rule, moments: Moments): Finding {
  const { of, says } = rule
  const rows: Row[] = []
  let broken = 0
  for (const row of database.prepare(rule.broken).iterate(moments)) {
    broken += 1
    if (rows.length < rowsShown) rows.push(row)
    if (broken === brokenMax) break
  }
  return { of, says, lookedAt: countOf(database, rule.looksAt, moments), broken, rows }
}

/** The one number that a statement answers with. */
export function countOf(database: Database, statement: string, moments: Moments): number {
  const [count] = Object.values(database.prepare(statement).get(moments) ?? {})
  return Number(count ?? 0)
}
