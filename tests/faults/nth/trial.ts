//! One trial: a customer does what the scenario says while faults wait, and asks again until answered; then everything is as it should be.
import { eventually } from '../../journeys/shop.ts'
import type { Reply } from '../shop.ts'
import { allQuiet, becomes, convergeMs, type Ready } from './customers.ts'
import type { Fault, Report } from './faults.ts'
import type { Customer, Scenario } from './scenario.ts'
import type { World } from './world.ts'

export type Trial = {
  /** Undefined where nobody could even begin, for what was left of another trial. */
  readonly customer: Customer | undefined
  readonly fired: readonly Fault[]
  readonly reports: readonly Report[]
  /** The first thing that is not as it should be. */
  readonly problem: string | undefined
}

const patienceMs = 20_000
const pauseMs = 20
const pauseMsMax = 160

export type TrialOptions = {
  readonly next: () => Promise<Ready>
  readonly faults: readonly Fault[]
  /** Whether verify looks as well. */
  readonly verified: boolean
}

/** Without faults it tells which points are passed. */
export async function runTrial(
  world: World,
  scenario: Scenario,
  { next, faults, verified }: TrialOptions,
): Promise<Trial> {
  const { look, till, system } = world
  const [firedBefore, endedBefore] = [world.fired.length, world.ended.length]
  let customer: Customer | undefined
  let reports: readonly Report[] = []
  let problem: string | undefined
  try {
    const ready = await next()
    customer = ready.customer
    await world.arm(faults)
    await answer(world, scenario, customer)
    await becomes(world, customer, scenario.after)
    await world.allRunning()
    await allQuiet(world)
    reports = await world.arm([])
    // The last of them may just have been killed.
    await world.allRunning()

    await answer(world, scenario, customer, true)
    const taken = ready.stock - look.stock(scenario.sku)
    if (taken !== scenario.taken) throw new Error(`${taken} pieces are taken, not ${scenario.taken}`)
    const found = verified ? await world.verify.problems(convergeMs) : []
    if (found.length > 0) throw new Error(found.join('\n'))
    await scenario.tidy?.(till, customer)
    for (const service of world.ended.slice(endedBefore))
      throw new Error(`${service} has ended:\n${system.logs(service).slice(-3).join('\n')}`)
  } catch (error) {
    problem = String(error)
    await world.arm([])
    await world.allRunning()
  }
  return { customer, fired: world.fired.slice(firedBefore), reports, problem }
}

/** Asks until there is an answer, and it is the right one; `again` and again the same. */
async function answer(world: World, scenario: Scenario, customer: Customer, again = false): Promise<void> {
  const { ask, answered } = scenario
  if (ask === undefined) return
  const { status, body, replayed } = await untilAnswered(() => ask(world.till, customer))
  const isRight = status === answered.status && body.code === answered.code && (replayed || !again)
  if (!isRight)
    throw new Error(
      `answered${again ? ' again' : ''} ${status} ${JSON.stringify(body)}${replayed ? ', replayed' : ''}`,
    )
}

/** As a client does that was told nothing, or "not now": the same again, under the same key. */
async function untilAnswered(ask: () => Promise<Reply>): Promise<Reply> {
  let last: unknown
  let waitMs = pauseMs
  return await eventually(
    'an answer',
    async () => {
      const reply = await ask().catch((error: unknown) => {
        last = error
        return undefined
      })
      last = reply ?? last
      if (reply !== undefined && isOutcome(reply)) return reply
      await Bun.sleep(waitMs)
      waitMs = Math.min(2 * waitMs, pauseMsMax)
      return undefined
    },
    patienceMs,
  ).catch((error) => {
    throw new Error(`${String(error)}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`)
  })
}

/** Not "not now", and not "nobody knows yet" (202). */
const isOutcome = ({ status, body }: Reply) => status < 500 && status !== 202 && body.code !== 'in_progress'
