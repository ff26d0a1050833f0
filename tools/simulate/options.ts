//! What simulate is told: flags, read once.
import { parseArgs } from 'node:util'

export type Options = {
  readonly help: boolean
  readonly seed: number
  readonly histories: number
  /** One history, told as it happens. */
  readonly watch: boolean
  readonly steps: ReadonlySet<number> | undefined
  readonly planted: string | undefined
}

export const usage = (
  planted: readonly string[],
): string => `bun run simulate [flags]: seeded histories of a shop in one process, with everything that can go wrong

  --histories N   how many, each of the next seed (default: 1000)
  --seed S        the first seed (default: one of its own); without --histories that one history, told as it happens
  --steps 2,5,7   of that history only these steps
  --planted NAME  how many histories it takes to catch a bug that was put in on purpose; \`all\`: each of them
  --help          this

Planted bugs: ${planted.join(', ')}.
Ends with 0 where nothing was broken (or every planted bug was caught), 1 where something was, 2 where it could not run.
`

const seedsMax = 2 ** 31

/** Throws an error for people when something is not understood. */
export function parseOptions(args: readonly string[], planted: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      histories: { type: 'string' },
      seed: { type: 'string' },
      steps: { type: 'string' },
      planted: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { histories, seed, steps, planted: name } = values
  if (name !== undefined && name !== 'all' && !planted.includes(name))
    throw new Error(`there is no planted bug ${name}; there are ${planted.join(', ')}`)
  if (steps !== undefined && seed === undefined) throw new Error('--steps are those of a --seed')
  const isOne = seed !== undefined && histories === undefined
  return {
    help: values.help,
    seed: seed === undefined ? Math.floor(Math.random() * seedsMax) : wholeOf('--seed', seed, 0),
    histories: wholeOf('--histories', histories ?? '1000', 1),
    watch: isOne && (name === undefined || steps !== undefined),
    steps:
      steps === undefined ? undefined : new Set(steps.split(',').map((step) => wholeOf('--steps', step, 1))),
    planted: name,
  }
}

function wholeOf(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least || number > seedsMax * 2)
    throw new Error(`${flag} is "${text}", not a whole number from ${least} on`)
  return number
}
