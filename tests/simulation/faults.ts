//! Makes a fault of each kind, with what a chance gives it.
import type { Chance } from './chance.ts'
import type { Service } from './process.ts'
import type { Deadline, Fault } from './steps.ts'
import type { StreamName, Trouble, Way } from './weather.ts'

export type Kind = Fault['do']

/** Where there is most to be seen, it is looked at most often. */
const kinds: readonly Kind[] = [
  ...Array<Kind>(6).fill('crash'),
  ...Array<Kind>(3).fill('pause until'),
  ...Array<Kind>(2).fill('trouble'),
  'away',
  'lose tail',
  'lose all',
  'lose one',
  'lose answer',
  'set clock',
  'pause',
]

const questions: readonly Way[] = ['cart>loms', 'loms>cart', 'cart>catalog', 'catalog>cart']
const facts: readonly Way[] = [
  'loms>LOMS',
  'LOMS>loms',
  'LOMS>notifier',
  'notifier>LOMS',
  'catalog>CATALOG',
  'CATALOG>catalog',
  'CATALOG>loms',
  'loms>CATALOG',
]
const everywhere = [...questions, ...facts]

type Some<T> = readonly [T, ...T[]]

/** Where things go wrong. */
export type Scene = {
  readonly kinds: readonly Kind[]
  /** How much of the trouble is only that messages are late. */
  readonly late: number
  readonly services: Some<Service>
  readonly streams: Some<StreamName>
  readonly ways: Some<readonly Way[]>
  readonly everywhere: readonly Way[]
  readonly deadlines: Some<Deadline>
}

export const walletlessScene: Scene = {
  kinds,
  late: 0,
  services: ['loms', 'loms', 'loms', 'cart', 'cart', 'catalog', 'notifier'],
  streams: ['CATALOG', 'LOMS', 'LOMS'],
  ways: [
    questions,
    facts,
    everywhere,
    ['cart>loms'],
    ['loms>cart'],
    ['LOMS>loms'],
    ['loms>LOMS'],
    ['LOMS>notifier'],
  ],
  everywhere,
  deadlines: ['pay by', 'pay by', 'not after'],
}

const sagaQuestions: readonly Way[] = ['loms>billing', 'billing>loms', 'loms>delivery', 'delivery>loms']
const sagaFacts: readonly Way[] = [
  'loms>LOMS',
  'LOMS>loms',
  'LOMS>billing',
  'billing>LOMS',
  'LOMS>delivery',
  'delivery>LOMS',
  'billing>BILLING',
  'BILLING>billing',
  'BILLING>loms',
  'loms>BILLING',
  'delivery>DELIVERY',
  'DELIVERY>delivery',
  'DELIVERY>loms',
  'loms>DELIVERY',
  'ACCOUNTS>billing',
  'billing>ACCOUNTS',
]

export const walletScene: Scene = {
  // Questions that come late are what a saga is most in danger of.
  kinds: [...kinds, 'trouble', 'trouble', 'trouble'],
  late: 0.5,
  services: ['loms', 'loms', 'loms', 'billing', 'billing', 'delivery', 'cart', 'catalog', 'notifier'],
  streams: ['CATALOG', 'LOMS', 'LOMS', 'BILLING', 'BILLING', 'DELIVERY', 'DELIVERY'],
  ways: [
    sagaQuestions,
    sagaFacts,
    [...everywhere, ...sagaQuestions, ...sagaFacts],
    ['loms>billing'],
    ['loms>billing'],
    ['loms>billing'],
    ['loms>delivery'],
    ['loms>billing', 'loms>delivery'],
    ['billing>loms', 'delivery>loms'],
    ['BILLING>loms'],
    ['DELIVERY>loms'],
    ['LOMS>billing'],
    ['LOMS>delivery'],
  ],
  everywhere: [...everywhere, ...sagaQuestions, ...sagaFacts],
  deadlines: ['pay by', 'pay by', 'retry at', 'retry at', 'look at', 'not after'],
}

const minuteMs = 60_000

export function faultOf(chance: Chance, kind: Kind, scene: Scene): Fault {
  const { services, streams, ways, deadlines } = scene
  const stream = chance.pick(streams)
  const service = chance.pick(services)
  switch (kind) {
    case 'crash':
      return { do: kind, service, places: placesOf(chance), downMs: chance.pick([0, 5, 50, 700]) }
    case 'trouble':
      if (scene.late > 0 && chance.happens(scene.late)) return lateOf(chance, scene)
      return {
        do: kind,
        ways: chance.pick(ways),
        trouble: troubleOf(chance),
        ms: chance.pick([30, 400, 3_000]),
      }
    case 'away':
      return { do: kind, ms: chance.pick([5, 100, 2_000]) }
    case 'lose tail':
      return { do: kind, stream, count: chance.between(1, 4) }
    case 'lose all':
      return { do: kind, stream, silently: chance.happens(0.5) }
    case 'lose one':
      return { do: kind, stream, before: chance.between(0, 2) }
    case 'lose answer':
      return { do: kind, stream, stored: chance.between(0, 2) }
    case 'set clock':
      return { do: kind, service, offMs: chance.pick([-60, -10, -1, 1, 10, 60]) * minuteMs }
    case 'pause':
      return { do: kind, ms: chance.pick([10, 500, 6_000, 20 * minuteMs]) }
    case 'pause until':
      return {
        do: kind,
        what: chance.pick(deadlines),
        plusMs: chance.pick([-3, -2, -2, -1, 0, 1]),
      }
  }
}

/** About twenty lie within one operation, many within a busy second. */
const placesOf = (chance: Chance): number =>
  chance.happens(0.6) ? chance.between(0, 20) : Math.floor(2 ** (chance.random() * 6)) - 1

/** Nothing is lost, but what is sent now may come when all is over: what is sent later goes straight there. */
function lateOf(chance: Chance, { ways }: Scene): Fault {
  const trouble = { lost: 0, twice: chance.pick([0, 0.3]), slowMs: chance.pick([100, 1_500, 1_500]) }
  return { do: 'trouble', ways: chance.pick(ways), trouble, ms: chance.pick([10, 10, 30, 400]) }
}

function troubleOf(chance: Chance): Trouble {
  return {
    lost: chance.pick([0, 0.2, 0.5, 1]),
    twice: chance.pick([0, 0.3, 0.8]),
    slowMs: chance.pick([0, 3, 100, 1_500]),
  }
}

/** Bad, but not so bad that nothing gets through. */
export function stormOf(chance: Chance, { everywhere }: Scene): Fault {
  const trouble = {
    lost: chance.pick([0, 0.1, 0.3]),
    twice: chance.pick([0, 0.2]),
    slowMs: chance.pick([0, 5, 200, 2_000]),
  }
  return { do: 'trouble', ways: everywhere, trouble, ms: 60_000 }
}
