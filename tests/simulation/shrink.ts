//! The shortest history that still breaks the same rule: steps are left out, many at once and then one by one, while it does.
import type { Options, Outcome, Simulator } from './history.ts'

/** `broken` is what came of the options; the answer breaks the same, and has no step that could be spared. */
export function shrink(simulator: Simulator, options: Options, broken: Outcome): Outcome {
  const rule = ruleOf(broken)
  const stillBroken = (numbers: readonly number[]): Outcome | undefined => {
    const outcome = simulator.run({ ...options, only: new Set(numbers) })
    return outcome.violations.some(({ says }) => says === rule) ? outcome : undefined
  }
  let shortest = broken
  let size = Math.ceil(broken.steps.length / 2)
  for (;;) {
    const shorter = withoutSome(
      shortest.steps.map(({ number }) => number),
      size,
      stillBroken,
    )
    if (shorter !== undefined) shortest = shorter
    else if (size <= 1) return shortest
    else size = Math.ceil(size / 2)
  }
}

/** Leaves out `size` neighbours, wherever that is possible first. */
function withoutSome(
  numbers: readonly number[],
  size: number,
  stillBroken: (numbers: readonly number[]) => Outcome | undefined,
): Outcome | undefined {
  for (let from = 0; from < numbers.length; from += size) {
    const outcome = stillBroken(numbers.toSpliced(from, size))
    if (outcome !== undefined) return outcome
  }
  return undefined
}

/** The rule that says most of what went wrong: that something has not finished says least. */
export const ruleOf = ({ violations }: Outcome): string | undefined =>
  (violations.find(({ of }) => of !== 'I8') ?? violations[0])?.says
