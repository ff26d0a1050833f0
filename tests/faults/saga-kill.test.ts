//! `kill -9` of loms, billing, delivery and the gateway at every step of an order from the wallet: one order and one charge for each key, or none of either.
import { expect, test } from 'bun:test'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, percentile } from './counted.ts'
import {
  available,
  buy,
  type Customer,
  expectServed,
  type Kind,
  newCustomers,
  piecesHad,
  type Served,
} from './saga-customers.ts'
import { type Killing, killsOnce, planOf } from './saga-plan.ts'
import { type SagaMode, type SagaWorld, startSagaWorld } from './saga-world.ts'
import { settled } from './shop.ts'

const modes: readonly SagaMode[] = ['orchestration', 'choreography']
/** So many kills one after the other, while what was under way before is not done yet. */
const waveMax = 14
/** Once nothing dies any more, everything is done within this, with no hand on it. */
const convergeMs = 10_000
/** They buy while somebody is dead. */
const bystanders: readonly Kind[] = ['poor', 'racing']

type Told = { readonly served: Served; readonly ms: number }
type Asked = { readonly customer: Customer; readonly told: Promise<Told> }

/** Starts to buy, and goes on until told. */
function ask(world: SagaWorld, customer: Customer, chance: Chance): Asked {
  const startedAt = performance.now()
  const told = buy(world, customer, chance).then((served) => ({ served, ms: performance.now() - startedAt }))
  told.catch(() => undefined) // a failure is told where everybody is waited for
  return { customer, told }
}

/**
 * The first of the customers leads to the place where somebody dies, and the others come then. True where somebody died.
 * Two facts that came together are heard in one write: a place that is passed the second time, the second customer leads to.
 */
async function kill(
  world: SagaWorld,
  killing: Killing,
  customers: readonly Customer[],
  { asked, chance }: { readonly asked: Asked[]; readonly chance: Chance },
): Promise<boolean> {
  const [victim, second, ...others] = customers
  if (victim === undefined || second === undefined) throw new Error('nobody buys')
  let isDead = true
  if ('gateway' in killing) {
    asked.push(ask(world, victim, chance))
    await Bun.sleep(chance.between(0, 60))
    await world.system.kill('gateway')
  } else {
    const { dead } = await world.arm(killing.fault)
    asked.push(ask(world, victim, chance))
    isDead = await dead({ again: () => asked.push(ask(world, second, chance)), hasTo: killing.isSure })
  }
  for (const other of others) asked.push(ask(world, other, chance))
  await world.allRunning()
  return isDead
}

/** Everybody is told, and everything has come to its end, in time. */
async function converge(world: SagaWorld, asked: readonly Asked[]): Promise<{ told: Told[]; ms: number }> {
  const startedAt = performance.now()
  const waiting = new Set(asked.map(({ customer }) => customer))
  const all = Promise.all(
    asked.map(async ({ customer, told }) => {
      const each = await told
      waiting.delete(customer)
      return each
    }),
  )
  const told = await Promise.race([all, Bun.sleep(convergeMs).then(() => undefined)])
  if (told === undefined)
    throw new Error(`after ${convergeMs} ms these were told nothing: ${JSON.stringify([...waiting])}`)
  const { ok, output } = await settled(world.system, convergeMs - (performance.now() - startedAt))
  expect(ok ? '' : output).toBe('')
  return { told, ms: performance.now() - startedAt }
}

test.concurrent.each(modes)(
  '%s: whoever dies at whichever step, each key is one order and one charge, or none of either',
  async (mode) => {
    const chance = chanceOf(`saga ${mode}`)
    await using world = await startSagaWorld(mode)
    const plan = await planOf(world, { mode, kills: roundsOf(killsOnce(mode), { of: 100 }), chance })
    const before = await available(world)
    const told: Told[] = []
    const settledMs: number[] = []
    const killed: Record<string, number> = {}
    for (let from = 0; from < plan.length; from += waveMax) {
      const wave = plan.slice(from, from + waveMax)
      const companies = await Promise.all(
        wave.map(({ kind }) => newCustomers(world, [kind, kind, ...bystanders])),
      )
      const asked: Asked[] = []
      for (const [at, killing] of wave.entries()) {
        if (!(await kill(world, killing, companies[at] ?? [], { asked, chance }))) continue
        const name = `of ${'gateway' in killing ? 'gateway' : killing.fault.service}`
        killed[name] = (killed[name] ?? 0) + 1
      }
      const converged = await converge(world, asked)
      told.push(...converged.told)
      settledMs.push(converged.ms)
    }

    const served = told.map((each) => each.served)
    for (const each of served) await expectServed(world, each, chance)
    expect(await available(world)).toBe(before - piecesHad(served))
    const answers = served.flatMap((each) => each.answers)
    const sum = (of: (each: Served) => number) => served.reduce((all, each) => all + of(each), 0)
    const times = told.map(({ ms }) => ms)
    counted(
      4,
      {
        kills: Object.values(killed).reduce((all, count) => all + count, 0),
        ...killed,
        'orders from wallets': answers.length,
        'of them had': answers.filter(({ status }) => status === 200).length,
        tries: sum(({ tries }) => tries),
        'answers lost': sum(({ lost }) => lost),
      },
      {
        'told p50': percentile(times, 0.5),
        'told p99': percentile(times, 0.99),
        settled: Math.round(Math.max(...settledMs)),
      },
    )
  },
  timeoutMsOf(roundsOf(60, { of: 100 }), 3_000),
)
