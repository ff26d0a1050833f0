//! Chance from one seed. Each part of the world draws from a fork of its own, so that they do not move one another's draws.

export class Chance {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = mix(this.#seed)
  }

  /** The same fork of the same seed draws the same. */
  fork(name: string): Chance {
    return new Chance(mix(this.#seed ^ Bun.hash.crc32(name)))
  }

  /** From 0 up to 1. */
  readonly random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    return mix(this.#state) / 2 ** 32
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  /** True for this part of all times. */
  happens(part: number): boolean {
    return this.random() < part
  }

  pick<const T>(list: readonly [T, ...T[]]): T {
    return list[this.between(0, list.length - 1)] ?? list[0]
  }
}

/** The mixing of mulberry32. */
function mix(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return (mixed ^ (mixed >>> 14)) >>> 0
}
