//! One life of a service: its clock, its timers, its ids, and the places where it may die. The dead do nothing any more.
import { type Id, type IdKind, type NewId, newId } from '../../contracts/ids.ts'
import { type Clock, processClock } from '../../contracts/time.ts'
import type { SetTimer } from '../../runtime/messages/wait.ts'
import type { Defer } from '../../runtime/store/lane.ts'
import type { Chance } from './chance.ts'
import type { World } from './world.ts'

/** What runs where nobody has a wallet: billing and delivery would have nothing to do. */
export const walletless = ['catalog', 'loms', 'cart', 'notifier'] as const
export const services = [...walletless, 'billing', 'delivery'] as const
export type Service = (typeof services)[number]

/** What whoever waits for the dead gets: not an error that could be caught, but nothing at all. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

const prefixes = new Map<IdKind, string>()

/** As the product begins its ids of the kind. */
function prefixOf(kind: IdKind): string {
  const known = prefixes.get(kind) ?? newId(kind).replace(/_.*/, '_')
  prefixes.set(kind, known)
  return known
}

export class Process {
  readonly world: World
  readonly service: Service
  readonly #life: number
  readonly #chance: Chance
  readonly #onDeath: (where: string) => void
  #alive = true
  #dieAfter: number | undefined
  #ids = 0

  constructor(world: World, service: Service, life: number, onDeath: (where: string) => void) {
    this.world = world
    this.service = service
    this.#life = life
    this.#chance = world.chance.fork(`${service} ${life}`)
    this.#onDeath = onDeath
    this.now = processClock(
      () => world.wallMs(service),
      () => world.elapsedMs(),
    )
  }

  readonly now: Clock

  get isAlive(): boolean {
    return this.#alive
  }

  /** It dies when it has passed so many more places where it may. */
  dieAfter(places: number | undefined): void {
    this.#dieAfter = places
  }

  /** A place where the process may die: false where it is dead, and whoever asked goes no further. */
  passes(where: string): boolean {
    if (!this.#alive) return false
    if (this.#dieAfter === undefined) return true
    this.#dieAfter -= 1
    if (this.#dieAfter >= 0) return true
    this.die(where)
    return false
  }

  die(where: string): void {
    if (!this.#alive) return
    this.#alive = false
    this.#onDeath(where)
  }

  /** What the promise brings, if the process is still there to see it. */
  live<T>(promise: Promise<T>, where: string): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.passes(where)) resolve(value)
        },
        (error) => {
          if (this.passes(where)) reject(error)
        },
      )
    })
  }

  readonly random = (): number => this.#chance.random()

  readonly newId: NewId = <K extends IdKind>(kind: K) => {
    this.#ids += 1
    const moment = Math.floor(this.now()).toString(16).padStart(12, '0')
    const rest = `${this.service}${this.#life}x${this.#ids}`
    return `${prefixOf(kind)}${moment}${rest}` as Id<K>
  }

  after(us: number, run: () => void): void {
    this.world.after(us, () => {
      if (this.#alive) run()
    })
  }

  readonly setTimer: SetTimer = (run, ms) => {
    let off = false
    this.after(ms * 1_000, () => {
      if (!off) run()
    })
    return () => {
      off = true
    }
  }

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.after(ms * 1_000, resolve)
    })

  /** What is to run next does so in an order that is the seed's. */
  readonly defer: Defer = (run) => this.after(this.#chance.between(1, 60), run)
}
