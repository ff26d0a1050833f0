//! Who is killed when while customers buy from their wallets: every place of the saga once, and in a long run whatever else is passed.
import type { Chance } from './chance.ts'
import { buy, type Kind, kinds, newCustomers } from './saga-customers.ts'
import { type Place, places } from './saga-places.ts'
import type { SagaMode, SagaWorld } from './saga-world.ts'

/** `isSure`: somebody certainly passes the place. The gateway has none where anything is written: it dies at any moment. */
export type Killing = (Place & { readonly isSure: boolean }) | { readonly gateway: true; readonly kind: Kind }

const gatewayKills = 2

const named = (mode: SagaMode): readonly Killing[] => [
  ...places[mode].map((place) => ({ ...place, isSure: true })),
  ...kinds.slice(0, gatewayKills).map((kind) => ({ gateway: true as const, kind })),
]

/** How many it takes to be killed everywhere once. */
export const killsOnce = (mode: SagaMode): number => named(mode).length

export async function planOf(
  world: SagaWorld,
  { mode, kills, chance }: { readonly mode: SagaMode; readonly kills: number; readonly chance: Chance },
): Promise<readonly Killing[]> {
  const once = named(mode)
  if (kills <= once.length) return shuffled(once, chance).slice(0, kills)
  const [first, ...others] = [...once, ...(await elsewhere(world, chance))]
  if (first === undefined) throw new Error('there is no place to be killed at')
  const more = Array.from({ length: kills - once.length }, () => chance.pick([first, ...others]))
  return [...shuffled(once, chance), ...more]
}

const shuffled = <T>(list: readonly T[], chance: Chance): T[] =>
  list
    .map((each) => ({ each, at: chance.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each)

/** What customers of each kind lead past when nobody dies; how often, and whether again, is up to how the services race. */
async function elsewhere(world: SagaWorld, chance: Chance): Promise<readonly Killing[]> {
  const found: Killing[] = []
  for (const kind of kinds) {
    const customers = await newCustomers(world, [kind])
    await world.passed()
    for (const customer of customers) await buy(world, customer, chance)
    for (const { service, passed } of await world.passed())
      for (const [point, count] of Object.entries(passed)) {
        const fault = { service, point, nth: chance.between(1, count), kind: 'kill' } as const
        found.push({ fault, kind, isSure: false })
      }
  }
  return found
}
