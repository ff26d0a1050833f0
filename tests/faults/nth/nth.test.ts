//! The 1st, 2nd, … nth write, publish and question of what customers do is failed, or its process killed: it is done once all the same.
import { expect, test } from 'bun:test'
import { chanceOf, roundsOf, timeoutMsOf } from '../chance.ts'
import { counted } from '../counted.ts'
import type { Part, Wanted } from './plan.ts'
import type { Scenario } from './scenario.ts'
import { add, cancel, checkout, expire, nearWindow, pay, refused } from './scenarios.ts'
import { sweep } from './sweep.ts'
import {
  refund,
  sent,
  tooDear,
  tooDearByFacts,
  topUpAgain,
  walletOrder,
  walletOrderByFacts,
} from './wallet-scenarios.ts'
import { startWorld, type WorldOptions } from './world.ts'

const withCarts = { services: ['catalog', 'loms', 'cart', 'notifier'] }
const withWallets = { services: ['catalog', 'loms', 'billing', 'delivery', 'notifier'] }
const byFacts = { ...withWallets, env: { LOMS_SAGA: 'choreography' } }

/** Those of a group share a shop, one after another. */
const groups: readonly (readonly [string, readonly Scenario[], WorldOptions])[] = [
  ['carts', [add, checkout, refused, pay, cancel], withCarts],
  // Its customers wait for the clock more than for anything else.
  ['deadlines', [expire], { ...withCarts, env: nearWindow }],
  ['wallets', [topUpAgain, walletOrder, tooDear, refund, sent], withWallets],
  ['wallets by facts', [walletOrderByFacts, tooDearByFacts], byFacts],
]
const paired = groups.flatMap(([, group]) => group.filter(({ isPaired }) => isPaired)).length
const isLong = (process.env.FAULT_ROUNDS ?? '') !== ''
const part = partOf(process.env.FAULT_PART)
const told = new Set<string>()
/** In a long run everything at every point, whatever comes of it. */
function wantedOf({ isVariant, killsMost = Number.POSITIVE_INFINITY }: Scenario): Wanted {
  if (isLong) return { errors: 1, kills: { where: 'all' } }
  const most = isVariant ? 0 : killsMost
  return { errors: isVariant ? 1 / 3 : 1, kills: { where: 'different', most, told } }
}
const pairs = Math.ceil(roundsOf(paired) / paired / part.of)

/** `2/5` is the second of five; all where nothing is said. */
function partOf(text: string | undefined): Part {
  const [number = Number.NaN, of = Number.NaN] = (text || '1/1').split('/').map(Number)
  if (!(Number.isInteger(number) && Number.isInteger(of) && 1 <= number && number <= of))
    throw new Error(`FAULT_PART is "${text}", not like 2/5`)
  return { number, of }
}

test.concurrent.each(groups)(
  '%s: whichever write, publish or question fails, each is done once',
  async (name, group, options) => {
    const chance = chanceOf(`nth ${name}`)
    await using world = await startWorld(options)
    for (const scenario of group) {
      const swept = await sweep(world, scenario, {
        wanted: wantedOf(scenario),
        pairs: scenario.isPaired ? pairs : 0,
        part,
        verifiesEach: isLong,
        chance,
      })
      const { points, trials, fired, planned, unreached, missing, violations, ms } = swept
      const services = Object.entries(points).filter(([, count]) => count > 0)
      console.log(
        [
          `  ${scenario.name}: passes ${services.map(([service, count]) => `${count} points of ${service}`).join(', ')};`,
          `${fired.error} errors and ${fired.kill} kills in ${trials} trials, ${swept.pairs} of them with two;`,
          `violations ${violations.length}; ${Math.round(ms / 1_000)} s`,
          ...unreached.map((fault) => `\n    not passed again: ${fault}`),
        ].join(' '),
      )
      expect(violations).toEqual([])
      expect(missing).toEqual([])
      expect(unreached.length).toBeLessThanOrEqual(Math.max(2, planned / 20))
      counted(3, {
        points: services.reduce((sum, [, count]) => sum + count, 0),
        errors: fired.error,
        kills: fired.kill,
        pairs: swept.pairs,
      })
    }
  },
  // Killed at every point, the whole takes an hour, on a machine that has other things to do as well.
  timeoutMsOf(pairs, 20_000) + (isLong ? 5_400_000 / part.of : 240_000),
)
