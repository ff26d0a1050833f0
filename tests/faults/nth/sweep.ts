//! A scenario with one fault after another: runs without faults tell which points it passes, and how often; each is failed in turn.
import type { Chance } from '../chance.ts'
import { convergeMs, customersOf } from './customers.ts'
import { describeFault, type Fault, type Kind } from './faults.ts'
import {
  isIn,
  leastOf,
  meantOf,
  mostOf,
  type Part,
  type Passes,
  pairOf,
  passesOf,
  planOf,
  usualOf,
  type Wanted,
} from './plan.ts'
import type { Customer, Scenario } from './scenario.ts'
import { runTrial } from './trial.ts'
import type { World } from './world.ts'

export type Sweep = {
  /** How many points the scenario passes, by service. */
  readonly points: Readonly<Record<string, number>>
  readonly trials: number
  readonly fired: Readonly<Record<Kind, number>>
  /** Trials in which two came to pass. */
  readonly pairs: number
  /** How many faults were planned here. */
  readonly planned: number
  /** Of these, those whose place was never passed again: where a fact and an answer race, one of two does the work. */
  readonly unreached: readonly string[]
  /** What the scenario was to pass, and has not. */
  readonly missing: readonly string[]
  readonly violations: readonly string[]
  readonly ms: number
}

const cleanRuns = 3
/** After a start a relay sends one fact at a time at first. */
const warmUps = 1
const triesMax = 5
/** Each takes its whole patience; more of them would not say more. */
const violationsMax = 3

export type SweepOptions = {
  readonly wanted: Wanted
  /** After every fault of its own. */
  readonly pairs: number
  /** Of the plan only this. */
  readonly part: Part
  /** After every trial, and not only after the last. */
  readonly verifiesEach: boolean
  readonly chance: Chance
}

export async function sweep(
  world: World,
  scenario: Scenario,
  { wanted, pairs, part, verifiesEach, chance }: SweepOptions,
): Promise<Sweep> {
  const startedAt = performance.now()
  const next = customersOf(world, scenario)
  const customers: Customer[] = []
  const violations: string[] = []
  const fired = { error: 0, kill: 0 }
  let trials = 0
  const passed: Passes[] = []

  const isEnough = () => violations.length >= violationsMax
  /** Answers how many of the faults have come to pass. */
  async function trial(faults: readonly Fault[]): Promise<number> {
    const what = faults.map(describeFault).join(' and ') || 'no fault'
    const done = await runTrial(world, scenario, { next, faults, verified: verifiesEach })
    trials += 1
    if (done.customer !== undefined) customers.push(done.customer)
    if (done.problem !== undefined) {
      violations.push(`${scenario.name}, ${what}: ${done.problem}`)
      console.log(`  violated: ${violations.at(-1)}`)
    }
    for (const { kind } of done.fired) fired[kind] += 1
    passed.push(passesOf(done.reports))
    return done.fired.length
  }

  for (let run = 0; run < warmUps + cleanRuns && !isEnough(); run += 1) await trial([])
  const clean = passed.slice(warmUps)
  const passes = meantOf(usualOf(clean), scenario)
  const always = leastOf(clean)
  const plan = planOf(passes, wanted, chance)
  const mine = plan.filter((fault) => isIn(part, fault))
  const unreached: string[] = []
  for (const fault of mine) {
    if (isEnough()) break
    // Facts that come at once in one run come one by one in another: what only some runs pass may not be passed again.
    const isSure = fault.nth <= (always[fault.service]?.[fault.point] ?? 0)
    let isFired = false
    for (let tries = 0; !isFired && tries < (isSure ? triesMax : 2); tries += 1)
      isFired = (await trial([fault])) > 0
    if (!isFired && isSure) unreached.push(describeFault(fault))
  }
  const anywhere = mostOf(passed)
  let both = 0
  for (let tries = 0; both < pairs && tries < pairs * triesMax && !isEnough(); tries += 1) {
    if ((await trial(pairOf(plan, anywhere, chance))) > 1) both += 1
  }
  violations.push(...(await problemsAfter(world, scenario, customers)))
  const countOf = (service: string) =>
    Object.values(passes[service] ?? {}).reduce((sum, count) => sum + count, 0)
  return {
    points: Object.fromEntries(Object.keys(passes).map((service) => [service, countOf(service)])),
    trials,
    fired,
    pairs: both,
    planned: mine.length,
    unreached,
    missing: missing(passes, scenario),
    violations,
    ms: performance.now() - startedAt,
  }
}

function missing(passes: Passes, scenario: Scenario): string[] {
  const points = Object.entries(passes).flatMap(([service, passed]) =>
    Object.keys(passed).map((point) => `${service} ${point}`),
  )
  const isPassed = (name: string) =>
    name.endsWith('…') ? points.some((point) => point.startsWith(name.slice(0, -1))) : points.includes(name)
  return scenario.passes.filter((name) => !isPassed(name))
}

/** Nothing has changed since for anybody, and the books agree. */
async function problemsAfter(
  world: World,
  { name, after }: Scenario,
  customers: readonly Customer[],
): Promise<readonly string[]> {
  const broken = await world.verify.problems(convergeMs)
  const changed = customers.filter(({ user }) => !Bun.deepEquals(world.look.customer(user), after))
  return [
    ...broken.map((problem) => `${name}: ${problem}`),
    ...changed.map(
      ({ user }) => `${name}, user ${user} in the end: ${JSON.stringify(world.look.customer(user))}`,
    ),
  ]
}
