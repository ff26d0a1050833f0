//! One look at a shop's data: what is there, and what of it breaks a rule.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mode, Options, Service } from './options.ts'
import { prepare } from './prepare.ts'
import { type Finding, find } from './rule.ts'
import { rulesFor } from './rules.ts'
import { type Counts, countSeen } from './seen.ts'
import { openSources, type Source } from './sources.ts'

export type Report = {
  readonly ok: boolean
  readonly mode: Mode
  readonly found: readonly Service[]
  readonly seconds: number
  readonly counts: Counts
  readonly findings: readonly Finding[]
}

const graceMs = 10_000

/** Throws where there is no shop to look at. */
export async function look(options: Options): Promise<Report> {
  const startedAt = performance.now()
  const now = Date.now()
  const scratch = await mkdtemp(join(tmpdir(), 'kiosk-verify-'))
  try {
    const { database, found: sources } = await openSources(options.urls, scratch)
    const found = sources.map(({ service }) => service)
    mustBeShop(found, options)
    const mode = options.mode ?? modeOf(sources)
    const overdue = now - graceMs
    const moments = { now, overdue, cutoff: mode === 'live' ? overdue : Number.MAX_SAFE_INTEGER }
    prepare(database, found, moments)
    const findings = rulesFor(found, mode).map((rule) => find(database, rule, moments))
    const counts = countSeen(database, found)
    database.close()
    const seconds = (performance.now() - startedAt) / 1_000
    return { ok: findings.every(({ broken }) => broken === 0), mode, found, seconds, counts, findings }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Most rules hold one service against another, and nearly all are about orders and stock: with less than loms and one
 * more, "all rules hold" would be about nothing, as in a wrong folder.
 */
function mustBeShop(found: readonly Service[], { dataDir }: Options): void {
  if (found.includes('loms') && found.length > 1) return
  if (found.length === 0) throw new Error(`there is no data of a shop in ${dataDir}`)
  throw new Error(
    `there is data of ${found.join(', ')} only: without that of loms and one more service there is no shop to look at (--data DIR, <SERVICE>_DATABASE_URL)`,
  )
}

/** Where it cannot be told whether anybody is at work, somebody may be. */
const modeOf = (sources: readonly Source[]): Mode =>
  sources.every(({ inUse }) => inUse === false) ? 'stopped' : 'live'
