//! What cart is answered: by the handlers, and once over a real NATS.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { Result } from '../contracts/errors.ts'
import type { CheckoutId, OrderId, Sku, TenantId } from '../contracts/ids.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { GetAvailable, PlaceCheckout, SettleCheckout, ShipOrder } from '../contracts/rpc/loms.ts'
import { int64Max, uint16Max } from '../contracts/scalars.ts'
import { plusMs, toRfc3339 } from '../contracts/time.ts'
import { callOf as callWithin, heard, Stage } from '../runtime/rpc/rpc.fixture.ts'
import { startNatsServer } from '../tests/harness/nats.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { callOff } from './domain/order.ts'
import { factsOf } from './doors.fixture.ts'
import { callOf, type Loms, lomsInMemory, paymentWindowMs, violations } from './fixture.ts'
import { cancelOrder } from './operations/cancel-order.ts'
import { payOrder } from './operations/pay-order.ts'
import { stepOrder } from './operations/step-order.ts'
import { rpcHandlers } from './rpc.ts'

let loms: Loms
beforeEach(async () => {
  loms = await lomsInMemory([
    [1, 1, 4],
    [1, 2, 3],
    [2, 1, 1],
  ])
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

/** Asks the handler of the method, as the server would: nothing passes that is not of the promised shape. */
async function ask<M extends RpcMethod>(
  method: M,
  request: RequestOf<M>,
  tenantId = callOf(loms).tenantId,
): Promise<Result<ReplyOf<M>>> {
  const handler = rpcHandlers(loms.deps).find((handler) => handler.method.subject === method.subject)
  expect(Value.Check(method.request, request)).toBe(true)
  const answer = await handler?.run({ ...callOf(loms), tenantId }, JSON.parse(JSON.stringify(request)))
  if (answer === undefined) throw new Error(`nobody answers ${method.subject}`)
  if (answer.ok) expect(Value.Check(method.reply, answer.value)).toBe(true)
  return answer as Result<ReplyOf<M>>
}

const sku = (number: number) => number as Sku
const checkout = (name: string) => `chk_${name}` as CheckoutId
const ordersMade = async () => (await loms.rows()).orders.length

const place = (name: string, own: Partial<RequestOf<typeof PlaceCheckout>> = {}) =>
  ask(PlaceCheckout, {
    checkout_id: checkout(name),
    user_id: 7,
    items: [{ sku: sku(1), count: 5 }],
    not_after: toRfc3339(plusMs(loms.now(), 1000)),
    ...own,
  })
const settle = (name: string) => ask(SettleCheckout, { checkout_id: checkout(name) })

const placed = (orderId: number) => ({ ok: true, value: { order_id: orderId } }) as const
const refused = (code: string) => ({ ok: false, error: { code } })
const settled = (order_id: number | null, rejected = false) =>
  ({ ok: true, value: { order_id, rejected } }) as const

describe('GetAvailable', () => {
  const available = async (skus: Sku[], tenantId?: TenantId) => {
    const answer = await ask(GetAvailable, { skus }, tenantId)
    if (!answer.ok) throw new Error(answer.error.code)
    return answer.value.stock
      .map(({ sku, count }): [number, number] => [sku, count])
      .sort(([a], [b]) => a - b)
  }

  test('says what can be bought over all warehouses', async () => {
    const skus = [sku(2), sku(1)]
    expect(await available(skus)).toEqual([
      [1, 7],
      [2, 1],
    ])
    await place('a')
    expect(await available(skus)).toEqual([
      [1, 2],
      [2, 1],
    ])
  })

  test('says nothing of a SKU that was never in stock, as to another tenant', async () => {
    expect(await available([sku(3), sku(2)])).toEqual([[2, 1]])
    expect(await available([sku(1)], 'other' as TenantId)).toEqual([])
  })
})

describe('PlaceCheckout', () => {
  test('makes one order of a checkout, which knows whose and of what it is', async () => {
    expect(await place('a', { user_id: String(int64Max) })).toEqual(placed(1))
    const [order] = (await loms.rows()).orders
    expect(order).toMatchObject({ checkoutId: checkout('a'), userId: int64Max, status: 'pending' })
    const facts = await factsOf(loms, 1)
    expect(facts.map(({ type }) => type)).toEqual(['order.created', 'stock.reserved'])
  })

  test('asked twice, or by twenty at once, is one order', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => place('a')))
    expect(answers).toEqual(Array.from({ length: 20 }, () => placed(1)))
    expect(await changingNothing(loms, () => place('a'))).toEqual(placed(1))
    expect(await ordersMade()).toBe(1)
  })

  test('gives the first answer whatever is asked later, and whatever became of the order', async () => {
    await place('a')
    await cancelOrder(loms.deps, callOf(loms), { orderId: 1n as never, reason: 'customer' })
    const other = { items: [{ sku: sku(2), count: 1 }] }
    expect(await changingNothing(loms, () => place('a', other))).toEqual(placed(1))
    loms.pass(paymentWindowMs)
    expect(await changingNothing(loms, () => place('a'))).toEqual(placed(1))
  })

  test('short of stock is refused with the shortages, the order is kept as failed, and so it stays', async () => {
    const short = await place('a', { items: [{ sku: sku(1), count: 8 }] })
    expect(short).toMatchObject({
      error: {
        code: 'insufficient_stock',
        details: { order_id: 1, shortages: [{ sku: 1, wanted: 8, available: 7 }] },
      },
    })
    expect((await loms.rows()).orders[0]?.status).toBe('failed')
    expect(await changingNothing(loms, () => place('a'))).toEqual(short)
  })

  test('is taken until not_after and refused after it, for ever', async () => {
    const not_after = toRfc3339(loms.now())
    expect(await place('in time', { checkout_id: checkout('a'), not_after })).toEqual(placed(1))
    loms.pass(1)
    expect(await place('b', { not_after })).toMatchObject(refused('checkout_expired'))
    expect(await changingNothing(loms, () => place('b'))).toMatchObject(refused('checkout_expired'))
    expect(await ordersMade()).toBe(1)
    expect(await loms.available(1)).toBe(2)
  })

  test('asked late again of an order that is there, answers with it', async () => {
    const not_after = toRfc3339(loms.now())
    await place('a', { not_after })
    loms.pass(1)
    expect(await changingNothing(loms, () => place('a', { not_after }))).toEqual(placed(1))
  })

  test('refuses a moment that is none, and counts that add up past a line, and keeps no outcome of it', async () => {
    const whole = { sku: sku(1), count: uint16Max }
    for (const wrong of [{ not_after: 'tomorrow' }, { items: [whole, whole] }]) {
      const said = await changingNothing(loms, () => place('a', wrong))
      expect(said).toMatchObject(refused('invalid_argument'))
    }
    expect(await place('a')).toEqual(placed(1))
  })

  test('of another tenant is another checkout', async () => {
    await place('a')
    const request = {
      checkout_id: checkout('a'),
      user_id: 7,
      items: [{ sku: sku(1), count: 1 }],
      not_after: toRfc3339(plusMs(loms.now(), 1000)),
    }
    const theirs = await ask(PlaceCheckout, request, 'other' as TenantId)
    expect(theirs).toMatchObject(refused('insufficient_stock'))
  })
})

describe('SettleCheckout', () => {
  test('knows the order that was made', async () => {
    await place('a')
    expect(await changingNothing(loms, () => settle('a'))).toEqual(settled(1))
  })

  test('knows that the order failed, and what placing it was refused with', async () => {
    const short = await place('a', { items: [{ sku: sku(1), count: 8 }] })
    const refusal = short.ok ? undefined : short.error
    expect(await changingNothing(loms, () => settle('a'))).toEqual({
      ok: true,
      value: { ...settled(null, true).value, refusal: refusal as never },
    })
  })

  test('before there is an outcome writes down that there will be none, for ever', async () => {
    expect(await settle('a')).toEqual(settled(null))
    expect(await changingNothing(loms, () => settle('a'))).toEqual(settled(null))
    expect(await changingNothing(loms, () => place('a'))).toMatchObject(refused('checkout_expired'))
    expect(await ordersMade()).toBe(0)
  })

  test('of one that came too late says the same', async () => {
    await place('a', { not_after: toRfc3339(plusMs(loms.now(), -1)) })
    expect(await settle('a')).toEqual(settled(null))
  })

  test('asked at the moment of placing agrees with what placing was told', async () => {
    for (let round = 0; round < 10; round += 1) {
      const placing = () => place(`r${round}`, { items: [{ sku: sku(2), count: 1 }] })
      const settling = () => settle(`r${round}`)
      // Whoever asks first is heard first; the only piece is gone after the first order.
      const { placed, settled } =
        round % 2 === 0
          ? await Promise.all([placing(), settling()]).then(([placed, settled]) => ({ placed, settled }))
          : await Promise.all([settling(), placing()]).then(([settled, placed]) => ({ placed, settled }))
      const orderId = placed.ok ? placed.value.order_id : null
      const rejected = !placed.ok && placed.error.code === 'insufficient_stock'
      if (orderId === null && !rejected) expect(placed).toMatchObject(refused('checkout_expired'))
      const refusal = rejected ? { refusal: placed.error as never } : {}
      expect(settled).toEqual({ ok: true, value: { order_id: orderId, rejected, ...refusal } })
    }
    expect(await ordersMade()).toBe(5)
  })
})

describe('ShipOrder', () => {
  const ship = (orderId: number) => ask(ShipOrder, { order_id: orderId })
  const stopped = (reason: string) => ({
    ok: false,
    error: { code: 'status_not_reachable', details: { reason } },
  })
  const statusOf = async () => (await loms.rows()).orders.map(({ status }) => status)
  const pay = () => payOrder(loms.deps, callOf(loms), { orderId: order })
  const callOffNow = () =>
    stepOrder(loms.deps, callOf(loms), {
      orderId: order,
      decide: (each) => callOff(each, 'customer', loms.now()),
    })
  const order = 1n as OrderId

  test('brings a paid order over packing to shipped, told of each, once', async () => {
    await place('a')
    expect(await ship(1)).toEqual(stopped('pending') as never)
    await pay()
    for (let time = 0; time < 2; time += 1) expect(await ship(1)).toEqual({ ok: true, value: {} })
    const types = (await loms.facts()).map(({ type }) => type).filter((type) => type.startsWith('order.'))
    expect(types).toEqual(['order.created', 'order.confirmed', 'order.processing', 'order.shipped'])
    expect(await callOffNow()).toMatchObject(refused('order_not_cancellable'))
  })

  test('refuses one that was called off, and one that is not there', async () => {
    await place('a')
    await pay()
    expect(await callOffNow()).toMatchObject({ ok: true })
    expect(await ship(1)).toEqual(stopped('cancelled') as never)
    expect(await ship(2)).toMatchObject(refused('order_not_found'))
    expect(await statusOf()).toEqual(['cancelled'])
  })

  test('at once with calling off has one winner', async () => {
    await place('a')
    await pay()
    const [shipped, calledOff] = await Promise.all([ship(1), callOffNow()])
    expect([shipped.ok, calledOff.ok].filter(Boolean)).toHaveLength(1)
    expect(await statusOf()).toEqual([shipped.ok ? 'shipped' : 'cancelled'])
  })
})

test('over NATS a service is answered by the same handlers, refusals with their details', async () => {
  await using server = await startNatsServer()
  const stage = new Stage()
  try {
    const [side, asking] = [stage.side(server.url), stage.side(server.url)]
    stage.serve(side, 'loms', rpcHandlers(loms.deps))
    await heard(side)
    const client = stage.client(asking)
    const request = {
      checkout_id: checkout('a'),
      user_id: 7,
      items: [{ sku: sku(1), count: 5 }],
      not_after: toRfc3339(plusMs(loms.now(), 1000)),
    }
    // The handlers' clock stands still in another year than the wire's; only what is left of the deadline travels.
    const asked = { call: callWithin(5000) }
    expect(await client.ask(GetAvailable, asked.call, { skus: [sku(1)] })).toEqual({
      ok: true,
      value: { stock: [{ sku: sku(1), count: 7 }] },
    })
    expect(await client.ask(PlaceCheckout, asked.call, request)).toEqual(placed(1))
    expect(await client.ask(PlaceCheckout, asked.call, { ...request, checkout_id: checkout('b') })).toEqual({
      ok: false,
      error: {
        code: 'insufficient_stock',
        details: { order_id: 2, shortages: [{ sku: sku(1), wanted: 5, available: 2 }] },
      },
    })
    expect(await client.ask(SettleCheckout, asked.call, { checkout_id: checkout('a') })).toEqual(settled(1))
    expect(await client.ask(SettleCheckout, asked.call, { checkout_id: checkout('c') })).toEqual(
      settled(null),
    )
  } finally {
    await stage.clear()
  }
})
