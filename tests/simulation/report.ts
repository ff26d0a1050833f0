//! What the simulation says of what it found: for people, and so that they can see it again.
import type { Counts, Outcome } from './history.ts'
import { type Step, wordsOf } from './steps.ts'

export type Failure = {
  readonly seed: number
  readonly found: Outcome
  readonly shortest: Outcome
  /** The name of a planted bug. */
  readonly planted?: string | undefined
}

export function wordsOfFailure({ seed, found, shortest, planted }: Failure): string {
  const numbers = shortest.steps.map(({ number }) => number).join(',')
  const flags = [
    `--seed ${seed}`,
    `--steps ${numbers}`,
    ...(planted === undefined ? [] : [`--planted ${planted}`]),
  ]
  return [
    `seed ${seed} breaks`,
    ...shortest.violations.map(({ of, says, what }) => `  ${of}: ${says}\n${indented(what)}`),
    `the shortest history that does has ${shortest.steps.length} of ${found.steps.length} steps:`,
    ...shortest.steps.map(wordsOfStep),
    `see it happen: bun run simulate ${flags.join(' ')}`,
  ].join('\n')
}

const indented = (text: string) => text.replaceAll(/^/gm, '      ')

function wordsOfStep(step: Step): string {
  const number = `${step.number}.`.padStart(5)
  const after = `${step.afterUs / 1_000} ms`.padStart(8)
  return `${number} ${after} later: ${wordsOf(step)}`
}

export type Tally = Counts & {
  readonly histories: number
  readonly violations: number
  readonly seconds: number
}

export function wordsOfTally({ histories, violations, seconds, ...counts }: Tally): string {
  const { steps, requests, crashes, lost, twice, late, orders } = counts
  return [
    `${histories} histories`,
    `${steps} steps`,
    `${requests} requests`,
    `${orders} orders`,
    `${crashes} crashes`,
    `${lost} messages dropped, ${twice} doubled, ${late} delayed`,
    `${violations} violations`,
    `${Math.round(histories / seconds)} histories/s`,
  ].join(', ')
}
