//! The wall clock is set back or on by a day under customers who are signed in and pay from wallets: they stay so, and pay once.
import { expect, test } from 'bun:test'
import { catalogueRead } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, notCounted } from './counted.ts'
import { DoorCustomer } from './door-customers.ts'
import { envOf, makeFakedClock, whyNoFakedClock } from './faked-clock.ts'
import { RollingClient } from './rolling-client.ts'
import { settled } from './shop.ts'

const steps = roundsOf(2, { of: 6 })
// The others are in clock.test.ts.
const services = ['accounts', 'billing', 'catalog', 'delivery', 'gateway', 'loms'] as const
const customersCount = 3

const whyNot = await whyNoFakedClock()
const name = `in ${steps} steps of the clock by a day, whoever is signed in stays so, and every key is one payment`

if (whyNot === undefined) test(name, stepClock, timeoutMsOf(steps, 25_000))
else {
  notCounted(8, whyNot)
  test.skip(`${name} (not here: ${whyNot})`, () => undefined)
}

async function stepClock(): Promise<void> {
  const chance = chanceOf('clock store')
  await using clock = await makeFakedClock()
  const env = { ...clock.env, GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '0' }
  await using system = await startSystem({ services, seed: true, env })
  await catalogueRead(system)
  const client = new RollingClient((service) => system.url(service))
  const door = { client, chance, services }
  const customers = Array.from({ length: customersCount }, (_, at) => new DoorCustomer(door, at))
  const all = (what: (customer: DoorCustomer) => Promise<void>) => Promise.all(customers.map(what))
  await all((each) => each.register())
  await all((each) => each.visit())
  // Before everything that there is was made, and back again: later it is chance that decides.
  let hours = 0
  const totals = { 'steps forwards': 0, 'steps back': 0, 'called off by the clock': 0 }
  for (let step = 0; step < steps; step += 1) {
    const next = hours !== 0 ? 0 : step === 0 || chance.random() < 0.5 ? -24 : 24
    totals[next > hours ? 'steps forwards' : 'steps back'] += 1
    await clock.set(next)
    // Time within a process goes on as it did: nobody's token is over, and no key is forgotten.
    await all((each) => each.visit())
    await all((each) => each.topUp())
    await restartInTwo(system, chance, () => all((each) => each.askOnce()))
    hours = next
    await all((each) => each.refresh())
    await all(async (each) => {
      if (!(await each.askAgain())) totals['called off by the clock'] += 1
    })
    await all((each) => each.visit())
    const { ok, output } = await settled(system, 10_000, envOf(hours))
    expect(ok ? '' : output).toBe('')
    await all((each) => each.expectServed())
  }
  client.close()
  const orders = customers.reduce((sum, each) => sum + each.orders, 0)
  counted(8, { ...totals, restarts: steps * services.length, 'orders from wallets': orders })
}

/** Some restart now and the others later: orders are asked for while some are dead, and then clocks are a day apart. */
async function restartInTwo(
  system: TestSystem,
  chance: Chance,
  order: () => Promise<unknown>,
): Promise<void> {
  const first = services.filter(() => chance.random() < 0.5)
  const kill = (service: string) => system.kill(service, chance.pick(['SIGKILL', 'SIGTERM']))
  await Promise.all(first.map(kill))
  const ordered = order()
  await Bun.sleep(chance.between(0, 300))
  await Promise.all(first.map((service) => system.start(service)))
  const second = services.filter((service) => !first.includes(service))
  await Promise.all(second.map(kill))
  await Promise.all(second.map((service) => system.start(service)))
  await ordered
}
