//! `bun run simulate`: seeded histories of a shop in one process, with everything that can go wrong; tests/simulation is what runs them.
import { Simulator } from '../tests/simulation/history.ts'
import { runInParallel } from '../tests/simulation/parallel.ts'
import { planted } from '../tests/simulation/planted/all.ts'
import { wordsOfFailure, wordsOfTally } from '../tests/simulation/report.ts'
import { firstBroken } from '../tests/simulation/run.ts'
import { shrink } from '../tests/simulation/shrink.ts'
import { type Options, parseOptions, usage } from './simulate/options.ts'

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), Object.keys(planted))
  if (options.help) {
    console.log(usage(Object.keys(planted)))
    return 0
  }
  if (options.planted === 'all') return findPlanted(Object.keys(planted), options)
  if (options.watch) return watch(options)
  return options.planted === undefined ? await search(options) : findPlanted([options.planted], options)
}

async function search({ seed, histories }: Options): Promise<number> {
  console.log(`seeds ${seed} to ${seed + histories - 1}`)
  const { tally, failures } = await runInParallel({
    firstSeed: seed,
    histories,
    failuresMax: 3,
    onProgress: (tally) => console.log(wordsOfTally(tally)),
  })
  for (const failure of failures) console.log(`\n${failure}`)
  console.log(`\n${wordsOfTally(tally)}`)
  return failures.length === 0 ? 0 : 1
}

/** One history as it happens, whole or only some of its steps. */
function watch({ seed, steps, planted: name }: Options): number {
  const bug = name === undefined ? undefined : planted[name]?.bug
  const { violations } = new Simulator().run({
    seed,
    ...(steps && { only: steps }),
    ...(bug && { planted: bug }),
    watch: (line) => console.log(line),
  })
  for (const { of, says, what } of violations) console.log(`\nBROKEN ${of}: ${says}\n${what}`)
  if (violations.length === 0) console.log('\nnothing is broken')
  return violations.length === 0 ? 0 : 1
}

/** The other way round: 0 where every bug was caught. */
function findPlanted(names: readonly string[], { seed, histories }: Options): number {
  const simulator = new Simulator()
  let missed = 0
  for (const name of names) {
    const { bug = {}, breaks = [] } = planted[name] ?? {}
    const broken = firstBroken(simulator, { firstSeed: seed, histories, planted: bug, breaks })
    if (broken === undefined) {
      missed += 1
      console.log(`${name}: NOT caught in ${histories} histories\n`)
      continue
    }
    const { seed: at, found } = broken
    const shortest = shrink(simulator, { seed: at, planted: bug }, found)
    console.log(`${name}: caught in history ${at - seed + 1}`)
    console.log(`${wordsOfFailure({ seed: at, found, shortest, planted: name })}\n`)
  }
  console.log(`${names.length - missed} of ${names.length} planted bugs were caught`)
  return missed === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
