//! Which faults a scenario is swept with: what it passes, learned from runs without faults, and what a kill makes it pass besides.
import type { Chance } from '../chance.ts'
import { describeFault, type Fault, type Kind, type Report } from './faults.ts'
import type { Scenario } from './scenario.ts'

/** How often each point of each service is passed. */
export type Passes = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What is done from time to time whatever is asked: health, polls, pruning, a look whether the stream is still the same. */
const byTime = /^(service|relay-core) read$|^idempotency write|^(state|message) of /
/** Asked again and again for as long as it takes. */
const polled = /^order-by-wallet read$/
const polledMost = 2
const byTheClock = /^(expire-orders|settle-checkouts|run-sagas|settle-holds) /
/** Killed here, a process leaves what it leaves at COMMIT, or around the question that is tried. */
const asElsewhere = /write: (before|statement|after the body)$|^try /

export const passesOf = (reports: readonly Report[]): Passes =>
  Object.fromEntries(reports.map(({ service, passed }) => [service, passed]))

/** What any run has passed, as often as any one has. */
export const mostOf = (runs: readonly Passes[]): Passes =>
  joined(runs, (service, point) => Math.max(...runs.map((run) => run[service]?.[point] ?? 0)))

/** What every run has passed, as often as every one has. */
export const leastOf = (runs: readonly Passes[]): Passes =>
  joined(runs, (service, point) => Math.min(...runs.map((run) => run[service]?.[point] ?? 0)))

/** What most runs have passed, as often as most have: the median. */
export const usualOf = (runs: readonly Passes[]): Passes =>
  joined(runs, (service, point) => {
    const counts = runs.map((run) => run[service]?.[point] ?? 0).sort((a, b) => a - b)
    return counts[Math.floor(counts.length / 2)] ?? 0
  })

/** Less what it passes by chance. */
export const meantOf = (passes: Passes, { dueMs }: Scenario): Passes =>
  joined([passes], (service, point) => {
    if (byTime.test(point) || (dueMs === undefined && byTheClock.test(point))) return 0
    const count = passes[service]?.[point] ?? 0
    return polled.test(point) ? Math.min(count, polledMost) : count
  })

function joined(runs: readonly Passes[], countOf: (service: string, point: string) => number): Passes {
  const services = [...new Set(runs.flatMap((run) => Object.keys(run)))].sort()
  return Object.fromEntries(
    services.map((service) => {
      const points = [...new Set(runs.flatMap((run) => Object.keys(run[service] ?? {})))]
      const counts = points.map((point) => [point, countOf(service, point)] as const)
      return [service, Object.fromEntries(counts.filter(([, count]) => count > 0))]
    }),
  )
}

/** Telling is the same whatever is told. */
const telling = /^(publish to|read of|relay-core|print-notices) /

/** Which points are also killed at. */
export type Kills =
  | { readonly where: 'all' }
  /**
   * Wherever it is another than at the points beside, but `most` of those at most, and where facts are told once over
   * all scenarios: `told` is theirs.
   */
  | { readonly where: 'different'; readonly most: number; readonly told: Set<string> }

type Place = Omit<Fault, 'kind'>

export type Wanted = {
  /** How large a part of the points an error is planned at. */
  readonly errors: number
  readonly kills: Kills
}

/** Errors first, then kills. */
export function planOf(passes: Passes, { errors, kills }: Wanted, chance: Chance): readonly Fault[] {
  const places = Object.entries(passes).flatMap(([service, points]) =>
    Object.entries(points).flatMap(([point, count]) =>
      Array.from({ length: count }, (_, index) => ({ service, point, nth: index + 1 })),
    ),
  )
  return [
    ...sampleOf(places, Math.ceil(errors * places.length), chance).map((place) => ({
      ...place,
      kind: 'error' as const,
    })),
    ...killedOf(places, kills, chance).map((place) => ({ ...place, kind: 'kill' as const })),
  ]
}

function killedOf(places: readonly Place[], kills: Kills, chance: Chance): readonly Place[] {
  if (kills.where === 'all') return places
  const { most, told } = kills
  const nameOf = ({ service, point, nth }: Place) => `${service} ${point} ${nth}`
  const different = places.filter((place) => !asElsewhere.test(place.point) && !told.has(nameOf(place)))
  const killed = sampleOf(different, most, chance)
  for (const place of killed) if (telling.test(place.point)) told.add(nameOf(place))
  return killed
}

/** So many of them, in their order; all where there are no more. */
function sampleOf<T>(all: readonly T[], most: number, chance: Chance): readonly T[] {
  let wanted = Math.min(most, all.length)
  return all.filter((_, index) => {
    const isTaken = chance.random() < wanted / (all.length - index)
    if (isTaken) wanted -= 1
    return isTaken
  })
}

/** One of so many parts that all together are the whole, whoever runs them. */
export type Part = { readonly number: number; readonly of: number }

/** By what it is, so that it is in the same part whatever else is planned. */
export const isIn = ({ number, of }: Part, fault: Fault): boolean =>
  Bun.hash.crc32(describeFault(fault)) % of === number - 1

// A long way into what is passed again and again there is nothing new.
const nthMax = 12

/** One of the plan, and another of anything that was ever passed, also while services started again. */
export function pairOf(plan: readonly Fault[], passed: Passes, chance: Chance): readonly Fault[] {
  const [first, ...others] = plan
  const places = Object.entries(passed).flatMap(([service, points]) =>
    Object.entries(points).map(([point, count]) => ({ service, point, count })),
  )
  const [place, ...further] = places
  if (first === undefined || place === undefined) throw new Error('there is nothing to be failed')
  const { service, point, count } = chance.pick([place, ...further])
  const nth = chance.between(1, Math.min(count, nthMax))
  const kind = chance.pick<Kind>(['error', 'kill'])
  return [chance.pick([first, ...others]), { service, point, nth, kind }]
}
