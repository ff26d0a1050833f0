//! Canaries: secrets of tests bear a mark, and no log of a system under test may hold it, whatever the test was about.

const mark = 'canary-5e1f0c'

/** A secret that is found out where it is told. Visible ASCII, as long as `what` is. */
export const canary = (what: string): string => `${mark}-${what}`

/** The lines that tell a secret, each with whose it is. */
export function canariesIn(logs: ReadonlyMap<string, readonly string[]>): string[] {
  return [...logs].flatMap(([name, lines]) =>
    lines.filter((line) => line.includes(mark)).map((line) => `${name}: ${line}`),
  )
}
