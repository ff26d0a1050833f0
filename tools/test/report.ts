//! Counts what `bun test` has written into its JUnit report.

export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number }

/** The totals of the report's root, and the files that it has results of. */
export function readReport(xml: string): { readonly counts: Counts; readonly files: ReadonlySet<string> } {
  const root = /<testsuites\b[^>]*>/.exec(xml)?.[0]
  if (root === undefined) throw new Error('the report of bun test has no <testsuites>')
  const count = (name: string) => {
    const number = new RegExp(`\\b${name}="(\\d+)"`).exec(root)?.[1]
    if (number === undefined) throw new Error(`the report of bun test has no ${name}: ${root}`)
    return Number(number)
  }
  const failed = count('failures')
  const skipped = count('skipped')
  const files = new Set(
    [...xml.matchAll(/<testsuite\b[^>]*\bfile="([^"]+)"/g)].flatMap((match) => match[1] ?? []),
  )
  return { counts: { passed: count('tests') - failed - skipped, failed, skipped }, files }
}

/** The line that a run ends with. */
export function summaryOf(counts: Counts): string {
  const line = `${counts.passed} passed, ${counts.failed} failed`
  return counts.skipped > 0 ? `${line}, ${counts.skipped} skipped` : line
}
