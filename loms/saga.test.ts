//! An order paid from the wallet, with the others away, slow, dying and refusing at every step.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Sku } from '../contracts/ids.ts'
import { AskerDied, type Fate } from '../tests/harness/stand-in.ts'
import { callOff, type Order } from './domain/order.ts'
import { sagaModes } from './domain/saga.ts'
import { callOf, items, type Loms, lomsInMemory, paymentWindowMs, user, violations } from './fixture.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { orderByWallet } from './operations/order-by-wallet.ts'
import { payOrder } from './operations/pay-order.ts'
import { runSagas } from './operations/run-sagas.ts'
import { stepOrder } from './operations/step-order.ts'
import type { Method } from './others.fixture.ts'
import { putProduct } from './store/catalog.ts'
import { openSagas } from './store/sagas.ts'

let loms: Loms
const price = 150_00
const pieces = 10
const key = { key: 'k', fingerprint: 'f' }

beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, pieces]])
  await loms.store.write((tx) =>
    putProduct(tx, {
      tenantId: callOf(loms).tenantId,
      sku: 1 as Sku,
      productId: 'prod_1',
      name: 'Tea',
      price,
      currency: 'UAH',
      weightGrams: 100,
      withdrawn: false,
      version: 1,
    }),
  )
  loms.others.wallets.set('7', 1000_00)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const details = { delivery: { method: 'pickup' }, shippingAddress: null, billingAddress: null, notes: null }
const buy = (quantity = 1, idempotency?: Parameters<typeof callOf>[1]) =>
  orderByWallet(loms.deps, callOf(loms, idempotency), {
    userId: user(7),
    items: items([1, quantity]),
    details,
  })
const statuses = async () => (await loms.rows()).orders.map(({ status }) => status)
const unfinished = () => loms.store.read((tx) => openSagas(tx, 100))
const balance = () => loms.others.wallets.get('7')

/** As a process does after its start, until nothing is left to be done. */
async function settle(): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    await expireOrders(loms.deps)
    const next = await runSagas(loms.deps)
    if (next === undefined) return
    loms.pass(Math.max(0, next - loms.now()))
  }
  throw new Error('the sagas do not come to their end')
}

/** Nothing of the order is left anywhere. */
async function expectUndone(): Promise<void> {
  expect(await unfinished()).toEqual([])
  expect({ balance: balance(), held: loms.others.held(7), charged: loms.others.charged(7) }).toEqual({
    balance: 1000_00,
    held: 0,
    charged: 0,
  })
  expect([...loms.others.deliveries.values()].filter((state) => state === 'queued')).toEqual([])
  expect(await loms.available(1)).toBe(pieces)
}

async function expectDone(quantity = 1): Promise<void> {
  expect(await unfinished()).toEqual([])
  expect(await statuses()).toEqual(['confirmed'])
  expect({ balance: balance(), held: loms.others.held(7), charged: loms.others.charged(7) }).toEqual({
    balance: 1000_00 - quantity * price,
    held: 0,
    charged: quantity * price,
  })
  expect([...loms.others.deliveries.values()]).toEqual(['queued'])
  expect(await loms.available(1)).toBe(pieces - quantity)
}

describe('an order that can be had', () => {
  test('is confirmed, charged and queued for delivery, and told so', async () => {
    const answer = await buy(3)
    if (!answer.ok) throw new Error(answer.error.code)
    expect(answer.value).toMatchObject({
      isOpen: false,
      order: { id: '1', status: 'confirmed', total: '450.00', tax: '75.00', payment_method: 'wallet' },
    })
    await settle()
    await expectDone(3)
    const told = (await loms.facts()).map(({ type }) => type)
    expect(told).toEqual(['order.created', 'stock.reserved', 'order.confirmed'])
  })

  test('is one order however often it is asked with its key, and the answer is the same to the letter', async () => {
    const first = await buy(1, key)
    const again = await buy(1, key)
    expect(again).toEqual({ ...first, replayOf: expect.any(String) } as never)
    await settle()
    await expectDone()
  })
})

test('an order that costs nothing asks billing for nothing', async () => {
  const { tenantId } = callOf(loms)
  const given = { sku: 1 as Sku, productId: 'prod_1', name: 'Tea', price: 0, currency: 'UAH' } as const
  await loms.store.write((tx) =>
    putProduct(tx, { tenantId, ...given, weightGrams: 100, withdrawn: false, version: 2 }),
  )
  expect(await buy()).toMatchObject({ ok: true, value: { order: { status: 'confirmed', total: '0.00' } } })
  expect(await unfinished()).toEqual([])
  expect(loms.others.asked.map(({ method }) => method)).toEqual(['MakeDelivery'])
})

describe('an order that cannot be had', () => {
  test('for want of stock: nobody is asked for money', async () => {
    const answer = await buy(pieces + 1)
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'insufficient_stock', details: { order_id: 1 } },
    })
    expect(loms.others.asked).toEqual([])
    expect(await statuses()).toEqual(['failed'])
    await expectUndone()
  })

  test('for want of money: it is kept as failed, and everything is as before', async () => {
    const answer = await buy(7, key)
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'insufficient_funds', details: { order_id: 1 } },
    })
    await settle()
    expect(await statuses()).toEqual(['failed'])
    await expectUndone()
    const rejected = (await loms.facts()).filter(({ type }) => type === 'order.rejected')
    expect(rejected.map(({ data }) => data.reason)).toEqual(['insufficient_funds'])
    expect(await buy(7, key)).toMatchObject({ ok: false, error: { code: 'insufficient_funds' } })
    expect(await statuses()).toHaveLength(1)
  })

  test('because it cannot be delivered: the money is back', async () => {
    loms.others.deliverable = false
    expect(await buy()).toMatchObject({ ok: false, error: { code: 'delivery_refused' } })
    await settle()
    expect(await statuses()).toEqual(['failed'])
    await expectUndone()
  })

  test('because nobody sells it: nothing is written', async () => {
    const answer = await orderByWallet(loms.deps, callOf(loms), {
      userId: user(7),
      items: items([2, 1]),
      details,
    })
    expect(answer).toMatchObject({ ok: false, error: { code: 'unknown_sku', details: { skus: [2] } } })
    expect(await statuses()).toEqual([])
  })
})

const steps: readonly Method[] = ['HoldFunds', 'MakeDelivery', 'CaptureHold']

for (const step of steps) {
  for (const fate of ['away', 'answer lost'] as const) {
    test(`${step} is ${fate} for a while: the caller hears that it is open, and it ends as if nothing had been`, async () => {
      let away = true
      loms.others.fateOf = (method) => (method === step && away ? fate : 'answered')
      const answer = await buy(2, key)
      const past = step === 'CaptureHold'
      expect(answer).toMatchObject({ ok: true, value: { isOpen: !past } })
      // Asked again while it is open, it is the same order that is told, and not a second one.
      if (!past) expect(await buy(2, key)).toEqual(answer)
      expect(await unfinished()).toHaveLength(1)
      away = false
      await settle()
      await expectDone(2)
      expect(await buy(2, key)).toMatchObject({ ok: true, value: { order: { status: 'confirmed' } } })
    })
  }

  for (const fate of ['asker dies before', 'asker dies after'] as const) {
    test(`the process dies with ${step} (${fate}): the next one goes on where it was`, async () => {
      let dead = false
      loms.others.fateOf = (method): Fate => {
        if (method !== step || dead) return 'answered'
        dead = true
        return fate
      }
      await expect(buy(2, key)).rejects.toThrow(AskerDied)
      await settle()
      await expectDone(2)
      expect(await buy(2, key)).toMatchObject({ ok: true, value: { order: { status: 'confirmed' } } })
    })
  }
}

for (const step of ['HoldFunds', 'MakeDelivery'] as const) {
  test(`${step} never answers: when its time is over the order is called off, and what was done is undone`, async () => {
    loms.others.fateOf = (method) => (method === step ? 'answer lost' : 'answered')
    expect(await buy(1, key)).toMatchObject({ ok: true, value: { isOpen: true } })
    loms.pass(paymentWindowMs)
    await settle()
    expect(await statuses()).toEqual(['cancelled'])
    await expectUndone()
    expect(await buy(1, key)).toMatchObject({ ok: false, error: { code: 'order_not_payable' } })
  })

  test(`the customer calls it off while ${step} is on its way: what was done is undone`, async () => {
    loms.others.meanwhile = async (method) => {
      if (method !== step) return
      const decide = (order: Parameters<typeof callOff>[0]) => callOff(order, 'customer', loms.now())
      const orderId = (await loms.rows()).orders[0]?.id
      if (orderId === undefined) throw new Error('there is no order')
      await stepOrder(loms.deps, callOf(loms), { orderId, decide })
    }
    expect(await buy()).toMatchObject({ ok: false, error: { code: 'order_not_payable' } })
    loms.others.meanwhile = async () => undefined
    await settle()
    expect(await statuses()).toEqual(['cancelled'])
    await expectUndone()
  })
}

test('somebody says that it is paid while the money is being held: it is paid from the wallet all the same', async () => {
  let told: unknown
  loms.others.meanwhile = async (method) => {
    if (method !== 'HoldFunds') return
    const orderId = (await loms.rows()).orders[0]?.id
    if (orderId === undefined) throw new Error('there is no order')
    told = await payOrder(loms.deps, callOf(loms), { orderId })
  }
  expect(await buy(2)).toMatchObject({ ok: true, value: { order: { status: 'confirmed' } } })
  expect(told).toEqual({ ok: false, error: { code: 'order_not_payable', details: { reason: 'wallet' } } })
  await settle()
  await expectDone(2)
})

test('two for the last of the money: one is had, the other is not', async () => {
  loms.others.wallets.set('7', 2 * price)
  const answers = await Promise.all([buy(2), buy(2)])
  expect(answers.map((answer) => (answer.ok ? 'had' : answer.error.code)).sort()).toEqual([
    'had',
    'insufficient_funds',
  ])
  await settle()
  expect((await statuses()).sort()).toEqual(['confirmed', 'failed'])
  expect([balance(), loms.others.charged(7)]).toEqual([0, 2 * price])
})

test('called off after it was paid, the goods are back on their shelf', async () => {
  await buy(4)
  await settle()
  const [order] = (await loms.rows()).orders
  if (order === undefined) throw new Error('there is no order')
  const answer = await stepOrder(loms.deps, callOf(loms), {
    orderId: order.id,
    ownerId: user(7),
    decide: (each) => callOff(each, 'customer', loms.now()),
  })
  expect(answer).toMatchObject({ ok: true, value: { status: 'cancelled' } })
  expect(await loms.available(1)).toBe(pieces)
  expect((await loms.facts()).at(-1)).toMatchObject({ type: 'order.cancelled' })
})

test('called off right after it was decided, the first caller is told what was decided, as whoever asks again', async () => {
  const { reached } = loms.deps.metrics
  const calledOff: Promise<unknown>[] = []
  const metrics = {
    reached: (order: Order) => {
      reached(order)
      if (order.status !== 'confirmed') return
      calledOff.push(
        stepOrder(loms.deps, callOf(loms), {
          orderId: order.id,
          ownerId: user(7),
          decide: (each) => callOff(each, 'customer', loms.now()),
        }),
      )
    },
  }
  const first = await orderByWallet({ ...loms.deps, metrics }, callOf(loms, key), {
    userId: user(7),
    items: items([1, 1]),
    details,
  })
  await Promise.all(calledOff)
  expect(await statuses()).toEqual(['cancelled'])
  const { replayOf, ...again } = await buy(1, key)
  expect(replayOf).toBeDefined()
  expect(again).toEqual(first)
  expect(await loms.available(1)).toBe(pieces)
})

test('the two ways are told apart by a setting only', () => {
  expect(sagaModes).toEqual(['orchestration', 'choreography'])
})
