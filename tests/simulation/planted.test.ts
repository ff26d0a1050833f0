//! The simulation finds what it is there to find: nineteen bugs, put in on purpose, each within a thousand histories.
import { expect, test } from 'bun:test'
import { Simulator } from './history.ts'
import { planted } from './planted/all.ts'
import { firstBroken } from './run.ts'
import { ruleOf, shrink } from './shrink.ts'

const historiesMax = 1_000
const timeoutMs = 120_000
const simulator = new Simulator()

test('there are nineteen', () => {
  expect(Object.keys(planted)).toHaveLength(19)
})

test.each(Object.entries(planted))(
  '%s is caught',
  (name, { bug, breaks }) => {
    const broken = firstBroken(simulator, { firstSeed: 1, histories: historiesMax, planted: bug, breaks })
    if (broken === undefined) throw new Error(`not caught in ${historiesMax} histories`)
    const { seed, found } = broken
    console.log(`${name}: caught in history ${seed}: ${ruleOf(found)}`)
  },
  timeoutMs,
)

test(
  'a broken history is shrunk to one that breaks the same rule and has no step to spare',
  () => {
    const { bug = {}, breaks = [] } = planted['lost-release'] ?? {}
    const options = { planted: bug }
    const broken = firstBroken(simulator, { firstSeed: 1, histories: historiesMax, breaks, ...options })
    if (broken === undefined) throw new Error('nothing to shrink')
    const { seed, found } = broken
    const shortest = shrink(simulator, { seed, ...options }, found)
    const isBroken = (numbers: readonly number[]) =>
      simulator
        .run({ seed, ...options, only: new Set(numbers) })
        .violations.some(({ says }) => says === ruleOf(found))
    const numbers = shortest.steps.map(({ number }) => number)
    expect(numbers.length).toBeLessThan(found.steps.length)
    expect(isBroken(numbers)).toBe(true)
    expect(numbers.filter((_, index) => isBroken(numbers.toSpliced(index, 1)))).toEqual([])
  },
  timeoutMs,
)
