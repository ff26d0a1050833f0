//! Holds the data of all services against the rules of `bun run verify`, in one database that everything is copied into.
import { Database, type Statement } from 'bun:sqlite'
import type BetterSqlite from 'better-sqlite3'
import { prepare } from '../../tools/verify/prepare.ts'
import type { Rule } from '../../tools/verify/rule.ts'
import { rulesFor } from '../../tools/verify/rules.ts'
import { type Disks, tablesOf } from './disks.ts'
import { type Service, services } from './process.ts'
import { ownRules } from './rules.ts'

export type Violation = { readonly of: string; readonly says: string; readonly what: string }

type Copy = {
  readonly service: Service
  readonly table: string
  readonly read: Statement
  readonly clear: Statement
  readonly insert: Statement
  readonly columns: readonly string[]
}

/** A table that is worked out of others, which may not be there. */
type Derived = { readonly of: Service | undefined; readonly clear: Statement; readonly fill: Statement }

type Moments = { readonly now: number; readonly cutoff: number; readonly overdue: number }

/** What is late by more than this was forgotten. */
const lateMs = 2_000
const rowsShown = 3

/** Of no use to whoever compares two histories: where a trace of requests begins is left to chance by the product. */
const random = ['traceparent', 'headers']

export class Look {
  readonly #database = new Database(':memory:', { strict: true, safeIntegers: true })
  readonly #copies: readonly Copy[]
  readonly #derived: readonly Derived[]
  readonly #rules: readonly { readonly rule: Rule; readonly broken: Statement }[]
  #taken: readonly Service[] = []

  constructor(disks: Disks) {
    // Tables of a few rows are read through faster than an index of them is made.
    this.#database.exec('pragma automatic_index = off')
    for (const service of services) this.#database.exec(`attach ':memory:' as ${service}`)
    this.#copies = services.flatMap((service) => this.#copiesOf(service, disks))
    this.#derived = this.#prepare()
    this.#rules = [...rulesFor(services, 'settled'), ...ownRules].map((rule) => ({
      rule,
      broken: this.#database.prepare(rule.broken),
    }))
  }

  /** Takes over what stands in the databases of these services now. */
  take(taken: readonly Service[]): void {
    this.#taken = taken
    this.#database.exec('begin')
    for (const { service, read, clear, insert } of this.#copies) {
      if (!taken.includes(service)) continue
      clear.run()
      for (const row of read.values() as never[][]) insert.run(...row)
    }
    for (const { of, clear, fill } of this.#derived) {
      if (of !== undefined && !taken.includes(of)) continue
      clear.run()
      fill.run()
    }
    this.#database.exec('commit')
  }

  /** What of it breaks a rule; `now` is the clock of loms. */
  violations(now: number): Violation[] {
    const moments: Moments = { now, cutoff: Number.MAX_SAFE_INTEGER, overdue: now - lateMs }
    return this.#rules.flatMap(({ rule: { of, says, needs }, broken }) => {
      if (!needs.every(this.#isTaken)) return []
      // Most rules know no time, and what is bound in vain costs as much as they do.
      const rows = broken.paramsCount === 0 ? broken.all() : broken.all(moments as never)
      return rows.length === 0 ? [] : [{ of, says, what: rows.slice(0, rowsShown).map(textOfRow).join('\n') }]
    })
  }

  readonly #isTaken = (service: string): boolean => this.#taken.some((taken) => taken === service)

  rows<R>(sql: string): R[] {
    return this.#database.query<R, []>(sql).all()
  }

  /** One number for everything that is stored. */
  digest(): number {
    const kept = this.#copies
      .filter(({ service }) => this.#taken.includes(service))
      .map(({ service, table, read, columns }) => {
        const named = (read.values() as unknown[][]).map((row) =>
          row.filter((_, at) => !random.includes(columns[at] ?? '')),
        )
        return `${service}.${table} ${textOfRow(named)}`
      })
    return Bun.hash.crc32(kept.join('\n'))
  }

  #copiesOf(service: Service, disks: Disks): Copy[] {
    const { database } = disks[service]
    return tablesOf(database).map((table) => {
      const info = database.prepare<{ name: string }, []>(`pragma table_info("${table}")`).all()
      const columns = info.map(({ name }) => name)
      const list = columns.map((name) => `"${name}"`).join(', ')
      this.#database.exec(`create table ${service}."${table}" (${list})`)
      return {
        service,
        table,
        columns,
        read: database.prepare(`select ${list} from "${table}"`),
        clear: this.#database.prepare(`delete from ${service}."${table}"`),
        insert: this.#database.prepare(
          `insert into ${service}."${table}" values (${columns.map(() => '?').join(', ')})`,
        ),
      }
    })
  }

  /** What verify works out first, once a look; here the tables stay and are filled anew. */
  #prepare(): Derived[] {
    const statements: string[] = []
    // Verify's own engine is not needed to hear what it would run.
    const listener = { exec: (sql: string) => statements.push(sql) } as unknown as BetterSqlite
    prepare(listener, services, { now: 0, cutoff: 0, overdue: 0 })
    return statements.flatMap((statement) => {
      this.#database.exec(statement)
      const made = /create temp table (\w+) as\s+(select[\s\S]*?);?\s*$/.exec(statement)
      if (made === null) return []
      const [, table = '', select] = made
      return [
        {
          of: services.find((service) => table.startsWith(`${service}_`)),
          clear: this.#database.prepare(`delete from temp.${table}`),
          fill: this.#database.prepare(`insert into temp.${table} ${select}`),
        },
      ]
    })
  }
}

const textOfRow = (row: unknown): string =>
  JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value))
