//! What people do who have a wallet, and what comes of it: what is planned only for histories with wallets.
import type { Chance } from './chance.ts'
import { lineOf, type Taste } from './generate.ts'
import type { Service } from './process.ts'
import type { Step, Where, Which, Wish } from './steps.ts'

const wishes = [
  ...['buy', 'buy', 'buy', 'buy', 'buy', 'buy', 'buy', 'buy', 'buy'],
  ...['call off', 'call off', 'call off', 'top up', 'top up'],
  ...['send', 'send', 'receive', 'look', 'give away'],
  ...['add', 'add', 'checkout', 'create', 'create', 'charge'],
] as const

export function walletWishOf(chance: Chance, taste: Taste): Wish {
  const user = chance.between(1, taste.users)
  const wish = wishes[chance.between(0, wishes.length - 1)]
  switch (wish) {
    case 'call off':
    case 'send':
    case 'receive':
      return { do: wish, order: orderOf(chance) }
    case 'charge':
      return { do: wish, order: chance.pick(['newest', 'newest', 1, 2, 3]) }
    case 'create':
      return { do: wish, user, items: [lineOf(chance, taste)] }
    case 'top up':
      return { do: wish, user, amount: chance.pick([100, 300, 1_000]) }
    case 'look':
      return { do: wish, user }
    case 'add':
      return { do: wish, user, ...lineOf(chance, taste) }
    case 'checkout':
      return { do: wish, user, to: whereOf(chance) }
    case 'give away':
      // An order that costs nothing has no money to hold.
      return { do: 'price', sku: chance.pick(taste.skus), price: 0 }
    default:
      return buyOf(chance, taste, user)
  }
}

function buyOf(chance: Chance, taste: Taste, user: number): Wish {
  return {
    do: 'buy',
    user,
    items: Array.from({ length: chance.pick([1, 1, 2]) }, () => lineOf(chance, taste)),
    to: whereOf(chance),
  }
}

const whereOf = (chance: Chance): Where =>
  chance.pick(['pick-up', 'pick-up', 'pick-up', 'pick-up', 'courier', 'courier', 'nowhere'])

const orderOf = (chance: Chance): Which => chance.pick(['bought', 'bought', 'bought', 1, 2, 3])

/** A saga takes a few milliseconds where one service asks the others, and some dozens where they hear of it. */
const laterUs = [0, 1_000, 4_000, 30_000, 60_000, 300_000] as const

type Follow = { readonly wish: Wish; readonly afterUs: number }

/** What often comes next, where the step before had to do with a wallet. */
export function afterWalletStep(chance: Chance, taste: Taste, steps: readonly Step[]): Follow | undefined {
  const [before, earlier] = [steps.at(-1), steps.at(-2)]
  const then = (wish: Wish): Follow => ({ wish, afterUs: chance.pick(laterUs) })
  switch (before?.do) {
    case 'add':
      return chance.happens(0.6)
        ? { wish: { do: 'checkout', user: before.user, to: whereOf(chance) }, afterUs: 12_000 }
        : undefined
    case 'top up':
      return then(buyOf(chance, taste, before.user))
    case 'checkout':
      return before.to === undefined
        ? undefined
        : then({ do: chance.pick(['call off', 'send', 'cancel']), order: 'bought' })
    case 'buy':
      // What was asked for it is still on its way.
      if (earlier?.do === 'trouble' && earlier.trouble.slowMs > 3)
        return {
          wish: { do: chance.pick(['call off', 'cancel']), order: 'bought' },
          afterUs: chance.pick([1_000, 5_000, 20_000]),
        }
      // Somebody else wants the same, the money is wanted twice, or it was not meant.
      if (chance.happens(0.2)) return then(buyOf(chance, taste, chance.between(1, taste.users)))
      return then({
        do: chance.pick(['call off', 'call off', 'send', 'send', 'cancel', 'pay']),
        order: 'bought',
      })
    case 'create':
      return chance.happens(0.7) ? then({ do: 'charge', order: 'newest' }) : undefined
    case 'charge':
      // It is paid otherwise, or not wanted any more, while what was charged for it is on its way.
      return then({ do: chance.pick(['pay', 'pay', 'cancel', 'call off', 'charge']), order: before.order })
    case 'send':
      return then({ do: chance.pick(['receive', 'receive', 'call off']), order: before.order })
    case 'pause until':
      if (before.what === 'not after') return undefined
      return chance.happens(0.25)
        ? { wish: { do: 'charge', order: 'due' }, afterUs: 0 }
        : { wish: { do: chance.pick(['call off', 'cancel', 'send']), order: 'bought' }, afterUs: 0 }
    case 'trouble':
      return { wish: usuallyBuys(chance, taste), afterUs: 100 }
    case 'away':
      return { wish: usuallyBuys(chance, taste), afterUs: 0 }
    default:
      return undefined
  }
}

/** Something for a service to do that is about to die. */
export function whileWalletsDie(chance: Chance, taste: Taste, service: Service): Wish | undefined {
  if (service === 'catalog' || service === 'notifier') return undefined
  return usuallyBuys(chance, taste)
}

const usuallyBuys = (chance: Chance, taste: Taste): Wish =>
  chance.happens(0.7) ? buyOf(chance, taste, chance.between(1, taste.users)) : walletWishOf(chance, taste)
