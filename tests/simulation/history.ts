//! One history: a shop is opened, things happen and go wrong, everything heals, and what is left is held against the rules.
import { Chance } from './chance.ts'
import { Clients, doors, isFinal, type Told } from './clients.ts'
import { type Disks, makeDisks, wipe } from './disks.ts'
import { onlyThese, type Plan, planOf } from './generate.ts'
import { Look, type Violation } from './look.ts'
import { brokenPromises } from './model.ts'
import type { Planted } from './planted/planted.ts'
import { isSettled } from './settled.ts'
import { Shop } from './shop.ts'
import { isWish, type Request, type Step, type Wish, wordsOf } from './steps.ts'
import type { Losses } from './weather.ts'
import { World } from './world.ts'

export type Options = {
  readonly seed: number
  /** Only these steps of the plan, by their numbers. */
  readonly only?: ReadonlySet<number>
  readonly planted?: Planted
  readonly watch?: (line: string) => void
  /** Whether to work out the digest, which takes its time. */
  readonly digests?: boolean
}

export type Outcome = {
  readonly violations: readonly Violation[]
  readonly steps: readonly Step[]
  /** Two histories of the same trace are the same history. */
  readonly trace: number
  /** Two shops of the same digest have the same in their databases. */
  readonly digest: number | undefined
  readonly counts: Counts
}

export type Counts = Losses & {
  readonly steps: number
  readonly requests: number
  readonly crashes: number
  readonly tasks: number
  readonly orders: number
}

/** How long it may take until everything has finished once nothing goes wrong any more. */
const healMs = 10_000
/** It is looked at often at first, because most has finished at once. */
const looksMs = [10, 20, 40, 80, 160, ...Array.from({ length: 40 }, () => 250)]
/** Longer than any clock was off. */
const clocksMs = 61 * 60_000

/** The databases and what is prepared on them, for as many histories as one likes, one after another. */
export class Simulator {
  readonly #disks: Disks = makeDisks()
  readonly #look = new Look(this.#disks)

  run(options: Options): Outcome {
    wipe(this.#disks)
    return new History(options, this.#disks, this.#look).run()
  }
}

class History {
  readonly #world: World
  readonly #plan: Plan
  readonly #steps: readonly Step[]
  readonly #shop: Shop
  readonly #clients: Clients
  readonly #look: Look
  readonly #planted: Planted
  readonly #digests: boolean
  readonly #violations: Violation[] = []

  constructor({ seed, only, planted = {}, watch, digests = false }: Options, disks: Disks, look: Look) {
    this.#world = new World(seed, watch)
    this.#plan = planOf(new Chance(seed))
    this.#steps = only === undefined ? this.#plan.steps : onlyThese(this.#plan.steps, only)
    const onBug = (what: string) =>
      this.#violations.push({ of: 'bug', says: 'nothing fails that no fault explains', what })
    this.#shop = new Shop(this.#world, disks, this.#plan, planted, onBug)
    this.#clients = new Clients(this.#shop, { ...doors, ...planted.doors }, onBug)
    this.#look = look
    this.#planted = planted
    this.#digests = digests
  }

  run(): Outcome {
    this.#open()
    for (const step of this.#steps) {
      this.#world.run(step.afterUs)
      this.#do(step)
    }
    this.#world.run(1_000)
    const { isClockRight } = this.#world
    this.#shop.heal()
    // A deadline that was written by a clock that was ahead comes when the others have got there.
    const awaitDeadlines = () => this.#world.pause(isClockRight ? 0 : clocksMs * 1_000)
    // So do sagas, and whoever asks for their outcome.
    if (this.#plan.wallets !== undefined) awaitDeadlines()
    this.#askAgain()
    if (this.#plan.wallets === undefined) awaitDeadlines()
    this.#settle()
    this.#repeatAll()
    // What was asked long ago may still come, and has to come to nothing.
    this.#world.run(this.#shop.weather.underWayUs)
    this.#settle()
    this.#look.take(this.#shop.services)
    this.#violations.push(...this.#look.violations(this.#shop.up('loms')?.process.now() ?? 0))
    this.#violations.push(...brokenPromises(this.#clients.told, this.#look, this.#plan.wallets !== undefined))
    return this.#outcome()
  }

  #open(): void {
    for (const service of this.#shop.services) this.#shop.start(service)
    for (const sku of this.#plan.skus) this.#clients.ask({ do: 'price', sku, price: 100 * sku })
    for (const [sku, warehouse, count] of this.#plan.shelves)
      this.#clients.ask({ do: 'restock', sku, warehouse, count })
    for (const [user, amount] of this.#plan.wallets?.purses ?? [])
      if (amount > 0) this.#clients.ask({ do: 'top up', user, amount })
    // Nothing is sold from a wallet before its price is known.
    this.#world.run(this.#plan.wallets === undefined ? 2_000 : 60_000)
  }

  #do(step: Step): void {
    this.#world.note(step.number)
    if (this.#world.isWatched) this.#world.say(`${step.number}. ${wordsOf(step)}`)
    if (isWish(step)) this.#clients.ask(this.#requestOf(step))
    else this.#shop.do(step)
  }

  #requestOf(step: Step & Wish): Request {
    const { number: _, afterUs: __, ...wish } = step
    // What is left of the step is the wish.
    return 'order' in wish ? { ...wish, order: this.#shop.orderOf(wish.order) } : (wish as Request)
  }

  /** Who has a key and no answer asks until there is one. */
  #askAgain(): void {
    if (this.#planted.asksAgainWithoutKey)
      for (const told of this.#clients.told)
        if (told.answer === undefined && told.name === undefined) this.#clients.repeat(told)
    for (const ms of looksMs) {
      const unanswered = this.#unanswered()
      if (unanswered.length === 0) return
      for (const { request } of unanswered) this.#clients.ask(request)
      this.#world.run(ms * 1_000)
    }
    const what = this.#unanswered().map(({ name }) => name)
    if (what.length > 0) this.#breaks('whoever asks again is answered', what.join(', '))
  }

  #unanswered(): Told[] {
    const named = Map.groupBy(
      this.#clients.told.filter(({ name }) => name !== undefined),
      ({ name }) => name,
    )
    return [...named.values()].flatMap((group) => {
      const [first] = group
      return first === undefined || group.some(({ answer }) => isFinal(answer)) ? [] : [first]
    })
  }

  #settle(): void {
    for (const ms of looksMs) {
      if (isSettled(this.#shop.around)) return
      this.#world.run(ms * 1_000)
    }
    this.#breaks(
      'everything finishes by itself',
      `something is under way ${healMs / 1_000} s after the last fault`,
    )
  }

  #breaks(says: string, what: string): void {
    this.#violations.push({ of: 'I8', says, what })
  }

  /** Who asks again under the same key is told the same, and nothing is done. */
  #repeatAll(): void {
    const names = new Map<string, Told>()
    for (const each of this.#clients.told)
      if (each.name !== undefined && isFinal(each.answer)) names.set(each.name, each)
    for (const { request } of names.values()) this.#clients.ask(request)
    this.#world.run(60_000)
  }

  #outcome(): Outcome {
    const [row] = this.#look.rows<{ n: bigint }>('select count(*) as n from loms.orders')
    return {
      violations: this.#violations,
      steps: this.#steps,
      trace: this.#world.trace,
      digest: this.#digests ? this.#look.digest() : undefined,
      counts: {
        ...this.#shop.weather.losses,
        steps: this.#steps.length,
        requests: this.#clients.told.length,
        crashes: this.#shop.crashes,
        tasks: this.#world.tasksRun,
        orders: Number(row?.n ?? 0),
      },
    }
  }
}
