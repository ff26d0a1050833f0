//! What a fault test has counted, as a line that `bun run faults` reads: nobody parses prose for figures.

/** Counts are added up over the tests of a row; of times the longest is kept. */
export type Counted = {
  /** Of the scorecard in docs/reliability.md. */
  readonly row: number
  readonly counts?: Readonly<Record<string, number>>
  readonly timesMs?: Readonly<Record<string, number>>
  /** Why it could not be done here. */
  readonly skipped?: string
}

export const countedPrefix = '# faults '

/** To be called where everything has held: a test that failed has counted nothing. */
export function counted(row: number, counts: Counted['counts'], timesMs?: Counted['timesMs']): void {
  say({ row, ...(counts && { counts }), ...(timesMs && { timesMs }) })
}

/** To be called beside `test.skip`, so that the row is seen to be missing. */
export function notCounted(row: number, why: string): void {
  say({ row, skipped: why })
}

const say = (line: Counted) => console.log(`${countedPrefix}${JSON.stringify(line)}`)

/** The value that so large a part of all is not above; 0 where there is none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0)
}
