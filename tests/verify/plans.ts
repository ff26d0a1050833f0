//! A program: how SQLite would look for what breaks each rule; prints the rules that go through a table once for each row of another.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { parseOptions } from '../../tools/verify/options.ts'
import { prepare } from '../../tools/verify/prepare.ts'
import { rules } from '../../tools/verify/rules.ts'
import { openSources } from '../../tools/verify/sources.ts'

export type Scan = { readonly says: string; readonly scan: string }

/** A line of `EXPLAIN QUERY PLAN`: https://www.sqlite.org/eqp.html */
type Line = { readonly id: bigint; readonly parent: bigint; readonly detail: string }

const moments = { now: 0, overdue: 0, cutoff: 0 }

async function scansOf(dataDir: string): Promise<readonly Scan[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'kiosk-plans-'))
  try {
    const { database, found } = await openSources(parseOptions(['--data', dataDir], {}).urls, scratch)
    prepare(
      database,
      found.map(({ service }) => service),
      moments,
    )
    return rules.flatMap(({ says, broken }) => repeated(database, broken).map((scan) => ({ says, scan })))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The scans within a subquery that is asked again for each row. */
function repeated(database: Database, sql: string): string[] {
  const lines = database.prepare(`explain query plan ${sql}`).all(moments) as Line[]
  const byId = new Map(lines.map((line) => [line.id, line]))
  const isRepeated = ({ parent }: Line): boolean => {
    const above = byId.get(parent)
    return above !== undefined && (above.detail.startsWith('CORRELATED') || isRepeated(above))
  }
  return lines
    .filter((line) => line.detail.startsWith('SCAN') && isRepeated(line))
    .map(({ detail }) => detail)
}

if (import.meta.main) console.log(JSON.stringify(await scansOf(process.argv[2] ?? '')))
