//! All eight services are told to stop and started again, one after the other, while customers buy at the public door.
import { expect, test } from 'bun:test'
import { catalogueRead } from '../harness/quiet.ts'
import { startSystem } from '../harness/system.ts'
import { eventually } from '../journeys/shop.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { DoorCustomer } from './door-customers.ts'
import { DoorListener } from './door-listener.ts'
import { RollingClient } from './rolling-client.ts'
import { stopInOrder } from './rolling-stop.ts'
import { settled } from './shop.ts'

const rounds = roundsOf(8)
const services = [
  'accounts',
  'billing',
  'cart',
  'catalog',
  'delivery',
  'gateway',
  'loms',
  'notifier',
] as const
const customersCount = 4
const exitMsMax = 10_000

/** All of them in turn, in an order of its own each time. */
function* inTurn(chance: Chance): Generator<string, never> {
  for (;;) {
    const left: string[] = [...services]
    while (left.length > 0) yield* left.splice(chance.between(0, left.length - 1), 1)
  }
}

const longest = (times: readonly number[]) => Math.round(Math.max(...times))

test(
  `all services are restarted, ${rounds} times, while customers buy at the public door: nobody is told anything wrong, and the money is right`,
  async () => {
    const chance = chanceOf('rolling store')
    const env = {
      LOMS_SAGA: chance.pick(['orchestration', 'choreography']),
      // Whoever asks again and again here is no flood.
      GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '0',
      GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '0',
    }
    await using system = await startSystem({ services, seed: true, env })
    await catalogueRead(system)
    const client = new RollingClient((service) => system.url(service))
    const door = { client, chance, services }
    const customers = Array.from({ length: customersCount }, (_, at) => new DoorCustomer(door, at))
    for (const customer of customers) await customer.register()
    const listeners = customers.slice(0, 2).map((each) => new DoorListener(system.url('gateway'), each))
    for (const listener of listeners) listener.begin()

    let isOver = false
    const trade = Promise.all(
      customers.map(async (customer) => {
        while (!isOver) await customer.visit()
      }),
    )
    const orders = () => customers.reduce((sum, each) => sum + each.orders, 0)
    const exits: number[] = []
    const aways: number[] = []
    const turns = inTurn(chance)
    for (let round = 0; round < rounds; round += 1) {
      const service = turns.next().value
      const enough = orders() + chance.between(2, 6)
      const more = eventually('customers to buy', () => orders() >= enough || undefined, 30_000)
      // Whoever is told something wrong ends the test.
      await Promise.race([more, trade])
      const toldAt = performance.now()
      exits.push(await stopInOrder(system, service))
      await system.start(service)
      aways.push(performance.now() - toldAt)
    }
    isOver = true
    await trade
    const { ok, output, ms } = await settled(system)
    expect(ok ? '' : output).toBe('')
    for (const customer of customers) await customer.expectServed()
    for (const listener of listeners) await listener.expectAllHeard()
    client.close()

    const { answered, notArrived, cutOff, lost, notNow } = client.calls
    expect(lost).toEqual([])
    // An instant a restart, hit by few.
    expect(cutOff).toBeLessThanOrEqual(rounds)
    expect(longest(exits)).toBeLessThan(exitMsMax)
    counted(
      13,
      {
        restarts: rounds,
        'orders from wallets': orders(),
        'answers at the public door': answered,
        'streams that ended and were gone on with': listeners.reduce((sum, { ends }) => sum + ends.whole, 0),
        'not arrived': notArrived,
        'cut off unheard': cutOff,
        'sent and not answered': lost.length,
        'not now': Object.values(notNow).reduce((sum, count) => sum + count, 0),
      },
      { exit: longest(exits), away: longest(aways), settled: Math.round(ms) },
    )
  },
  timeoutMsOf(rounds, 8_000),
)
