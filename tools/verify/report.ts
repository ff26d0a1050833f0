//! A report in words.
import type { Row } from 'better-sqlite3'
import type { Report } from './look.ts'
import { type Service, services } from './options.ts'
import { brokenMax, type Finding } from './rule.ts'

const titles = {
  live: 'of a running system: what is younger than 10 s may be under way',
  stopped: 'of a stopped system',
  settled: 'of a settled system: nothing may be under way',
} as const

export function wordsOf(report: Report): string {
  const { mode, found, counts, findings, seconds } = report
  const missing = services.filter((service) => !found.includes(service))
  const seen = Object.entries(counts)
  const broken = findings.filter((finding) => finding.broken > 0)
  return [
    `data ${titles[mode]}`,
    ...missing.map((service: Service) => `not looked at: ${service} has no data`),
    '',
    ...table(seen.map(([name, count]) => [name, String(count)])),
    '',
    ...table([['rule', 'about', 'broken', ''], ...findings.map(lineOf)]),
    '',
    ...broken.flatMap(wordsOfBroken),
    `${broken.length === 0 ? 'all' : findings.length - broken.length} of ${findings.length} rules hold (${seconds.toFixed(1)} s)`,
  ].join('\n')
}

const lineOf = ({ of, lookedAt, broken, says }: Finding) => [of, String(lookedAt), countOf(broken), says]

const countOf = (broken: number) => (broken === brokenMax ? `≥ ${brokenMax}` : String(broken))

function wordsOfBroken({ of, says, broken, rows }: Finding): string[] {
  const more = broken > rows.length ? [`  … ${countOf(broken)} in all`] : []
  return [`BROKEN ${of}: ${says}`, ...rows.map((row) => `  ${json(row)}`), ...more, '']
}

/** Numbers of 64 bits as they are. */
export const json = (value: Report | Row): string =>
  JSON.stringify(value, (_, each) =>
    typeof each === 'bigint' ? (Number.isSafeInteger(Number(each)) ? Number(each) : String(each)) : each,
  )

/** Columns side by side; those of numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.map((_, at) => rows.map((row) => row[at] ?? '')) ?? []
  const shapes = columns.map((cells) => ({
    width: Math.max(...cells.map((cell) => cell.length)),
    isNumber: cells.slice(1).every((cell) => /^[≥ \d]+$/.test(cell)),
  }))
  const padded = (cell: string, at: number) => {
    const { width = 0, isNumber = false } = shapes[at] ?? {}
    return isNumber ? cell.padStart(width) : cell.padEnd(width)
  }
  return rows.map((row) => row.map(padded).join('  ').trimEnd())
}
