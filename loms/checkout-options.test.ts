//! Checkouts that say how they are paid and where they go: what becomes of them, whoever asks and however often.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { Result } from '../contracts/errors.ts'
import type { CheckoutId, ProductId, Sku } from '../contracts/ids.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { type CheckoutOptions, PlaceCheckout, SettleCheckout } from '../contracts/rpc/loms.ts'
import { plusMs, toRfc3339 } from '../contracts/time.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { AskerDied, type Fate } from '../tests/harness/stand-in.ts'
import { factsOf } from './doors.fixture.ts'
import { callOf, type Loms, lomsInMemory, paymentWindowMs, violations } from './fixture.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { runSagas } from './operations/run-sagas.ts'
import { rpcHandlers } from './rpc.ts'
import { putProduct } from './store/catalog.ts'
import { openSagas } from './store/sagas.ts'

let loms: Loms
const price = 150_00
const pieces = 10

const sells = (own: { price?: number; withdrawn?: boolean; version?: number } = {}) =>
  loms.store.write((tx) =>
    putProduct(tx, {
      tenantId: callOf(loms).tenantId,
      sku: 1 as Sku,
      productId: 'prod_1' as ProductId,
      name: 'Tea',
      price: own.price ?? price,
      currency: 'UAH',
      weightGrams: 100,
      withdrawn: own.withdrawn ?? false,
      version: own.version ?? 1,
    }),
  )

beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, pieces]])
  await sells()
  loms.others.wallets.set('7', 1000_00)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

async function ask<M extends RpcMethod>(method: M, request: RequestOf<M>): Promise<Result<ReplyOf<M>>> {
  const handler = rpcHandlers(loms.deps).find((each) => each.method.subject === method.subject)
  expect(Value.Check(method.request, request)).toBe(true)
  const call = { ...callOf(loms), deadlineAt: plusMs(loms.now(), method.timeoutMs / 2) }
  const answer = await handler?.run(call, JSON.parse(JSON.stringify(request)))
  if (answer === undefined) throw new Error(`nobody answers ${method.subject}`)
  if (answer.ok) expect(Value.Check(method.reply, answer.value)).toBe(true)
  return answer as Result<ReplyOf<M>>
}

const address = { city: 'Kyiv', address: 'Khreshchatyk 1', phone: '+380991234567' }
const byWallet: CheckoutOptions = { delivery: { method: 'pickup' }, payment_method: 'wallet' }
const chk = (name: string) => `chk_${name}` as CheckoutId

const place = (name: string, options: CheckoutOptions = byWallet, count = 2, show = true) =>
  ask(PlaceCheckout, {
    checkout_id: chk(name),
    user_id: 7,
    items: [{ sku: 1 as Sku, count }],
    not_after: toRfc3339(plusMs(loms.now(), 1000)),
    options,
    show,
  })
const settle = (name: string) => ask(SettleCheckout, { checkout_id: chk(name), show: true })
const statuses = async () => (await loms.rows()).orders.map(({ status }) => status)
const money = () => ({ left: loms.others.wallets.get('7'), charged: loms.others.charged(7) })

/** As the clock does, until nothing is left to be done. */
async function finish(): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    await expireOrders(loms.deps)
    const next = await runSagas(loms.deps)
    if (next === undefined) return
    loms.pass(Math.max(0, next - loms.now()))
  }
  throw new Error('the sagas do not come to their end')
}

describe('a checkout with options', () => {
  const byPost: CheckoutOptions = { delivery: { method: 'meest', address }, payment_method: 'liqpay' }

  test('is an order that waits for its payment, and knows where it goes', async () => {
    const placed = await place('a', byPost)
    expect(placed).toMatchObject({
      ok: true,
      value: {
        order_id: 1,
        order: {
          id: '1',
          customer_id: '7',
          status: 'pending',
          total: '300.00',
          payment_method: 'liqpay',
          delivery: { method: 'meest', address },
          shipping_address: address,
          billing_address: address,
        },
      },
    })
    expect(placed.ok && placed.value).not.toHaveProperty('is_open')
    expect(await changingNothing(loms, () => place('a', byPost))).toEqual(placed)
    expect(await changingNothing(loms, () => settle('a'))).toMatchObject({
      value: { order_id: 1, rejected: false, order: { id: '1', delivery: { method: 'meest' } } },
    })
    const [created] = await factsOf(loms, 1)
    expect(created?.data).toMatchObject({ payment_method: 'liqpay', delivery: { method: 'meest', address } })
  })

  test('is told as the number of the order and nothing else unless it is to be shown', async () => {
    expect(await place('a', byPost, 2, false)).toEqual({ ok: true, value: { order_id: 1 } })
    expect(await place('a', byPost, 2, false)).toEqual({ ok: true, value: { order_id: 1 } })
  })

  test('of what is not sold any more is no order, and is told so again', async () => {
    await sells({ withdrawn: true, version: 2 })
    const refused = await place('a')
    expect(refused).toMatchObject({ error: { code: 'unknown_sku', details: { skus: [1] } } })
    await sells({ version: 3 })
    expect(await changingNothing(loms, () => place('a'))).toEqual(refused)
    expect(await statuses()).toEqual([])
    expect((await place('b')).ok).toBe(true)
  })
})

describe('an expected total', () => {
  const expecting = (expected_total: number, payment_method = 'wallet') => ({
    ...byWallet,
    payment_method,
    expected_total,
  })

  for (const method of ['wallet', 'liqpay']) {
    test(`that is the total is taken, for ${method}`, async () => {
      expect((await place('a', expecting(2 * price, method))).ok).toBe(true)
    })

    test(`that is another leaves no order, no reservation and no word of it, for ${method}`, async () => {
      for (const expected of [2 * price - 1, 2 * price + 1, 0]) {
        const refused = await place(`of${expected}`, expecting(expected, method))
        expect(refused).toMatchObject({
          error: { code: 'total_changed', details: { total: '300.00', currency: 'UAH' } },
        })
      }
      expect(await statuses()).toEqual([])
      expect(await loms.available(1)).toBe(pieces)
      expect(await loms.facts()).toEqual([])
      expect(loms.others.asked).toEqual([])
    })
  }

  test('once it was another, it stays so for that checkout, and does not for the next', async () => {
    await sells({ price: price + 1, version: 2 })
    const refused = await place('a', expecting(2 * price))
    await sells({ version: 3 })
    expect(await changingNothing(loms, () => place('a', expecting(2 * price)))).toEqual(refused)
    const error = refused.ok ? undefined : refused.error
    expect(await changingNothing(loms, () => settle('a'))).toEqual({
      ok: true,
      value: { order_id: null, rejected: false, refusal: error as never },
    })
    expect(await place('b', expecting(2 * price))).toMatchObject({ ok: true, value: { order_id: 1 } })
  })
})

for (const mode of ['orchestration', 'choreography'] as const) {
  describe(`a checkout paid from the wallet, by ${mode}`, () => {
    beforeEach(() => {
      loms = { ...loms, deps: { ...loms.deps, sagaMode: mode } }
    })

    test('before the others have said anything is open, and has become that order for good', async () => {
      loms.others.fateOf = () => 'away'
      const open = await place('a')
      expect(open).toMatchObject({ value: { order_id: 1, is_open: true, order: { status: 'pending' } } })
      expect(await statuses()).toEqual(['pending'])
      loms.pass(paymentWindowMs)
      await expireOrders(loms.deps)
      expect(await place('a')).toMatchObject({
        value: { order_id: 1, is_open: true, order: { status: 'cancelled' } },
      })
      expect(await settle('a')).toMatchObject({ value: { order_id: 1, rejected: false, is_open: true } })
      loms.others.fateOf = () => 'answered'
      await finish()
      expect(money()).toEqual({ left: 1000_00, charged: 0 })
    })
  })
}

describe('a checkout paid from the wallet', () => {
  test('is confirmed, charged and queued for delivery when it is answered', async () => {
    const placed = await place('a')
    expect(placed).toMatchObject({
      ok: true,
      value: { order_id: 1, order: { status: 'confirmed', total: '300.00', payment_method: 'wallet' } },
    })
    expect(placed.ok && placed.value.is_open).toBeUndefined()
    await finish()
    expect(money()).toEqual({ left: 1000_00 - 2 * price, charged: 2 * price })
    expect([...loms.others.deliveries.values()]).toEqual(['queued'])
    expect(await settle('a')).toMatchObject({ value: { order_id: 1, order: { status: 'confirmed' } } })
  })

  test('asked by twenty at once is one order and one charge, told to all alike', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => place('a')))
    for (const answer of answers) expect(answer).toEqual(answers[0] as never)
    await finish()
    expect(await statuses()).toEqual(['confirmed'])
    expect(money()).toEqual({ left: 1000_00 - 2 * price, charged: 2 * price })
  })

  test('short of stock is the failed order, and nobody is asked for money', async () => {
    const short = await place('a', byWallet, pieces + 1)
    expect(short).toMatchObject({
      error: { code: 'insufficient_stock', details: { order_id: 1, shortages: [{ sku: 1 }] } },
    })
    expect(await changingNothing(loms, () => place('a', byWallet, pieces + 1))).toEqual(short)
    expect(loms.others.asked).toEqual([])
  })

  for (const [why, code, said, prepare] of [
    ['money', 'insufficient_funds', {}, () => void loms.others.wallets.set('7', price)],
    [
      'a way to deliver it',
      'delivery_refused',
      { reason: 'nowhere' },
      () => void Object.assign(loms.others, { deliverable: false }),
    ],
  ] as const) {
    test(`for want of ${why} is the failed order, and so it is settled and told again`, async () => {
      prepare()
      const before = money()
      const refused = await place('a')
      const details = { order_id: 1, ...said }
      expect(refused).toEqual({ ok: false, error: { code, details } })
      await finish()
      expect(await changingNothing(loms, () => place('a'))).toEqual(refused)
      expect(await changingNothing(loms, () => settle('a'))).toEqual({
        ok: true,
        value: {
          order_id: null,
          rejected: true,
          refusal: { code, details },
        },
      })
      expect(await statuses()).toEqual(['failed'])
      expect(money()).toEqual(before)
      expect(await loms.available(1)).toBe(pieces)
    })
  }

  test('that is told as open stays placed when there is not the money after all', async () => {
    loms.others.wallets.set('7', 1)
    loms.others.fateOf = () => 'away'
    expect(await place('a')).toMatchObject({ value: { order_id: 1, is_open: true } })
    loms.others.fateOf = () => 'answered'
    await finish()
    expect(await statuses()).toEqual(['failed'])
    const failed = { order_id: 1, is_open: true, order: { status: 'failed' } }
    expect(await changingNothing(loms, () => place('a'))).toMatchObject({ ok: true, value: failed })
    expect(await changingNothing(loms, () => settle('a'))).toMatchObject({
      value: { ...failed, rejected: false },
    })
  })

  test('that is told as open is told as paid once it is', async () => {
    loms.others.fateOf = () => 'away'
    await place('a')
    loms.others.fateOf = () => 'answered'
    await finish()
    const again = await place('a')
    expect(again).toMatchObject({ value: { order_id: 1, order: { status: 'confirmed' } } })
    expect(again.ok && again.value).not.toHaveProperty('is_open')
  })

  test('that is settled while nobody knows its outcome has become that order, whatever is told to who waits', async () => {
    loms.others.wallets.set('7', 1)
    let settled: unknown
    loms.others.meanwhile = async (method) => {
      if (method !== 'HoldFunds') return
      loms.others.meanwhile = async () => undefined
      settled = await settle('a')
    }
    const placed = await place('a')
    expect(settled).toMatchObject({ value: { order_id: 1, rejected: false, is_open: true } })
    expect(placed).toMatchObject({ value: { order_id: 1, is_open: true, order: { status: 'failed' } } })
  })

  for (const fate of ['asker dies before', 'asker dies after'] as const) {
    for (const step of ['HoldFunds', 'MakeDelivery', 'CaptureHold'] as const) {
      test(`asked again when the process died with ${step} (${fate}) is one order and one charge`, async () => {
        let dead = false
        loms.others.fateOf = (method): Fate => {
          if (method !== step || dead) return 'answered'
          dead = true
          return fate
        }
        await expect(place('a')).rejects.toThrow(AskerDied)
        expect(await place('a')).toMatchObject({ value: { order_id: 1, order: { status: 'confirmed' } } })
        await finish()
        expect(await loms.store.read((tx) => openSagas(tx, 10))).toEqual([])
        expect(await statuses()).toEqual(['confirmed'])
        expect(money()).toEqual({ left: 1000_00 - 2 * price, charged: 2 * price })
      })
    }
  }

  test('is answered in half of the time that cart has, also where nobody is heard of', async () => {
    loms.others.fateOf = () => 'answer lost'
    const startedAt = loms.now()
    expect(await place('a')).toMatchObject({ value: { is_open: true } })
    expect(loms.now() - startedAt).toBeLessThan(PlaceCheckout.timeoutMs / 2)
  })
})
