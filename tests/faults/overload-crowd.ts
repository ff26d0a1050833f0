//! A program: buyers who come at a pace of their own, however long the shop takes to serve them. Each asks once and goes home when refused.
import { Connection, type Reply } from './overload-connection.ts'

/** What a buyer asks, one step after the other; `order` is what an earlier step was answered with. */
export type Step = {
  readonly name: string
  readonly url: string
  readonly path: string
  /** JSON in which `$user` and `$order` stand for the buyer's. */
  readonly body: string
}

export type Crowd = {
  readonly steps: readonly Step[]
  /** How many come a second; undefined where as many as `places` buy one purchase after another. */
  readonly perSecond?: number
  /** How many can be served at once: each has a connection to every step's door. */
  readonly places: number
  readonly seconds: number
  /** Who was served in the first so many seconds is not counted: it takes a while until all are busy. */
  readonly startSeconds: number
  readonly firstUser: number
  /** Who signs in has one of these: user n the nth of them, and again from the first. */
  readonly bearers?: readonly string[]
}

export type Crowded = {
  readonly came: number
  /** Those of them who found no place: all connections waited for an answer. */
  readonly unsent: number
  readonly bought: number
  readonly boughtPerSecond: number
  /** Refused as they should be, by step: 503 `overloaded` with Retry-After. */
  readonly turnedAway: Readonly<Record<string, number>>
  /** Everything else that was answered, by step, status and code; and what was not answered. */
  readonly others: Readonly<Record<string, number>>
  /** The middle one, the 99th of a hundred, the longest. */
  readonly boughtMs: readonly number[]
  readonly turnedAwayMs: readonly number[]
  readonly cpuSeconds: number
}

const patienceMs = 12_000

class Tally {
  /** Who was served when not all were busy yet, or not any more, is not counted. */
  countsFrom = Number.POSITIVE_INFINITY
  countsTo = Number.POSITIVE_INFINITY
  readonly turnedAway: Record<string, number> = {}
  readonly others: Record<string, number> = {}
  readonly boughtMs: number[] = []
  readonly turnedAwayMs: number[] = []
  came = 0
  unsent = 0

  bought(ms: number): void {
    const nowMs = performance.now()
    if (nowMs >= this.countsFrom && nowMs < this.countsTo) this.boughtMs.push(ms)
  }

  refused(step: Step, reply: Reply | undefined, ms: number): void {
    const code = reply === undefined ? undefined : /"code":"(\w+)"/.exec(reply.text)?.[1]
    const mayReturn = reply !== undefined && /\nretry-after: *\d+\r/i.test(reply.text)
    if (reply?.status === 503 && code === 'overloaded' && mayReturn) {
      this.turnedAway[step.name] = (this.turnedAway[step.name] ?? 0) + 1
      this.turnedAwayMs.push(ms)
      return
    }
    const what = reply === undefined ? 'not answered' : `${reply.status} ${code}`
    const name = `${step.name}: ${what}${mayReturn ? ', retry-after' : ''}`
    this.others[name] = (this.others[name] ?? 0) + 1
  }
}

/** Where one buyer after another is served. */
class Place {
  readonly #crowd: Crowd
  readonly #tally: Tally
  readonly #doors: ReadonlyMap<string, Connection>
  readonly #left: (place: Place) => void
  #user = 0
  #order = ''
  #at = 0
  #cameMs = 0
  #askedMs = 0
  isTaken = false

  private constructor(
    crowd: Crowd,
    tally: Tally,
    doors: ReadonlyMap<string, Connection>,
    left: (place: Place) => void,
  ) {
    this.#crowd = crowd
    this.#tally = tally
    this.#doors = doors
    this.#left = left
    for (const door of doors.values()) door.onReply = (reply) => this.#hear(reply)
  }

  static async open(crowd: Crowd, tally: Tally, left: (place: Place) => void): Promise<Place> {
    const urls = [...new Set(crowd.steps.map(({ url }) => url))]
    const doors = await Promise.all(urls.map(async (url) => [url, await Connection.open(url)] as const))
    return new Place(crowd, tally, new Map(doors), left)
  }

  take(user: number): void {
    this.#user = user
    this.#at = 0
    this.isTaken = true
    this.#cameMs = performance.now()
    this.#ask()
  }

  #ask(): void {
    const step = this.#crowd.steps[this.#at]
    if (step === undefined) {
      this.#leave(true)
      return
    }
    this.#askedMs = performance.now()
    const body = step.body.replace('$user', String(this.#user)).replace('$order', this.#order)
    this.#doors.get(step.url)?.post(step.path, body, this.#signedIn())
  }

  #signedIn(): string {
    const { bearers } = this.#crowd
    return bearers === undefined ? '' : `Authorization: ${bearers[this.#user % bearers.length]}\r\n`
  }

  #hear(reply: Reply | undefined): void {
    const step = this.#crowd.steps[this.#at]
    if (!this.isTaken || step === undefined) return
    if (reply?.status !== 200) {
      this.#tally.refused(step, reply, performance.now() - this.#askedMs)
      this.#leave(false)
      return
    }
    this.#order = /"orderID":(\d+)/.exec(reply.text)?.[1] ?? this.#order
    this.#at += 1
    this.#ask()
  }

  #leave(hasBought: boolean): void {
    this.isTaken = false
    if (hasBought) this.#tally.bought(performance.now() - this.#cameMs)
    this.#left(this)
  }
}

async function serveCrowd(crowd: Crowd): Promise<Crowded> {
  const tally = new Tally()
  const free: Place[] = []
  let left = (place: Place) => void free.push(place)
  const places = await Promise.all(
    Array.from({ length: crowd.places }, () => Place.open(crowd, tally, (place) => left(place))),
  )
  const come = (place: Place | undefined) => {
    tally.came += 1
    if (place === undefined) tally.unsent += 1
    else place.take(crowd.firstUser + tally.came)
  }
  const startedAt = performance.now()
  const endsAt = startedAt + crowd.seconds * 1000
  tally.countsFrom = startedAt + crowd.startSeconds * 1000
  tally.countsTo = endsAt
  if (crowd.perSecond === undefined) {
    left = (place) => void (performance.now() < endsAt && come(place))
    for (const place of places) come(place)
    await Bun.sleep(crowd.seconds * 1000)
  } else {
    free.push(...places)
    for (let nowMs = startedAt; nowMs < endsAt; nowMs = performance.now()) {
      const due = Math.floor(((nowMs - startedAt) / 1000) * crowd.perSecond)
      while (tally.came < due) come(free.pop())
      await Bun.sleep(1)
    }
  }
  const givesUpAt = performance.now() + patienceMs
  while (places.some(({ isTaken }) => isTaken) && performance.now() < givesUpAt) await Bun.sleep(5)
  const { user, system } = process.cpuUsage()
  const { came, unsent, turnedAway, others } = tally
  return {
    came,
    unsent,
    bought: tally.boughtMs.length,
    boughtPerSecond: tally.boughtMs.length / (crowd.seconds - crowd.startSeconds),
    turnedAway,
    others,
    boughtMs: percentiles(tally.boughtMs),
    turnedAwayMs: percentiles(tally.turnedAwayMs),
    cpuSeconds: (user + system) / 1e6,
  }
}

function percentiles(measured: readonly number[]): number[] {
  const sorted = Float64Array.from(measured).sort()
  return [0.5, 0.99, 1].map((share) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0),
  )
}

if (import.meta.main) {
  console.log(JSON.stringify(await serveCrowd(JSON.parse(process.argv[2] ?? '') as Crowd)))
  process.exit(0)
}
