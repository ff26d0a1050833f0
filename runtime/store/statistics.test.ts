//! Statistics by rule: what a plan is with them, and that nothing else has a say in it.
import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { putStatistics } from './statistics.ts'

const folder = mkdtempSync(join(tmpdir(), 'kiosk-statistics-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file as a version wrote it that knew nothing of statistics. */
function makeFile(): string {
  const path = join(folder, `${crypto.randomUUID()}.sqlite`)
  using database = new Database(path)
  database.exec(`
    create table things (
      tenant_id text not null, number integer not null, name text not null, kept integer not null,
      primary key (tenant_id, number)
    ) strict, without rowid;
    create index things_kept on things (tenant_id, name) where kept;
  `)
  return path
}

const open = (path: string, options: { readonly readonly?: boolean } = {}) =>
  new Database(path, { safeIntegers: true, ...(options.readonly ? { readonly: true } : { readwrite: true }) })

const question = 'select * from things where tenant_id = ? and name = ? and kept limit 1'
function planOf(database: Database): string | undefined {
  using plan = database.prepare<{ detail: string }, []>(`explain query plan ${question}`)
  return plan.get()?.detail
}
const lookedUp = 'SEARCH things USING INDEX things_kept (tenant_id=? AND name=?)'

test('an index that has more of what is asked for than the tenant is taken, by whoever opens the file from then on', () => {
  const path = makeFile()
  using writer = open(path)
  expect(planOf(writer)).toBe('SEARCH things USING PRIMARY KEY (tenant_id=?)')
  putStatistics(writer)
  expect(planOf(writer)).toBe(lookedUp)
  using reader = open(path, { readonly: true })
  expect(planOf(reader)).toBe(lookedUp)
})

test('what was analysed by hand is forgotten at the next opening', () => {
  const path = makeFile()
  using writer = open(path)
  writer.exec("insert into things values ('a', 1, 'one', 1); analyze")
  putStatistics(writer)
  using query = writer.prepare('select idx, stat from sqlite_stat1 order by idx')
  expect(query.values()).toEqual([
    ['sqlite_autoindex_things_1', '1048576 1048576 1 noskipscan'],
    ['things_kept', '524288 524288 10 noskipscan'],
  ])
  expect(planOf(writer)).toBe(lookedUp)
})

test('where nothing has changed nothing is written: an opening waits for no other writer', () => {
  const path = makeFile()
  using writer = open(path)
  putStatistics(writer)
  using other = open(path)
  other.exec('begin immediate')
  putStatistics(writer)
  other.exec('rollback')
})
