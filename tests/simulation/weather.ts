//! How well messages travel, way by way: how long they take, and which of them get lost or arrive twice.
import type { Chance } from './chance.ts'
import type { Service } from './process.ts'
import type { World } from './world.ts'

/** The streams that are read by somebody of the simulation. accounts is nowhere else: its facts come out of the blue. */
export const streamNames = ['CATALOG', 'LOMS', 'BILLING', 'DELIVERY', 'ACCOUNTS'] as const
export type StreamName = (typeof streamNames)[number]

/** A service, or the stream of one. */
export type Place = Service | StreamName
export type Way = `${Place}>${Place}`

export type Trouble = {
  /** The part of what travels there that does not arrive. */
  readonly lost: number
  readonly twice: number
  /** What arrives takes up to so much longer, and so overtakes. */
  readonly slowMs: number
}

export type Losses = { lost: number; twice: number; late: number }

const calm: Trouble = { lost: 0, twice: 0, slowMs: 0 }

export class Weather {
  readonly losses: Losses = { lost: 0, twice: 0, late: 0 }
  readonly #world: World
  readonly #chance: Chance
  #lastArrivalUs = 0
  readonly #troubles = new Map<Way, { readonly trouble: Trouble; readonly untilUs: number }>()

  constructor(world: World) {
    this.#world = world
    this.#chance = world.chance.fork('weather')
  }

  /** Things go wrong on this way for so long. */
  trouble(way: Way, trouble: Trouble, ms: number): void {
    this.#troubles.set(way, { trouble, untilUs: this.#world.nowUs + ms * 1_000 })
  }

  clear(): void {
    this.#troubles.clear()
  }

  /** How long until everything has arrived that is on its way. */
  get underWayUs(): number {
    return Math.max(0, this.#lastArrivalUs - this.#world.nowUs)
  }

  /** Sends it once, twice or not at all. */
  send(way: Way, arrive: () => void, whenLost?: () => void): void {
    const trouble = this.#troubleOn(way)
    if (this.#chance.happens(trouble.lost)) {
      this.losses.lost += 1
      this.#world.say(`${way}: lost`)
      whenLost?.()
      return
    }
    this.#arriveAfter(this.#travelUs(trouble), arrive)
    if (!this.#chance.happens(trouble.twice)) return
    this.losses.twice += 1
    this.#world.say(`${way}: comes twice`)
    this.#arriveAfter(this.#travelUs(trouble), arrive)
  }

  #arriveAfter(us: number, arrive: () => void): void {
    this.#lastArrivalUs = Math.max(this.#lastArrivalUs, this.#world.nowUs + us)
    this.#world.after(us, arrive)
  }

  #travelUs({ slowMs }: Trouble): number {
    const us = this.#chance.between(30, 300)
    if (slowMs === 0) return us
    this.losses.late += 1
    return us + this.#chance.between(0, slowMs * 1_000)
  }

  #troubleOn(way: Way): Trouble {
    const known = this.#troubles.get(way)
    return known === undefined || known.untilUs <= this.#world.nowUs ? calm : known.trouble
  }
}
