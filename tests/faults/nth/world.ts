//! A shop whose services have fault points: whoever is killed is started again, as a supervisor would, and nothing else is done for them.
import type { Env } from '../../../tools/dev/options.ts'
import { startSystem, type TestSystem } from '../../harness/system.ts'
import { eventually } from '../../journeys/shop.ts'
import { type Shop, shopOf } from '../shop.ts'
import { type Control, startControl } from './control.ts'
import type { Fault } from './faults.ts'
import { type Looker, openLooker } from './look.ts'

export type World = AsyncDisposable & {
  readonly system: TestSystem
  readonly shop: Shop
  readonly look: Looker
  readonly arm: Control['arm']
  /** The faults that have come to pass, in the order in which they have. */
  readonly fired: readonly Fault[]
  /** Services that have ended though no fault has killed them. */
  readonly ended: readonly string[]
  newUser(): number
  /** Resolves when whoever was killed so far is there again. */
  allRunning(): Promise<void>
}

/** Whom the scenarios lead through. */
const services = ['catalog', 'loms', 'cart', 'notifier'] as const

const readMsMax = 30_000

export async function startWorld(env: Env): Promise<World> {
  const control = await startControl()
  const system = await startSystem({
    services,
    seed: true,
    env: { ...control.env, ...env },
    bunFlags: control.bunFlags,
  }).catch(async (error) => {
    await control[Symbol.asyncDispose]()
    throw error
  })
  const look = openLooker(system.dataDir)
  const fired: Fault[] = []
  const ended: string[] = []
  /** How often each service was started again: a start that a second fault has ended is followed by another. */
  const starts = new Map<string, number>()
  const starting = new Set<Promise<void>>()
  let users = 0

  async function startAgain(service: string): Promise<void> {
    const start = (starts.get(service) ?? 0) + 1
    starts.set(service, start)
    try {
      await system.kill(service)
      await system.start(service)
    } catch (error) {
      if (starts.get(service) === start) throw error
    }
  }

  control.listen({
    fired: (fault) => fired.push(fault),
    gone(service, killed) {
      if (killed === undefined) ended.push(service)
      const again = startAgain(service)
      starting.add(again)
      // Whether it has worked is asked by `allRunning`.
      void again.then(
        () => starting.delete(again),
        () => undefined,
      )
    },
  })
  const world: World = {
    system,
    shop: shopOf(system),
    look,
    arm: control.arm,
    fired,
    ended,
    newUser: () => ++users,
    async allRunning() {
      while (starting.size > 0) await Promise.all(starting)
    },
    async [Symbol.asyncDispose]() {
      control.listen({ fired: () => undefined, gone: () => undefined })
      look[Symbol.dispose]()
      await system.stop()
      await control[Symbol.asyncDispose]()
    },
  }
  try {
    // What the seed has made is read before anything is counted.
    await eventually('the catalogue to be read', () => look.isQuiet() || undefined, readMsMax)
  } catch (error) {
    await world[Symbol.asyncDispose]()
    throw error
  }
  return world
}
