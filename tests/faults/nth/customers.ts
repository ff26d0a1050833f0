//! Customers who are ready for their trial: made several at a time, because that costs less.
import { eventually } from '../../journeys/shop.ts'
import type { Seen } from './look.ts'
import type { Customer, Scenario } from './scenario.ts'
import type { World } from './world.ts'

/** When faults stop, everything converges within this. */
export const convergeMs = 10_000
const atOnce = 16
/** So long before the clock acts the faults are armed. */
const leadMs = 30
const lateTriesMax = 20

export type Ready = {
  readonly customer: Customer
  /** How many pieces of the scenario's SKU could be bought when the customer was ready. */
  readonly stock: number
}

/** Answers the next one whenever it is called: nothing has gone wrong for them yet, and nothing is under way. */
export function customersOf(world: World, scenario: Scenario): () => Promise<Ready> {
  if (scenario.dueMs !== undefined) return () => inTime(world, scenario)
  const ready: Customer[] = []
  return async () => {
    const wanted = scenario.tidy === undefined ? atOnce : 1
    if (ready.length === 0) ready.push(...(await prepared(world, scenario, wanted)))
    const customer = ready.shift()
    if (customer === undefined) throw new Error('nobody was prepared')
    return { customer, stock: world.look.stock(scenario.sku) }
  }
}

async function prepared(world: World, scenario: Scenario, count: number): Promise<readonly Customer[]> {
  const customers = await Promise.all(
    Array.from({ length: count }, () => scenario.prepare(world.till, world.newUser())),
  )
  for (const customer of customers) await becomes(world, customer, scenario.before, scenario.after)
  await allQuiet(world)
  return customers
}

/** One for whom the clock has not acted yet. */
async function inTime(world: World, scenario: Scenario): Promise<Ready> {
  const { dueMs = 0 } = scenario
  for (let tries = 1; tries <= lateTriesMax; tries += 1) {
    const startedAt = performance.now()
    const [customer] = await prepared(world, scenario, 1)
    const leftMs = startedAt + dueMs - leadMs - performance.now()
    await Bun.sleep(Math.max(0, leftMs))
    if (customer === undefined) continue
    const stock = world.look.stock(scenario.sku)
    // On a busy machine the sleep may have been longer, or the clock may act between two looks.
    const isInTime = leftMs > 0 && Bun.deepEquals(world.look.customer(customer.user), scenario.before)
    if (isInTime) return { customer, stock }
    await becomes(world, customer, scenario.after)
  }
  throw new Error(`${lateTriesMax} times it took longer to prepare than ${dueMs} ms`)
}

/** Waits until this, or one of these, is to be seen of the customer. */
export async function becomes(world: World, customer: Customer, ...wanted: readonly Seen[]): Promise<void> {
  let seen: unknown
  await converges(world, () => {
    seen = world.look.customer(customer.user)
    return wanted.some((each) => Bun.deepEquals(seen, each))
  }).catch(() => {
    throw new Error(`${JSON.stringify(seen)} after ${convergeMs} ms, not ${JSON.stringify(wanted)}`)
  })
}

export async function allQuiet(world: World): Promise<void> {
  await converges(world, () => world.look.isQuiet())
}

/** The time in which a process starts again is not counted: until it is there, the fault is not over. */
async function converges(world: World, isThere: () => boolean): Promise<void> {
  for (;;) {
    await world.allRunning()
    const starts = world.starts()
    try {
      await eventually(
        'what has to come',
        () => isThere() || starts !== world.starts() || undefined,
        convergeMs,
      )
    } catch (error) {
      if (starts === world.starts()) throw error
    }
    if (isThere()) return
  }
}
