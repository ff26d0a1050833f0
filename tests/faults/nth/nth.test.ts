//! The 1st, 2nd, … nth write, publish and question of what customers do is failed, or its process killed: it is done once all the same.
import { expect, test } from 'bun:test'
import type { Env } from '../../../tools/dev/options.ts'
import { chanceOf, roundsOf, timeoutMsOf } from '../chance.ts'
import { counted } from '../counted.ts'
import { add, cancel, checkout, expire, nearWindow, pay, refused, type Scenario } from './scenarios.ts'
import { sweep } from './sweep.ts'
import { startWorld } from './world.ts'

/** Those of a group share a shop, one after another. */
const groups: readonly (readonly [string, readonly Scenario[], Env])[] = [
  ['carts', [add, checkout], {}],
  ['orders', [refused, pay, cancel], {}],
  // Its customers wait for the clock more than for anything else.
  ['deadlines', [expire], nearWindow],
]
const scenarios = groups.flatMap(([, group]) => group).length
const isLong = (process.env.FAULT_ROUNDS ?? '') !== ''
/** A long run also kills where nothing else can come of it. */
const killsOf = ({ isVariant }: Scenario) => (isLong ? 'all' : isVariant ? 'none' : 'different')
const pairs = Math.ceil(roundsOf(2 * scenarios) / scenarios)

test.concurrent.each(groups)(
  '%s: whichever write, publish or question fails, each is done once',
  async (name, group, env) => {
    const chance = chanceOf(`nth ${name}`)
    await using world = await startWorld(env)
    for (const scenario of group) {
      const swept = await sweep(world, scenario, { kills: killsOf(scenario), pairs, chance })
      const { points, trials, fired, unreached, violations, ms } = swept
      const services = Object.entries(points).filter(([, count]) => count > 0)
      console.log(
        [
          `  ${scenario.name}: passes ${services.map(([service, count]) => `${count} points of ${service}`).join(', ')};`,
          `${fired.error} errors and ${fired.kill} kills in ${trials} trials, ${swept.pairs} of them with two;`,
          `violations ${violations.length}; ${Math.round(ms / 1_000)} s`,
        ].join(' '),
      )
      expect(violations).toEqual([])
      expect(unreached).toEqual([])
      counted(3, {
        points: services.reduce((sum, [, count]) => sum + count, 0),
        errors: fired.error,
        kills: fired.kill,
        pairs: swept.pairs,
      })
    }
  },
  timeoutMsOf(pairs, 20_000) + 240_000,
)
