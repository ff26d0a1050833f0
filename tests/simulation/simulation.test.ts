//! Histories of seeded trade with everything that can go wrong: each heals, converges, and breaks no rule. And each can be seen again.
import { expect, test } from 'bun:test'
import { Simulator } from './history.ts'
import { runInParallel } from './parallel.ts'
import { wordsOfTally } from './report.ts'

const histories = countFrom('SIMULATE_HISTORIES', 10_000)
const firstSeed = countFrom('SIMULATE_SEED', 1)
const timeoutMs = 60_000 + histories * 60

function countFrom(name: string, usual: number): number {
  const text = process.env[name]
  if (text === undefined || text === '') return usual
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${name} is "${text}", not a count`)
  return count
}

test(
  'whatever is dropped, doubled, delayed or dies: nothing is lost, oversold or done twice, and all of it finishes',
  async () => {
    const { tally, failures } = await runInParallel({ firstSeed, histories, failuresMax: 3 })
    console.log(wordsOfTally(tally))
    expect(failures).toEqual([])
    expect(tally.crashes).toBeGreaterThan(histories / 4)
    expect(tally.orders).toBeGreaterThan(histories / 2)
  },
  timeoutMs,
)

test('a history that breaks on whichever thread is told, and no more are begun', async () => {
  const planted = { planted: 'lost-release', firstSeed: 1, histories: 3_000, failuresMax: 2 }
  const { tally, failures } = await runInParallel(planted)
  expect(failures.length).toBeGreaterThanOrEqual(2)
  expect(failures.length).toBe(tally.violations)
  expect(tally.histories).toBeLessThan(3_000)
  for (const failure of failures) expect(failure).toMatch(/^seed \d+ breaks\n/)
})

test.each([[11_041_559, 'a charge that comes late is refused to an order that was paid by other means']])(
  'seed %d, which was broken once: %s',
  (seed) => {
    expect(new Simulator().run({ seed }).violations).toEqual([])
  },
)

const seeds = Array.from({ length: 40 }, (_, index) => firstSeed + index)

test('the same seed is the same history, task by task and row by row, whatever ran before it', () => {
  const run = (simulator: Simulator) =>
    seeds.map((seed) => {
      const { trace, digest, counts } = simulator.run({ seed, digests: true })
      return { seed, trace, digest, counts }
    })
  const simulator = new Simulator()
  const first = run(simulator)
  expect(run(simulator).toReversed()).toEqual(first.toReversed())
  expect(run(new Simulator())).toEqual(first)
  expect(new Set(first.map(({ trace }) => trace)).size).toBe(seeds.length)
})

test('whether somebody watches makes no difference', () => {
  const simulator = new Simulator()
  const lines: string[] = []
  for (const seed of seeds.slice(0, 10)) {
    const unwatched = simulator.run({ seed, digests: true })
    const watched = simulator.run({ seed, digests: true, watch: (line) => lines.push(line) })
    expect(watched).toEqual(unwatched)
  }
  expect(lines.length).toBeGreaterThan(seeds.length)
})
