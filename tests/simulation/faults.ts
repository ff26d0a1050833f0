//! Makes a fault of each kind, with what a chance gives it.
import type { Chance } from './chance.ts'
import type { Service } from './process.ts'
import type { Fault } from './steps.ts'
import type { Trouble, Way } from './weather.ts'

export type Kind = Fault['do']

/** Where there is most to be seen, it is looked at most often. */
export const kinds: readonly Kind[] = [
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
const ways: readonly [readonly Way[], ...(readonly Way[])[]] = [
  questions,
  facts,
  everywhere,
  ['cart>loms'],
  ['loms>cart'],
  ['LOMS>loms'],
  ['loms>LOMS'],
  ['LOMS>notifier'],
]

const minuteMs = 60_000

export function faultOf(chance: Chance, kind: Kind): Fault {
  const stream = chance.pick(['CATALOG', 'LOMS', 'LOMS'])
  const service: Service = chance.pick(['loms', 'loms', 'loms', 'cart', 'cart', 'catalog', 'notifier'])
  switch (kind) {
    case 'crash':
      return { do: kind, service, places: placesOf(chance), downMs: chance.pick([0, 5, 50, 700]) }
    case 'trouble':
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
        what: chance.pick(['pay by', 'pay by', 'not after']),
        plusMs: chance.pick([-3, -2, -2, -1, 0, 1]),
      }
  }
}

/** About twenty lie within one operation, many within a busy second. */
const placesOf = (chance: Chance): number =>
  chance.happens(0.6) ? chance.between(0, 20) : Math.floor(2 ** (chance.random() * 6)) - 1

function troubleOf(chance: Chance): Trouble {
  return {
    lost: chance.pick([0, 0.2, 0.5, 1]),
    twice: chance.pick([0, 0.3, 0.8]),
    slowMs: chance.pick([0, 3, 100, 1_500]),
  }
}

/** Bad, but not so bad that nothing gets through. */
export function stormOf(chance: Chance): Fault {
  const trouble = {
    lost: chance.pick([0, 0.1, 0.3]),
    twice: chance.pick([0, 0.2]),
    slowMs: chance.pick([0, 5, 200, 2_000]),
  }
  return { do: 'trouble', ways: everywhere, trouble, ms: 60_000 }
}
