//! The wall clock is set a day forwards or back, under running services and between their restarts: nothing is sold twice, lost, or called off twice.
import { expect, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { type Bought, expectAllServed, type PassingBy, passingBy, skus, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, notCounted } from './counted.ts'
import { envOf, makeFakedClock, whyNoFakedClock } from './faked-clock.ts'
import { services } from './services.ts'
import { type Shop, settled, shopOf } from './shop.ts'

const steps = roundsOf(6)
const offsetsHours = [-24, 0, 24] as const
const [sku = 0] = skus
const expiredMsMax = 5_000
/** Beyond the users of all buyers. */
const waitersFrom = 1_000_000_000
const passersFrom = 2_000_000_000

const whyNot = await whyNoFakedClock()
const name = `in ${steps} steps of the clock by a day, all adds up and every unpaid order ends once`

if (whyNot === undefined) test(name, stepClock, timeoutMsOf(steps, 15_000))
else {
  notCounted(8, whyNot)
  test.skip(`${name} (not here: ${whyNot})`, () => undefined)
}

/** An order that waits for its payment, and by which clock. */
type Waiting = { readonly user: number; readonly orderID: unknown; readonly placedHours: number }

async function stepClock(): Promise<void> {
  const chance = chanceOf('clock')
  await using clock = await makeFakedClock()
  const env = { ...clock.env, CART_CHECKOUT_WINDOW_SECONDS: '2' }
  await using system = await startSystem({ seed: true, env })
  const shop = shopOf(system)
  let hours = 0
  let waiting: Waiting[] = []
  let buyers = 0
  const passers: PassingBy[] = []
  const totals = {
    'steps forwards': 0,
    'steps back': 0,
    restarts: 0,
    'refused between': 0,
    expired: 0,
    paid: 0,
  }

  /** Buyers come, are served, and all adds up by the clock that loms was started with. */
  const trade = async (count: number): Promise<Bought[]> => {
    const trade = startTrade(shop, chance, { parallel: 4, firstUser: buyers + 1 })
    const bought = await trade.end(count)
    buyers += bought.length
    return bought
  }
  const expectWhole = async () => {
    const { ok, output } = await settled(system, 10_000, envOf(hours))
    expect(ok ? '' : output).toBe('')
  }

  for (let step = 0; step < steps; step += 1) {
    const bought = await trade(5)
    await expectWhole()
    // Before the step: a key is forgotten a day later, and by then nobody would be told the same again.
    await expectAllServed(shop, bought)
    waiting.push(...(await placeSome(shop, step, hours)))

    const others = offsetsHours.filter((each) => each !== hours)
    const next = chance.pick([others[0] ?? 0, ...others.slice(1)])
    totals[next > hours ? 'steps forwards' : 'steps back'] += 1
    await clock.set(next)
    // Time within a process goes on as it did: nothing is late that was not late before.
    await trade(3)
    for (const { orderID } of waiting) expect(await statusOf(shop, orderID)).toBe('awaiting payment')

    const { passer, answered } = await restartInTwo(system, chance, passersFrom + step)
    passers.push(passer)
    if (!answered) totals['refused between'] += 1
    hours = next
    totals.restarts += services.length
    const { late, early } = Object.groupBy(waiting, ({ placedHours }) =>
      hours > placedHours ? 'late' : 'early',
    )
    for (const each of late ?? []) await expectExpired(shop, each)
    for (const each of early ?? []) expect(await statusOf(shop, each.orderID)).toBe('awaiting payment')
    totals.expired += late?.length ?? 0
    const [paying, ...staying] = early ?? []
    if (paying !== undefined) {
      expect((await shop.pay({ orderID: paying.orderID })).status).toBe(200)
      totals.paid += 1
    }
    waiting = staying
  }
  const bought = await trade(5)
  await expectWhole()
  await expectAllServed(shop, bought)
  for (const passer of passers) await passer.expectServed()
  counted(8, { ...totals, checkouts: buyers })
}

async function placeSome(shop: Shop, step: number, placedHours: number): Promise<Waiting[]> {
  const users = Array.from({ length: 4 }, (_, index) => waitersFrom + step * 4 + index)
  return await Promise.all(
    users.map(async (user) => {
      const { status, body } = await shop.create({ user, items: [{ sku, count: 1 }] })
      expect(status).toBe(200)
      return { user, orderID: body.orderID, placedHours }
    }),
  )
}

const statusOf = async (shop: Shop, orderID: unknown) => (await shop.info({ orderID })).body.status

/** Its time is over since yesterday: it is called off once, told once, and no longer to be paid. */
async function expectExpired(shop: Shop, { user, orderID }: Waiting): Promise<void> {
  const endsAt = performance.now() + expiredMsMax
  const told = async () =>
    ((await shop.history({ user })).body.messages as { status: string }[]).map(({ status }) => status)
  while ((await told()).length < 2 && performance.now() < endsAt) await Bun.sleep(20)
  expect(await told()).toEqual(['cancelled', 'awaiting payment'])
  expect(await shop.pay({ orderID })).toMatchObject({ status: 412, body: { code: 'order_not_payable' } })
}

/**
 * Some restart now and the others later: between the two their clocks are a day apart. Then a checkout may be refused,
 * never answered wrongly, and once all go by one clock again it is whole.
 */
async function restartInTwo(system: TestSystem, chance: Chance, user: number) {
  const first = services.filter(() => chance.random() < 0.5)
  const restart = async (service: string) => {
    await system.kill(service, chance.pick(['SIGKILL', 'SIGTERM']))
    await system.start(service)
  }
  await Promise.all(first.map(restart))
  const passer = passingBy(shopOf(system), user, chance)
  await passer.come()
  const reply = await passer.ask()
  const answered = reply?.status === 200
  if (!answered) expect(reply).toMatchObject({ status: 503, body: { code: 'unavailable' } })
  await Promise.all(services.filter((service) => !first.includes(service)).map(restart))
  return { passer, answered }
}
