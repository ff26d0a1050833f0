//! A shop whose services have fault points: whoever is killed is started again, as a supervisor would, and nothing else is done for them.
import type { Env } from '../../../tools/dev/options.ts'
import { startSystem, type TestSystem } from '../../harness/system.ts'
import { startTokenIssuer } from '../../harness/tokens.ts'
import { eventually } from '../../journeys/shop.ts'
import { type Control, startControl } from './control.ts'
import type { Fault } from './faults.ts'
import { type Looker, openLooker } from './look.ts'
import { type Till, tillOf } from './till.ts'
import { startVerifier, type Verifier } from './verifier.ts'

export type World = AsyncDisposable & {
  readonly system: TestSystem
  readonly till: Till
  readonly look: Looker
  readonly verify: Verifier
  readonly arm: Control['arm']
  /** The faults that have come to pass, in the order in which they have. */
  readonly fired: readonly Fault[]
  /** Services that have ended though no fault has killed them. */
  readonly ended: readonly string[]
  /** How often a service was started again. */
  starts(): number
  newUser(): number
  /** Resolves when whoever was killed so far is there again. */
  allRunning(): Promise<void>
}

/** Whom its scenarios lead through, and settings for all of them. */
export type WorldOptions = { readonly services: readonly string[]; readonly env?: Env }

const readMsMax = 30_000

export async function startWorld({ services, env }: WorldOptions): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const control = stack.use(await startControl())
  const issuer = stack.use(await startTokenIssuer())
  const system = stack.use(
    await startSystem({
      services,
      seed: true,
      env: { ...control.env, ...issuer.env, ...env },
      bunFlags: control.bunFlags,
    }),
  )
  stack.defer(() => control.listen({ fired: () => undefined, gone: () => undefined }))
  const look = stack.use(openLooker(system.dataDir, services))
  const verify = stack.use(startVerifier(system.dataDir))
  const fired: Fault[] = []
  const ended: string[] = []
  /** How often each service was started again: a start that a second fault has ended is followed by another. */
  const starts = new Map<string, number>()
  const starting = new Set<Promise<void>>()
  let startsTotal = 0
  let users = 0

  async function startAgain(service: string): Promise<void> {
    const start = (starts.get(service) ?? 0) + 1
    starts.set(service, start)
    startsTotal += 1
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
  // What the seed has made is read before anything is counted.
  await eventually('the catalogue to be read', () => look.isQuiet() || undefined, readMsMax)
  const parts = stack.move()
  return {
    system,
    till: tillOf(system, issuer),
    look,
    verify,
    arm: control.arm,
    fired,
    ended,
    starts: () => startsTotal,
    newUser: () => ++users,
    async allRunning() {
      while (starting.size > 0) await Promise.all(starting)
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}
