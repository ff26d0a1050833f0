//! One moment for all services: everybody's writes wait for some milliseconds, and what each database is then is held on to.
//!
//! Copies of different moments would not fit together in any order: with cart before loms there are orders that nobody
//! began, with loms before cart there are customers who were told of an order that is gone. At one moment the set is what
//! a power cut would have left, and from that the services find their way by themselves.
import { existsSync } from 'node:fs'
import { forgottenMove, type Home, schemaOf, wordsOf } from '../data/homes.ts'
import { shapesOf } from '../data/shape.ts'
import { postgresDoor } from './postgres.ts'
import { sqliteDoor } from './sqlite.ts'

/** A service's data as it was at the moment, for as long as this is kept. */
export type Pinned = AsyncDisposable & {
  /** Writes all of it into a new SQLite file. */
  copyTo(path: string): Promise<void>
}

/** The way to the data of one service, open before anybody has to wait. */
export type Door = AsyncDisposable & {
  /** From now on nothing is written until `release`; false where that could not be had by `until`. */
  shut(until: number): Promise<boolean>
  release(): Promise<void>
  /** Holds on to what is there now. Once only. */
  pin(): Promise<Pinned>
}

export type Moment = {
  readonly at: Date
  /** How long writes have waited. */
  readonly heldMs: number
  readonly pinned: readonly { readonly home: Home; readonly data: Pinned }[]
  /** Services that have no data. */
  readonly missing: readonly Home[]
}

// A service waits 500 ms for its own file; it must never wait in vain because of us.
const heldMsMax = 300
const attemptsMax = 60
const pauseMs = 200

type Way = { readonly home: Home; readonly door: Door }

/** Throws where there is no data at all, where some was moved to an unknown place, or where the moment is not found within a few dozen tries. */
export async function takeMoment(homes: readonly Home[]): Promise<Moment> {
  await using opened = new AsyncDisposableStack()
  const ways: Way[] = []
  const missing: Home[] = []
  // SQLite last: a file is shut at once, a server's database when the transactions that run there have ended.
  for (const home of [...homes].sort((a, b) => a.place.engine.localeCompare(b.place.engine))) {
    const door = await doorOf(home)
    if (door !== undefined) {
      ways.push({ home, door: opened.use(door) })
      continue
    }
    const forgotten = forgottenMove(home)
    // A backup without it would look whole, and nobody would know until it is needed.
    if (forgotten !== undefined) throw new Error(forgotten)
    missing.push(home)
  }
  if (ways.length === 0)
    throw new Error(`there is no data of a shop in ${homes.map(({ place }) => wordsOf(place)).join(', ')}`)
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const found = await tryMoment(ways)
    if (found !== undefined) return { ...found, missing }
    await Bun.sleep(pauseMs * (0.5 + Math.random()))
  }
  throw new Error(`the services write without a pause: no moment was found in ${attemptsMax} tries`)
}

async function doorOf({ service, place }: Home): Promise<Door | undefined> {
  if (place.engine === 'postgres')
    return await postgresDoor(service, place.url, shapesOf(await schemaOf(service)))
  return existsSync(place.path) ? sqliteDoor(place.path) : undefined
}

async function tryMoment(ways: readonly Way[]): Promise<Omit<Moment, 'missing'> | undefined> {
  const startedAt = performance.now()
  const shut: Door[] = []
  const pinned: { home: Home; data: Pinned }[] = []
  try {
    for (const { door } of ways) {
      if (!(await door.shut(startedAt + heldMsMax))) return undefined
      shut.push(door)
    }
    // From here on until the first release nobody writes anything.
    const at = new Date()
    for (const { home, door } of ways) pinned.push({ home, data: await door.pin() })
    for (const door of shut.splice(0)) await door.release()
    return { at, heldMs: performance.now() - startedAt, pinned }
  } catch (error) {
    for (const { data } of pinned) await data[Symbol.asyncDispose]()
    throw error
  } finally {
    for (const door of shut) await door.release()
  }
}
