//! Many histories, one seed after the other.
import { type Counts, type Options, type Outcome, Simulator } from './history.ts'
import type { Failure, Tally } from './report.ts'
import { shrink } from './shrink.ts'

export type RunOptions = Omit<Options, 'seed' | 'only' | 'watch'> & {
  readonly firstSeed: number
  readonly histories: number
  /** Ends there; what is broken everywhere is not told a thousand times. */
  readonly failuresMax: number
}

export function runMany({ firstSeed, histories, failuresMax, ...options }: RunOptions): {
  readonly tally: Tally
  readonly failures: readonly Failure[]
} {
  const simulator = new Simulator()
  const failures: Failure[] = []
  const startedAt = performance.now()
  let counts = nothing
  let done = 0
  for (let seed = firstSeed; seed < firstSeed + histories && failures.length < failuresMax; seed += 1) {
    const found = simulator.run({ ...options, seed })
    done += 1
    counts = sum(counts, found.counts)
    if (found.violations.length > 0)
      failures.push({ seed, found, shortest: shrink(simulator, { ...options, seed }, found) })
  }
  const seconds = (performance.now() - startedAt) / 1_000
  return { tally: { ...counts, histories: done, violations: failures.length, seconds }, failures }
}

/** The first seed at which one of these invariants is broken. */
export function firstBroken(
  simulator: Simulator,
  {
    firstSeed,
    histories,
    breaks,
    ...options
  }: Omit<RunOptions, 'failuresMax'> & { readonly breaks: readonly string[] },
): { readonly seed: number; readonly found: Outcome } | undefined {
  for (let seed = firstSeed; seed < firstSeed + histories; seed += 1) {
    const found = simulator.run({ ...options, seed })
    if (found.violations.some(({ of }) => breaks.includes(of))) return { seed, found }
  }
  return undefined
}

export const nothing: Counts = {
  steps: 0,
  requests: 0,
  orders: 0,
  crashes: 0,
  tasks: 0,
  lost: 0,
  twice: 0,
  late: 0,
}

export const sum = (a: Counts, b: Counts): Counts => ({
  steps: a.steps + b.steps,
  requests: a.requests + b.requests,
  orders: a.orders + b.orders,
  crashes: a.crashes + b.crashes,
  tasks: a.tasks + b.tasks,
  lost: a.lost + b.lost,
  twice: a.twice + b.twice,
  late: a.late + b.late,
})
