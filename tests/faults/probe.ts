//! A purchase that is begun at the moment of a fault, and how long it takes until it is made, paid and told: every part of the shop has a part in that.
import { eventually } from '../journeys/shop.ts'
import { type Bought, buy, newBuyer } from './buyers.ts'
import type { Chance } from './chance.ts'
import type { Shop } from './shop.ts'

export type Probed = { readonly bought: Bought; readonly ms: number }

/** Buys from now on, asking again until answered, and waits until it is told; fails when that is not `withinMs` of the payment. */
export async function probe(shop: Shop, user: number, chance: Chance, withinMs: number): Promise<Probed> {
  const startedAt = performance.now()
  const buyer = {
    ...newBuyer(user, chance),
    key: `checkout-${user}`,
    impatient: false,
    ending: 'pay',
  } as const
  const bought = await buy(shop, buyer, chance)
  await eventually(
    'the order to be told as paid',
    async () => {
      const history = await shop.history({ user }).catch(() => undefined) // the notifier may be the victim
      return (history?.body.messages as unknown[] | undefined)?.length === 2 ? true : undefined
    },
    withinMs,
  )
  return { bought, ms: performance.now() - startedAt }
}
