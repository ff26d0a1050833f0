//! Makes the steps of a history from its seed. Each history has a taste of its own: few users or many, some faults or none.
import type { Chance } from './chance.ts'
import { faultOf, type Kind, type Scene, stormOf, walletlessScene, walletScene } from './faults.ts'
import type { Wallets } from './frame.ts'
import type { Service } from './process.ts'
import type { Event, Line, Request, Step, Which, Wish } from './steps.ts'
import { afterWalletStep, walletWishOf, whileWalletsDie } from './wallet-steps.ts'

const warehouses = [1, 2] as const
/** Nobody ever sold it. */
const unknownSku = 9

export type Plan = {
  readonly paymentWindowMs: number
  readonly checkoutWindowMs: number
  /** What is sold at the beginning. */
  readonly skus: readonly number[]
  /** `[sku, warehouse, pieces]` at the beginning. */
  readonly shelves: readonly (readonly [sku: number, warehouse: number, pieces: number])[]
  /** Whether the streams know a fact that they had before. */
  readonly dropsRepeats: boolean
  /** Undefined where nobody has one. */
  readonly wallets: (Wallets & { readonly purses: readonly Purse[] }) | undefined
  readonly steps: readonly Step[]
}

/** What is in a wallet at the beginning. */
export type Purse = readonly [user: number, amount: number]

export type Taste = {
  readonly hasWallets: boolean
  readonly scene: Scene
  readonly users: number
  readonly skus: readonly [number, ...number[]]
  readonly faults: readonly Kind[]
  /** How much of everything goes wrong. */
  readonly faulty: number
  /** How many have an idempotency key. */
  readonly keyed: number
}

/** Wallets take two services more; what there is without them is seen often enough all the same. */
const walletPart = 1 / 4

const gapsUs = [0, 0, 100, 400, 1_000, 1_000, 4_000, 4_000, 30_000, 300_000] as const

export function planOf(seed: Chance): Plan {
  const chance = seed.fork('plan')
  // From a fork of their own, so that a history without wallets is the one that it always was.
  const wallets = walletsOf(seed.fork('wallets'))
  const hasWallets = wallets !== undefined
  const scene = hasWallets ? walletScene : walletlessScene
  const taste: Taste = {
    hasWallets,
    scene,
    users: chance.between(1, usersMax),
    skus: chance.pick<readonly [number, ...number[]]>([[1], [1, 2], [1, 2], [1, 2, 3]]),
    faults: chance.happens(0.05) ? [] : scene.kinds.filter(() => chance.happens(0.4)),
    faulty: chance.pick([0.2, 0.35, 0.5]),
    keyed: chance.pick([0.2, 0.5, 0.9]),
  }
  const most = chance.pick(hasWallets ? [2, 4, 50, 50] : [2, 2, 4, 50])
  return {
    paymentWindowMs: chance.pick([400, 3_000, 600_000]),
    checkoutWindowMs: chance.pick([200, 5_000]),
    skus: taste.skus,
    shelves: taste.skus.flatMap((sku) =>
      warehouses.map((warehouse) => [sku, warehouse, chance.between(most === 2 ? 1 : 0, most)] as const),
    ),
    dropsRepeats: chance.happens(0.5),
    wallets,
    steps: stepsOf(chance, taste),
  }
}

const usersMax = 3

function walletsOf(chance: Chance): Plan['wallets'] {
  if (!chance.happens(walletPart)) return undefined
  return {
    saga: chance.pick(['orchestration', 'choreography']),
    holdLookMs: chance.pick([300, 180_000, 180_000]),
    purses: Array.from(
      { length: usersMax },
      (_, index) => [index + 1, chance.pick([0, 300, 900, 5_000, 50_000, 50_000])] as const,
    ),
  }
}

/** Without the others, each still as late as it was. */
export function onlyThese(steps: readonly Step[], numbers: ReadonlySet<number>): Step[] {
  let afterUs = 0
  return steps.flatMap((step) => {
    afterUs += step.afterUs
    if (!numbers.has(step.number)) return []
    const kept = { ...step, afterUs }
    afterUs = 0
    return [kept]
  })
}

function stepsOf(chance: Chance, taste: Taste): Step[] {
  const count = chance.between(4, 12)
  // Some histories have bad weather from beginning to end.
  const steps: Step[] = chance.happens(0.2)
    ? [{ number: 1, afterUs: 0, ...stormOf(chance, taste.scene) }]
    : []
  for (let number = steps.length + 1; number <= count; number += 1) {
    const follows = followUp(chance, taste, steps)
    const afterUs = follows === undefined ? chance.pick(gapsUs) : follows.afterUs
    steps.push({ number, afterUs, ...(follows?.step ?? stepOf(chance, taste, steps)) })
  }
  return steps
}

function stepOf(chance: Chance, taste: Taste, before: readonly Step[]): Wish | Event {
  const [first, ...rest] = taste.faults
  if (first !== undefined && chance.happens(taste.faulty))
    return faultOf(chance, chance.pick([first, ...rest]), taste.scene)
  if (taste.hasWallets && chance.happens(0.03)) return { do: 'register', user: chance.between(1, usersMax) }
  const repeated = before[chance.between(0, before.length)]
  // Who has a key asks again, now and then with another wish.
  if (repeated !== undefined && 'key' in repeated && chance.happens(0.3)) {
    const { number: _, afterUs: __, ...again } = repeated
    return again as Wish
  }
  return keyed(chance, taste, before.length + 1, wishOf(chance, taste))
}

function keyed(chance: Chance, taste: Taste, newKey: number, wish: Wish): Wish {
  if (wish.do === 'restock' || wish.do === 'look' || !chance.happens(taste.keyed)) return wish
  return { ...wish, key: chance.happens(0.05) ? chance.between(1, newKey) : newKey }
}

/** What often comes next: many faults show only in what is under way at that moment. */
function followUp(chance: Chance, taste: Taste, steps: readonly Step[]): Follow | undefined {
  const before = steps.at(-1)
  if (before === undefined || (!isMoment(before) && !chance.happens(0.6))) return undefined
  const user = chance.between(1, taste.users)
  const then = (wish: Wish, afterUs: number) => ({
    step: keyed(chance, taste, before.number + 1, wish),
    afterUs,
  })
  const follows = taste.hasWallets ? afterWalletStep(chance, taste, steps) : undefined
  if (follows !== undefined) return then(follows.wish, follows.afterUs)
  switch (before.do) {
    case 'add':
      // Now and then somebody else is faster.
      return chance.happens(0.25)
        ? then({ do: 'create', user, items: [{ sku: before.sku, count: 3 }] }, 12_000)
        : then({ do: 'checkout', user: before.user }, 12_000)
    case 'create':
    case 'checkout':
      if (chance.happens(0.15)) return then({ do: 'checkout', user }, 2_000)
      return taste.faults.includes('pause until') && chance.happens(0.5)
        ? {
            step: { do: 'pause until', what: 'pay by', plusMs: chance.pick([-3, -2, -2, -1]) },
            afterUs: 10_000,
          }
        : then({ do: chance.pick(endings), order: 'newest' }, 10_000)
    case 'pause until':
      return before.what === 'not after'
        ? then({ do: 'checkout', user }, 0)
        : then({ do: chance.pick(endings), order: 'due' }, 0)
    case 'trouble':
      return then(chance.happens(0.5) ? { do: 'checkout', user } : wishOf(chance, taste), 100)
    case 'crash':
      return then(whileDying(chance, taste, before.service), 0)
    default:
      return undefined
  }
}

/** Something for the service to do that is about to die. */
function whileDying(chance: Chance, taste: Taste, service: Service): Wish {
  const user = chance.between(1, taste.users)
  if (service === 'cart') return { do: 'checkout', user }
  const wish = taste.hasWallets ? whileWalletsDie(chance, taste, service) : undefined
  if (wish !== undefined) return wish
  if (service !== 'loms' || chance.happens(0.3)) return wishOf(chance, taste)
  return { do: 'create', user, items: [{ sku: chance.pick(taste.skus), count: 3 }] }
}

type Follow = { readonly step: Wish | Event; readonly afterUs: number }

/** What comes next has to come at once, or it was waited for in vain. */
const isMoment = (step: Step): boolean => ['pause until', 'crash', 'trouble'].includes(step.do)

const endings = ['pay', 'pay', 'pay', 'cancel'] as const

export const lineOf = (chance: Chance, { skus }: Pick<Taste, 'skus'>): Line => ({
  sku: chance.happens(0.02) ? unknownSku : chance.pick(skus),
  count: chance.between(1, 3),
})

const wishes = [
  ...['add', 'add', 'add', 'checkout', 'checkout', 'checkout'],
  ...['create', 'create', 'create', 'create'],
  ...['pay', 'pay', 'pay', 'cancel', 'cancel', 'other'],
] as const

function wishOf(chance: Chance, taste: Taste): Wish {
  if (taste.hasWallets && chance.happens(0.75)) return walletWishOf(chance, taste)
  const user = chance.between(1, taste.users)
  switch (wishes[chance.between(0, wishes.length - 1)]) {
    case 'add':
      return { do: 'add', user, ...lineOf(chance, taste) }
    case 'checkout':
      return { do: 'checkout', user }
    case 'create':
      return {
        do: 'create',
        user,
        items: Array.from({ length: chance.between(1, 3) }, () => lineOf(chance, taste)),
      }
    case 'pay':
      return { do: 'pay', order: orderOf(chance) }
    case 'cancel':
      return { do: 'cancel', order: orderOf(chance) }
    default:
      return otherOf(chance, taste, user)
  }
}

/** Orders are numbered from 1, and few histories have many. */
const orderOf = (chance: Chance): Which => chance.pick(['newest', 'newest', 1, 2, 3, 4])

function otherOf(chance: Chance, taste: Taste, user: number): Request {
  const sku = chance.pick(taste.skus)
  switch (chance.pick(['delete', 'clear', 'price', 'price', 'withdraw', 'restock', 'restock'])) {
    case 'delete':
      return { do: 'delete', user, sku, ...(chance.happens(0.5) && { count: chance.between(1, 3) }) }
    case 'clear':
      return { do: 'clear', user }
    case 'price':
      return { do: 'price', sku, price: chance.between(1, 5) * 100 }
    case 'withdraw':
      return { do: 'withdraw', sku }
    case 'restock':
      return { do: 'restock', warehouse: chance.pick(warehouses), ...lineOf(chance, taste) }
  }
}
