//! One trial: a customer does what the scenario says while faults wait, and asks again until answered; then everything is as it should be.
import { eventually } from '../../journeys/shop.ts'
import type { Reply } from '../shop.ts'
import type { Fault, Report } from './faults.ts'
import type { Seen } from './look.ts'
import type { Customer, Scenario } from './scenarios.ts'
import type { World } from './world.ts'

export type Trial = {
  /** Undefined where nobody could even begin, for what was left of another trial. */
  readonly customer: Customer | undefined
  readonly fired: readonly Fault[]
  readonly reports: readonly Report[]
  /** The first thing that is not as it should be. */
  readonly problem: string | undefined
}

/** When faults stop, everything converges within this. */
const convergeMs = 10_000
const patienceMs = 20_000
const pauseMs = 20
/** So long before the clock acts the faults are armed. */
const leadMs = 30
const lateTriesMax = 20

/** Without faults it tells which points are passed. */
export async function runTrial(world: World, scenario: Scenario, faults: readonly Fault[]): Promise<Trial> {
  const { look, shop, system } = world
  const [firedBefore, endedBefore] = [world.fired.length, world.ended.length]
  let customer: Customer | undefined
  let reports: readonly Report[] = []
  let problem: string | undefined
  try {
    const stockBefore = look.stock(scenario.sku)
    customer = await prepare(world, scenario)
    await world.arm(faults)
    await answer(world, scenario, customer)
    await becomes(world, customer, scenario.after)
    await world.allRunning()
    await allQuiet(world)
    reports = await world.arm([])
    // The last of them may just have been killed.
    await world.allRunning()

    await answer(world, scenario, customer, true)
    const held = stockBefore - look.stock(scenario.sku)
    if (held !== scenario.held) throw new Error(`${held} pieces are held, not ${scenario.held}`)
    await scenario.tidy?.(shop, customer)
    for (const service of world.ended.slice(endedBefore))
      throw new Error(`${service} has ended:\n${system.logs(service).slice(-3).join('\n')}`)
  } catch (error) {
    problem = String(error)
    await world.arm([])
    await world.allRunning()
  }
  return { customer, fired: world.fired.slice(firedBefore), reports, problem }
}

/** A customer for whom the clock has not acted yet. */
async function prepare(world: World, scenario: Scenario): Promise<Customer> {
  const { shop } = world
  for (let tries = 1; tries <= lateTriesMax; tries += 1) {
    const { dueMs } = scenario
    const startedAt = performance.now()
    const customer = await scenario.prepare(shop, world.newUser())
    await becomes(world, customer, scenario.before, scenario.after)
    await allQuiet(world)
    if (dueMs === undefined) return customer
    const leftMs = startedAt + dueMs - leadMs - performance.now()
    await Bun.sleep(Math.max(0, leftMs))
    if (leftMs > 0) return customer
    await becomes(world, customer, scenario.after)
  }
  throw new Error(`${lateTriesMax} times it took longer to prepare than ${scenario.dueMs} ms`)
}

/** Asks until there is an answer, and it is the right one; `again` and again the same. */
async function answer(world: World, scenario: Scenario, customer: Customer, again = false): Promise<void> {
  const { ask, answered } = scenario
  if (ask === undefined) return
  const { status, body, replayed } = await untilAnswered(() => ask(world.shop, customer))
  const isRight = status === answered.status && body.code === answered.code && (replayed || !again)
  if (!isRight)
    throw new Error(
      `answered${again ? ' again' : ''} ${status} ${JSON.stringify(body)}${replayed ? ', replayed' : ''}`,
    )
}

/** As a client does that was told nothing, or "not now": the same again, under the same key. */
async function untilAnswered(ask: () => Promise<Reply>): Promise<Reply> {
  let last: unknown
  return await eventually(
    'an answer',
    async () => {
      const reply = await ask().catch((error: unknown) => {
        last = error
        return undefined
      })
      last = reply ?? last
      if (reply !== undefined && reply.status < 500 && reply.body.code !== 'in_progress') return reply
      await Bun.sleep(pauseMs)
      return undefined
    },
    patienceMs,
  ).catch((error) => {
    throw new Error(`${String(error)}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`)
  })
}

async function becomes(world: World, customer: Customer, ...wanted: readonly Seen[]): Promise<void> {
  let seen: unknown
  await eventually(
    'it',
    () => {
      seen = world.look.customer(customer.user)
      return wanted.some((each) => Bun.deepEquals(seen, each)) || undefined
    },
    convergeMs,
  ).catch(() => {
    throw new Error(`${JSON.stringify(seen)} after ${convergeMs} ms, not ${JSON.stringify(wanted)}`)
  })
}

async function allQuiet(world: World): Promise<void> {
  await eventually('every fact to be told', () => world.look.isQuiet() || undefined, convergeMs)
}
