//! What becomes of an order over HTTP: asked for, paid, called off, too late; and what is announced of it.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { int64Max, uint32Max } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import type { Http } from '../runtime/http.ts'
import { invalid, post, refusalOf } from '../tests/harness/ask.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { factsOf, httpDoor } from './doors.fixture.ts'
import { type Loms, lomsInMemory, paymentWindowMs, violations } from './fixture.ts'
import { expireOrders } from './operations/expire-orders.ts'

let loms: Loms
let app: Http
beforeEach(async () => {
  loms = await lomsInMemory([
    [1, 1, 2],
    [1, 2, 2],
    [2, 2, 5],
  ])
  app = httpDoor(loms)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const twoItems = [
  { sku: 2, count: 1 },
  { sku: 1, count: 3 },
]

async function place(items: readonly object[] = twoItems): Promise<number> {
  const { body } = await post(app, '/order/create', { user: 7, items })
  return body.orderID as number
}
const statusOf = async (orderID: number) => (await post(app, '/order/info', { orderID })).body.status
const pay = (orderID: number) => post(app, '/order/pay', { orderID })
const cancel = (orderID: number) => post(app, '/order/cancel', { orderID })
const countOf = async (sku: number) => (await post(app, '/stock/info', { sku })).body.count
const typesOf = async (orderID: number) => (await factsOf(loms, orderID)).map(({ type }) => type)

/** Asks something that answers `{}` and may have no second effect. */
async function repeats(ask: () => ReturnType<typeof post>) {
  const again = await changingNothing(loms, ask)
  expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: {} })
}

async function refuses(path: string, orderID: number, code: string) {
  expect(await changingNothing(loms, () => refusalOf(app, path, { orderID }))).toEqual({ status: 412, code })
}

describe('POST /order/info', () => {
  test('says status, user and items by SKU, and nothing else', async () => {
    const orderID = await place()
    const said = await changingNothing(loms, () => post(app, '/order/info', { orderID }))
    expect(said.status).toBe(200)
    expect(said.body).toEqual({
      status: 'awaiting payment',
      user: 7,
      items: [
        { sku: 1, count: 3 },
        { sku: 2, count: 1 },
      ],
    })
    expect((await post(app, '/order/info', { orderID: String(orderID) })).body).toEqual(said.body)
  })
})

describe('POST /order/pay', () => {
  test('answers {}, the reserved pieces have left the warehouses, and again it answers {}', async () => {
    const orderID = await place()
    const paid = await pay(orderID)
    expect({ status: paid.status, body: paid.body }).toEqual({ status: 200, body: {} })
    expect(await statusOf(orderID)).toBe('payed')
    expect((await loms.rows()).stock.map(({ onHand, reserved }) => [onHand, reserved])).toEqual([
      [0, 0],
      [1, 0],
      [4, 0],
    ])
    expect(await typesOf(orderID)).toEqual(['order.created', 'stock.reserved', 'order.confirmed'])
    await repeats(() => pay(orderID))
  })

  test('is refused for an order that failed or was called off', async () => {
    const failed = await place([{ sku: 2, count: 6 }])
    await refuses('/order/pay', failed, 'order_not_payable')
    const cancelled = await place()
    await cancel(cancelled)
    await refuses('/order/pay', cancelled, 'order_not_payable')
    expect([await statusOf(failed), await statusOf(cancelled)]).toEqual(['failed', 'cancelled'])
  })

  test('is taken up to the last millisecond', async () => {
    const orderID = await place()
    loms.pass(paymentWindowMs - 1)
    expect((await pay(orderID)).status).toBe(200)
  })

  for (const late of [0, 1, paymentWindowMs]) {
    test(`${late} ms after the deadline is refused, and the order expires with it`, async () => {
      const orderID = await place()
      loms.pass(paymentWindowMs + late)
      const said = await refusalOf(app, '/order/pay', { orderID })
      expect(said).toEqual({ status: 412, code: 'order_not_payable' })
      expect(await statusOf(orderID)).toBe('cancelled')
      expect([await countOf(1), await countOf(2)]).toEqual([4, 5])
      const facts = await factsOf(loms, orderID)
      expect(facts.slice(2).map(({ type, data }) => [type, data.reason])).toEqual([
        ['order.cancelled', 'expired'],
        ['stock.released', 'expired'],
      ])
      await refuses('/order/pay', orderID, 'order_not_payable')
    })
  }
})

describe('POST /order/cancel', () => {
  test('answers {}, the stock is free again, and again it answers {}', async () => {
    const orderID = await place()
    expect([await countOf(1), await countOf(2)]).toEqual([1, 4])
    const cancelled = await cancel(orderID)
    expect({ status: cancelled.status, body: cancelled.body }).toEqual({ status: 200, body: {} })
    expect(await statusOf(orderID)).toBe('cancelled')
    expect([await countOf(1), await countOf(2)]).toEqual([4, 5])
    const facts = await factsOf(loms, orderID)
    expect(facts.slice(2).map(({ type, data }) => [type, data.reason])).toEqual([
      ['order.cancelled', 'customer'],
      ['stock.released', 'released'],
    ])
    await repeats(() => cancel(orderID))
  })

  test('is refused for an order that is payed or failed', async () => {
    const payed = await place()
    await pay(payed)
    await refuses('/order/cancel', payed, 'order_not_cancellable')
    const failed = await place([{ sku: 2, count: 6 }])
    await refuses('/order/cancel', failed, 'order_not_cancellable')
    expect([await statusOf(payed), await statusOf(failed)]).toEqual(['payed', 'failed'])
  })

  test('says why not in the words of this surface', async () => {
    const cancelled = await place()
    await cancel(cancelled)
    expect((await pay(cancelled)).body).toMatchObject({ reason: 'cancelled' })
    const late = await place()
    loms.pass(paymentWindowMs)
    expect((await pay(late)).body).toMatchObject({ reason: 'expired' })
    const payed = await place()
    await pay(payed)
    expect((await cancel(payed)).body).toMatchObject({ reason: 'payed' })
  })

  test('answers {} for an order that the clock called off', async () => {
    const orderID = await place()
    loms.pass(paymentWindowMs)
    await expireOrders(loms.deps)
    await repeats(() => cancel(orderID))
  })
})

describe('an order number', () => {
  const paths = ['/order/info', '/order/pay', '/order/cancel']

  test('that nobody has is 404, to the end of int64', async () => {
    for (const path of paths) {
      for (const orderID of [1, '1', String(int64Max)]) {
        const said = await changingNothing(loms, () => refusalOf(app, path, { orderID }))
        expect(said).toEqual({ status: 404, code: 'order_not_found' })
      }
    }
  })

  test('that is no int64 of at least 1, is missing, or comes with more is 400', async () => {
    for (const path of paths) {
      for (const orderID of [0, -1, 1.5, 2 ** 53, '0', '01', '9223372036854775808', '', null, true]) {
        expect(await refusalOf(app, path, { orderID })).toEqual(invalid('/orderID'))
      }
      expect(await refusalOf(app, path, {})).toEqual(invalid('/orderID'))
      expect(await refusalOf(app, path, { orderID: 1, user: 1 })).toEqual(invalid('/user'))
    }
  })
})

describe('POST /stock/info', () => {
  test('says what can be bought over all warehouses, and nothing else', async () => {
    const said = await changingNothing(loms, () => post(app, '/stock/info', { sku: 1 }))
    expect({ status: said.status, body: said.body }).toEqual({ status: 200, body: { count: 4 } })
  })

  test('follows an order to 0 and back, and stays down when it is paid', async () => {
    const first = await place([{ sku: 1, count: 4 }])
    expect(await countOf(1)).toBe(0)
    await cancel(first)
    expect(await countOf(1)).toBe(4)
    const second = await place([{ sku: 1, count: 3 }])
    await pay(second)
    expect(await countOf(1)).toBe(1)
  })

  test('answers 404 for a SKU that was never in stock', async () => {
    for (const sku of [3, uint32Max]) {
      expect(await refusalOf(app, '/stock/info', { sku })).toEqual({ status: 404, code: 'sku_not_found' })
    }
  })

  test('refuses what is no uint32 of at least 1, is missing, or comes with more', async () => {
    for (const sku of [0, -1, uint32Max + 1, 1.5, '1', null]) {
      expect(await refusalOf(app, '/stock/info', { sku })).toEqual(invalid('/sku'))
    }
    expect(await refusalOf(app, '/stock/info', {})).toEqual(invalid('/sku'))
    expect(await refusalOf(app, '/stock/info', { sku: 1, warehouse: 1 })).toEqual(invalid('/warehouse'))
  })
})

describe('what is announced', () => {
  test('of a placed order is the order and where its pieces are promised', async () => {
    const orderID = await place()
    const [created, reserved] = await factsOf(loms, orderID)
    const common = { order_id: orderID, tenant_id: 'default', moment: toRfc3339(loms.now()) }
    expect(created?.data).toEqual({
      ...common,
      user_id: 7,
      status: 'pending',
      previous_status: null,
      version: 1,
      items: [
        { sku: 1, count: 3 },
        { sku: 2, count: 1 },
      ],
      currency: 'UAH',
      payment_method: 'rpc',
      pay_by: toRfc3339((loms.now() + paymentWindowMs) as never),
    })
    expect(reserved?.data).toEqual({
      ...common,
      lines: [
        { sku: 1, warehouse_id: 1, count: 2 },
        { sku: 1, warehouse_id: 2, count: 1 },
        { sku: 2, warehouse_id: 2, count: 1 },
      ],
    })
  })

  test('of every end of an order counts its versions without a gap and names the status before', async () => {
    const tooLate = (orderID: number) => {
      loms.pass(paymentWindowMs)
      return pay(orderID)
    }
    for (const end of [pay, cancel, tooLate]) {
      const orderID = await place([{ sku: 2, count: 1 }])
      await end(orderID)
      const told = (await factsOf(loms, orderID)).filter(({ type }) => type.startsWith('order.'))
      expect(told.map(({ data }) => [data.version, data.previous_status])).toEqual([
        [1, null],
        [2, 'pending'],
      ])
    }
  })

  test('goes along with the trace of the request that made it true', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await post(app, '/order/create', { user: 1, items: twoItems }, { traceparent })
    const outbox = await loms.store.read((tx) => tx.db.select().from(tx.tables.outbox))
    expect(outbox.length).toBeGreaterThan(0)
    for (const row of outbox) expect(row.traceparent?.slice(0, 36)).toBe(traceparent.slice(0, 36))
  })
})
