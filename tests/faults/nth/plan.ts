//! Which faults a scenario is swept with: what it passes, learned from runs without faults, and what a kill makes it pass besides.
import type { Chance } from '../chance.ts'
import type { Fault, Kind, Report } from './faults.ts'
import type { Scenario } from './scenarios.ts'

/** How often each point of each service is passed. */
export type Passes = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What is done from time to time whatever is asked: health, polls, pruning, a look whether the stream is still the same. */
const byTime = /^(service|relay-core) read$|^idempotency write|^(state|message) of /
const byTheClock = /^(expire-orders|settle-checkouts|run-sagas) /
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
  joined([passes], (service, point) =>
    byTime.test(point) || (dueMs === undefined && byTheClock.test(point))
      ? 0
      : (passes[service]?.[point] ?? 0),
  )

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

/** `different`: wherever it is another than at the points beside. */
export type Kills = 'none' | 'different' | 'all'

/** An error at every one, and so many kills. */
export function planOf(passes: Passes, kills: Kills): readonly Fault[] {
  const places = Object.entries(passes).flatMap(([service, points]) =>
    Object.entries(points).flatMap(([point, count]) =>
      Array.from({ length: count }, (_, index) => ({ service, point, nth: index + 1 })),
    ),
  )
  const killed = places.filter(
    ({ point }) => kills === 'all' || (kills === 'different' && !asElsewhere.test(point)),
  )
  return [
    ...places.map((place) => ({ ...place, kind: 'error' as const })),
    ...killed.map((place) => ({ ...place, kind: 'kill' as const })),
  ]
}

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
