//! Chance that can be repeated: every random choice of a fault test comes from one seed, which is printed.

export type Chance = {
  /** From 0 up to 1. */
  random(): number
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  pick<T>(list: readonly [T, ...T[]]): T
}

/** `FAULT_SEED=… bun test tests/faults/…` makes the same choices again; how the processes race is not ours to repeat. */
export function chanceOf(name: string): Chance {
  const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`${name}: FAULT_SEED=${seed}`)
  let state = seed >>> 0
  // mulberry32
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  return { random, between, pick: (list) => list[between(0, list.length - 1)] ?? list[0] }
}

/**
 * How often a test does what it does: few times with all the others, as often as `FAULT_ROUNDS` says in a long run. Where
 * those are the rounds of another test of the same row, which usually does `of`, this one does its share.
 */
export function roundsOf(usual: number, { of = usual } = {}): number {
  const text = process.env.FAULT_ROUNDS
  if (text === undefined || text === '') return usual
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`FAULT_ROUNDS is "${text}", not a count`)
  return Math.ceil((rounds * usual) / of)
}

/** What a test may take that does `rounds` of something. */
export const timeoutMsOf = (rounds: number, roundMs: number): number => 60_000 + rounds * roundMs
