//! What verify and backup use of better-sqlite3, which brings no types of its own.
declare module 'better-sqlite3' {
  type Value = bigint | number | string | Uint8Array | null
  type Row = Readonly<Record<string, Value>>

  class Statement {
    run(...parameters: readonly unknown[]): void
    get(...parameters: readonly unknown[]): Row | undefined
    all(...parameters: readonly unknown[]): Row[]
    iterate(...parameters: readonly unknown[]): IterableIterator<Row>
  }

  class Database {
    constructor(path: string, options?: { readonly?: boolean; fileMustExist?: boolean; timeout?: number })
    prepare(statement: string): Statement
    exec(statements: string): this
    defaultSafeIntegers(on?: boolean): this
    close(): this
    /** Copies page by page into a new file; `progress` says how many pages are next. */
    backup(path: string, options: { progress(): number }): Promise<unknown>
  }

  export default Database
  export type { Row, Value }
}
