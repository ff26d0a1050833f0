//! What a run of fault tests comes to: the counts of each row added up, in a table.
import { type Counted, countedPrefix } from '../../tests/faults/counted.ts'
import type { Row } from './rows.ts'

export type Ran = {
  readonly row: Row
  readonly counted: readonly Counted[]
  readonly failed: number
  readonly seconds: number
}

/** Undefined where the line counts nothing. */
export function countedIn(line: string): Counted | undefined {
  if (!line.startsWith(countedPrefix)) return undefined
  return JSON.parse(line.slice(countedPrefix.length)) as Counted
}

/** Counts added up, the longest of times. */
export function totalOf(counted: readonly Counted[]): {
  readonly counts: Readonly<Record<string, number>>
  readonly timesMs: Readonly<Record<string, number>>
} {
  const counts: Record<string, number> = {}
  const timesMs: Record<string, number> = {}
  for (const each of counted) {
    for (const [name, count] of Object.entries(each.counts ?? {})) counts[name] = (counts[name] ?? 0) + count
    for (const [name, ms] of Object.entries(each.timesMs ?? {}))
      timesMs[name] = Math.max(timesMs[name] ?? 0, ms)
  }
  return { counts, timesMs }
}

const columnWidthMax = 72

/** One row a row; what it has counted goes on in further lines where it is long. */
export function tableOf(ran: readonly Ran[]): string {
  const rows = ran.map(({ row, counted, failed, seconds }) => [
    [String(row.row)],
    [row.what],
    wrapped(wordsOf(counted), columnWidthMax),
    [String(failed)],
    [seconds.toFixed(0)],
  ])
  const all = [[['row'], ['what'], ['counted'], ['violations'], ['seconds']], ...rows]
  const widths = [0, 1, 2, 3, 4].map((at) =>
    Math.max(...all.flatMap((cells) => (cells[at] ?? []).map((line) => line.length))),
  )
  return all
    .flatMap((cells) =>
      Array.from({ length: Math.max(...cells.map((cell) => cell.length)) }, (_, line) =>
        cells
          .map((cell, at) => (cell[line] ?? '').padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd(),
      ),
    )
    .join('\n')
}

/** Broken after commas, so that no line is longer than it has to be. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const longer = lines.length === 0 ? undefined : `${lines.at(-1)}, ${word}`
    if (longer !== undefined && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function wordsOf(counted: readonly Counted[]): readonly string[] {
  const { counts, timesMs } = totalOf(counted)
  const skipped = new Set(counted.flatMap((each) => (each.skipped === undefined ? [] : [each.skipped])))
  const words = [
    ...Object.entries(counts).map(([name, count]) => `${count} ${name}`),
    ...Object.entries(timesMs).map(([name, ms]) => `${name} ${ms} ms`),
    ...[...skipped].map((why) => `SKIPPED: ${why}`),
  ]
  return words.length === 0 ? ['nothing'] : words
}
