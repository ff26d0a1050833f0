//! A thread that runs the histories it is told to, one range of seeds after the other.
import { planted } from './planted/all.ts'
import { type Tally, wordsOfFailure } from './report.ts'
import { runMany } from './run.ts'

export type Range = {
  readonly firstSeed: number
  readonly histories: number
  readonly failuresMax: number
  /** The name of a planted bug. */
  readonly planted?: string | undefined
}
export type Ran = { readonly tally: Tally; readonly failures: readonly string[] }

declare const self: Worker

self.onmessage = ({ data: { planted: name, ...range } }: MessageEvent<Range>) => {
  const bug = name === undefined ? undefined : planted[name]?.bug
  const { tally, failures } = runMany({ ...range, ...(bug && { planted: bug }) })
  const words = failures.map((failure) => wordsOfFailure({ ...failure, planted: name }))
  self.postMessage({ tally, failures: words } satisfies Ran)
}
