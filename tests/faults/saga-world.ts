//! A shop of wallets whose services are killed at a named place: whoever is killed is started again, as a supervisor would.

import { catalogueRead } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { eventually } from '../journeys/shop.ts'
import { type Control, startControl } from './nth/control.ts'
import { describeFault, type Fault, type Report } from './nth/faults.ts'

export type SagaMode = 'orchestration' | 'choreography'

export type SagaWorld = AsyncDisposable & {
  readonly system: TestSystem
  readonly issuer: TokenIssuer
  /** Lets whoever passes this place next die there. */
  arm(fault: Fault): Promise<Armed>
  /** Every place that was passed since the last time that somebody asked, or armed. */
  passed(): Promise<readonly Report[]>
  /** Resolves when whoever was killed so far is there again. */
  allRunning(): Promise<void>
}

export type Armed = {
  /** Resolves with true when somebody has died. Nobody in time, nor after `again`: rejects where somebody has to, else lets them live. */
  dead(how: { readonly again: () => void; readonly hasTo: boolean }): Promise<boolean>
}

const services = ['catalog', 'loms', 'billing', 'delivery', 'gateway'] as const
const deadWithinMs = 15_000
/** Then another customer comes, or nobody dies where that is not sure. */
const perhapsDeadWithinMs = 1_500

export async function startSagaWorld(mode: SagaMode): Promise<SagaWorld> {
  await using stack = new AsyncDisposableStack()
  const control = stack.use(await startControl())
  const issuer = stack.use(await startTokenIssuer())
  const system = stack.use(
    await startSystem({
      services,
      seed: true,
      bunFlags: control.bunFlags,
      // Whoever asks again and again here is no flood.
      env: { ...control.env, ...issuer.env, LOMS_SAGA: mode, GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '0' },
    }),
  )
  const watch = watchOver(system, control)
  stack.defer(() => control.listen({ fired: () => undefined, gone: () => undefined }))
  await catalogueRead(system)
  const parts = stack.move()
  return {
    system,
    issuer,
    ...watch,
    passed: () => control.arm([]),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function watchOver(system: TestSystem, control: Control): Pick<SagaWorld, 'arm' | 'allRunning'> {
  const starting = new Set<Promise<void>>()
  let fired: readonly Fault[] = []

  const startAgain = async (service: string) => {
    await system.kill(service)
    await system.start(service)
  }
  control.listen({
    fired: (fault) => {
      fired = [...fired, fault]
    },
    gone(service) {
      const again = startAgain(service)
      starting.add(again)
      // Whether it has worked is asked by `allRunning`.
      again.then(
        () => starting.delete(again),
        () => undefined,
      )
    },
  })
  return {
    async arm(fault) {
      fired = []
      await control.arm([fault])
      const hasFired = () => fired.some((each) => Bun.deepEquals(each, fault)) || undefined
      return {
        async dead({ again, hasTo }) {
          const died = (withinMs: number) => eventually(`the ${describeFault(fault)}`, hasFired, withinMs)
          try {
            return await died(perhapsDeadWithinMs)
          } catch {
            if (hasTo) {
              again()
              return await died(deadWithinMs)
            }
            await control.arm([])
            return hasFired() ?? false
          }
        },
      }
    },
    async allRunning() {
      while (starting.size > 0) await Promise.all(starting)
    },
  }
}
