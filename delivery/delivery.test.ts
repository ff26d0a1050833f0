//! The shipment of an order by questions, by facts and by the resources: one for each order, whoever asks and however often.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { Result } from '../contracts/errors.ts'
import type { DataOf, EventType } from '../contracts/events/define.ts'
import { ShipmentUpdated } from '../contracts/events/delivery.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderDelivered,
  OrderRejected,
  OrderShipped,
} from '../contracts/events/loms.ts'
import { defaultTenant, newId } from '../contracts/ids.ts'
import type { OrderStatus } from '../contracts/order-status.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { CancelDelivery, MakeDelivery } from '../contracts/rpc/delivery.ts'
import { orderIdOf } from '../contracts/scalars.ts'
import { lomsFacts } from './consumers.ts'
import { startDelivery, type TestDelivery } from './fixture.ts'
import { sendShipment } from './operations/send-shipment.ts'
import { rpcHandlers } from './rpc.ts'

let delivery: TestDelivery
beforeEach(async () => {
  delivery = await startDelivery()
})
afterEach(async () => {
  for (const { type, data } of await delivery.facts()) {
    expect(type).toBe(ShipmentUpdated.type)
    expect(ShipmentUpdated.problemOf(data)).toBeUndefined()
  }
  await delivery.store.close()
})

async function rpc<M extends RpcMethod>(method: M, request: RequestOf<M>): Promise<Result<ReplyOf<M>>> {
  const handler = rpcHandlers(delivery.deps).find((each) => each.method.subject === method.subject)
  expect(Value.Check(method.request, request)).toBe(true)
  const answer = await handler?.run(delivery.call(), JSON.parse(JSON.stringify(request)))
  if (answer === undefined) throw new Error(`nobody answers ${method.subject}`)
  if (answer.ok) expect(Value.Check(method.reply, answer.value)).toBe(true)
  return answer as Result<ReplyOf<M>>
}

const address = { city: 'Київ', address: 'Хрещатик, 1', phone: '+380991234567' }
const make = (order = 1, delivery: RequestOf<typeof MakeDelivery>['delivery'] = { method: 'pickup' }) =>
  rpc(MakeDelivery, { order_id: order, user_id: 7, delivery })
const cancel = (order = 1) => rpc(CancelDelivery, { order_id: order })
const refused = (code: string) => ({ ok: false, error: { code } })
const statuses = async () => (await delivery.shipments()).map(({ status }) => status)
const told = async () => (await delivery.facts()).map(({ data }) => data.status)

async function hear<E extends EventType>(event: E, data: DataOf<E>): Promise<unknown> {
  expect(event.problemOf(data)).toBeUndefined()
  const handler = lomsFacts(delivery.deps).find((each) => each.event.type === event.type)
  if (handler === undefined) throw new Error(`nobody hears ${event.type}`)
  const envelope = {
    id: newId('event'),
    type: event.type,
    key: '1',
    tenantId: defaultTenant,
    traceparent: undefined,
    sequence: 1,
  }
  return await delivery.store.write((tx) => handler.handle(tx, { ...envelope, data } as never))
}

const orderFields = (status: OrderStatus, version = 2) => ({
  order_id: 1,
  user_id: 7,
  tenant_id: 'default',
  status,
  previous_status: version === 1 ? null : ('pending' as const),
  version,
  moment: '2026-01-01T00:00:00.000Z',
})
const confirmed = () => hear(OrderConfirmed, { ...orderFields('confirmed'), currency: 'UAH' })
const created = (more: object = {}) =>
  hear(OrderCreated, {
    ...orderFields('pending', 1),
    items: [{ sku: 1 as never, count: 1 }],
    currency: 'UAH',
    payment_method: 'wallet',
    pay_by: '2026-01-01T00:10:00.000Z',
    ...more,
  })

describe('asked for by loms', () => {
  test('it is made once, however often and however many at once', async () => {
    const answers = await Promise.all([make(), make(), make()])
    const [first] = answers
    expect(answers).toEqual([first, first, first] as never)
    expect(await make()).toEqual(first as never)
    expect(await statuses()).toEqual(['queued'])
    expect(await told()).toEqual(['queued'])
  })

  test('what cannot be delivered is refused, for good, and told', async () => {
    for (let time = 0; time < 2; time += 1)
      expect(await make(1, { method: 'courier' })).toMatchObject(refused('delivery_refused'))
    // The first word counts.
    expect(await make(1, { method: 'courier', address })).toMatchObject(refused('delivery_refused'))
    expect(await told()).toEqual(['refused'])
  })

  test('called off, it leaves the queue; called off before it was made, it never is', async () => {
    await make()
    for (let time = 0; time < 2; time += 1) expect(await cancel()).toMatchObject({ ok: true })
    expect(await statuses()).toEqual(['cancelled'])
    expect(await make()).toMatchObject(refused('delivery_closed'))

    for (let time = 0; time < 2; time += 1) expect(await cancel(2)).toMatchObject({ ok: true })
    expect(await make(2)).toMatchObject(refused('delivery_closed'))
    expect(await told()).toEqual(['queued', 'cancelled'])
  })

  test('once it has left it is not called back', async () => {
    await make()
    await confirmed()
    await delivery.ask('courier-1', 'POST', '/api/v1/order/sent', { order_id: 1 })
    expect(await cancel()).toMatchObject(refused('delivery_under_way'))
  })
})

describe('of another user under the order’s number', () => {
  const ofAnother = { user_id: 8 }

  test('it is not the answer to who asks for the order’s own, and stays where it is', async () => {
    await make()
    const request = { order_id: 1, ...ofAnother }
    expect(await rpc(MakeDelivery, { ...request, delivery: { method: 'pickup' } })).toMatchObject(
      refused('delivery_differs'),
    )
    expect(await rpc(CancelDelivery, request)).toMatchObject(refused('delivery_differs'))
    expect(await rpc(CancelDelivery, { order_id: 1, user_id: 7 })).toMatchObject({ ok: true })
    expect(await told()).toEqual(['queued', 'cancelled'])
  })

  test('what befalls the order does not befall it', async () => {
    await make()
    const theirs = (status: OrderStatus) => ({ ...orderFields(status), ...ofAnother })
    await hear(OrderConfirmed, { ...theirs('confirmed'), currency: 'UAH' })
    await hear(OrderShipped, theirs('shipped'))
    await hear(OrderDelivered, theirs('delivered'))
    await hear(OrderRejected, { ...theirs('failed'), reason: 'insufficient_funds', shortages: [] })
    await hear(OrderCancelled, { ...theirs('cancelled'), reason: 'customer' })
    expect(await delivery.shipments()).toMatchObject([{ status: 'queued', isReleased: false, version: 1 }])
  })

  test('in choreography no second one is made for it', async () => {
    await delivery.store.close()
    delivery = await startDelivery({ choreography: true })
    await created()
    expect(await created(ofAnother)).toMatchObject(refused('delivery_differs'))
    expect(await delivery.shipments()).toMatchObject([{ userId: 7n }])
    expect(await told()).toEqual(['queued'])
  })
})

describe('by facts', () => {
  test('in orchestration a new order makes no shipment', async () => {
    await created()
    expect(await statuses()).toEqual([])
  })

  test('in choreography an order from the wallet makes one, as it says, and no other order does', async () => {
    const other = delivery
    delivery = await startDelivery({ choreography: true })
    await created({ payment_method: 'rpc' })
    expect(await statuses()).toEqual([])
    await created({ delivery: { method: 'courier', address } })
    await created({ delivery: { method: 'courier', address } })
    expect(await delivery.shipments()).toMatchObject([{ carrier: 'courier', address, status: 'queued' }])
    expect(await told()).toEqual(['queued'])
    await other.store.close()
  })

  test('in choreography what cannot be delivered is told', async () => {
    await delivery.store.close()
    delivery = await startDelivery({ choreography: true })
    expect(await created({ delivery: { method: 'pigeon' } })).toMatchObject({ ok: true })
    expect(await told()).toEqual(['refused'])
  })

  test('an order that is shipped or delivered takes its shipment along, whoever brought it there; most have none', async () => {
    const shipped = { ...orderFields('shipped', 4), previous_status: 'processing' as const }
    expect(await hear(OrderShipped, shipped)).toMatchObject({ ok: true })
    await make()
    await confirmed()
    for (let time = 0; time < 2; time += 1)
      expect(await hear(OrderShipped, shipped)).toMatchObject({ ok: true })
    const delivered = { ...orderFields('delivered', 5), previous_status: 'shipped' as const }
    for (let time = 0; time < 2; time += 1)
      expect(await hear(OrderDelivered, delivered)).toMatchObject({ ok: true })
    expect(await told()).toEqual(['queued', 'sent', 'received'])
  })

  test('a rejected and a cancelled order take theirs out of the queue; most have none', async () => {
    const rejected = { ...orderFields('failed'), reason: 'insufficient_funds', shortages: [] }
    expect(await hear(OrderRejected, rejected)).toMatchObject({ ok: true })
    await make()
    for (let time = 0; time < 2; time += 1)
      expect(await hear(OrderCancelled, { ...orderFields('cancelled'), reason: 'customer' })).toMatchObject({
        ok: true,
      })
    expect(await told()).toEqual(['queued', 'cancelled'])
  })
})

describe('the resources', () => {
  const post = (verb: string, who: string | undefined, order = 1) =>
    delivery.ask(who, 'POST', `/api/v1/order/${verb}`, { order_id: order })
  const show = (who: string) => delivery.ask(who, 'GET', '/api/v1/order/1/delivery')

  test('a confirmed order is in the queue of the couriers, sent by one and received by its customer', async () => {
    await make(1, { method: 'courier', address })
    const queue = async () =>
      (await delivery.ask('courier-1', 'GET', '/api/v1/shipments')).body as { data: object[]; meta: object }
    expect((await queue()).data).toEqual([])
    expect(await post('sent', 'courier-1')).toMatchObject({
      status: 409,
      body: { code: 'shipment_not_ready' },
    })
    await confirmed()
    expect(await queue()).toMatchObject({ data: [{ order_id: '1', address }], meta: { total: 1 } })
    expect(await post('received', 'customer-7')).toMatchObject({ status: 409 })
    for (let time = 0; time < 2; time += 1)
      expect(await post('sent', 'courier-1')).toMatchObject({ status: 200, body: { status: 'sent' } })
    for (const verb of ['recieved', 'received'])
      expect(await post(verb, 'customer-7')).toMatchObject({ status: 200, body: { status: 'received' } })
    expect(await told()).toEqual(['queued', 'sent', 'received'])
    expect((await queue()).data).toEqual([])
    const [shipment] = await delivery.shipments()
    const track = await delivery.ask('customer-7', 'GET', `/api/v1/shipments/${shipment?.id}/track`)
    expect(track.body).toEqual((await show('customer-7')).body)
  })

  test('what loms does not let go any more stays, and loms is asked only of what could go', async () => {
    await make()
    await post('sent', 'courier-1')
    expect(delivery.loms.asked).toEqual([])
    await confirmed()
    delivery.loms.says(1, 'cancelled')
    for (let time = 0; time < 2; time += 1)
      expect(await post('sent', 'courier-1')).toMatchObject({
        status: 409,
        body: { code: 'shipment_not_ready', reason: 'cancelled' },
      })
    expect(await statuses()).toEqual(['queued'])
    delivery.loms.says(1, 'may leave')
    expect((await post('sent', 'courier-1')).status).toBe(200)
    delivery.loms.asked.length = 0
    expect((await post('sent', 'courier-1')).status).toBe(200)
    expect(delivery.loms.asked).toEqual([])
  })

  test('what becomes ready while somebody sends it stays until loms is asked', async () => {
    await make()
    const { deps } = delivery
    const read: typeof deps.store.read = async (body) => {
      const seen = await deps.store.read(body)
      await confirmed()
      return seen
    }
    const sent = await sendShipment({ ...deps, store: { ...deps.store, read } }, delivery.call(), {
      orderId: orderIdOf(1),
    })
    expect(sent).toMatchObject(refused('shipment_not_ready'))
    expect(delivery.loms.asked).toEqual([])
    expect((await post('sent', 'courier-1')).status).toBe(200)
    expect(delivery.loms.asked).toEqual(['1'])
  })

  test('while loms is away nothing leaves, and the same key may be tried again', async () => {
    await make()
    await confirmed()
    const tried = () =>
      delivery.ask('courier-1', 'POST', '/api/v1/order/sent', { order_id: 1 }, { 'idempotency-key': 'k' })
    delivery.loms.says(1, 'away')
    expect(await tried()).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(await statuses()).toEqual(['queued'])
    delivery.loms.says(1, 'may leave')
    const first = await tried()
    expect(first).toMatchObject({ status: 200, body: { status: 'sent' } })
    delivery.loms.says(1, 'away')
    expect(await tried()).toEqual(first)
    expect(await told()).toEqual(['queued', 'sent'])
  })

  test('another customer’s is not there, to see or to receive', async () => {
    await make()
    await confirmed()
    await post('sent', 'courier-1')
    const [shipment] = await delivery.shipments()
    for (const said of [
      await show('customer-8'),
      await delivery.ask('customer-8', 'GET', `/api/v1/shipments/${shipment?.id}/track`),
      await post('received', 'customer-8'),
    ])
      expect(said).toMatchObject({ status: 404, body: { code: 'shipment_not_found' } })
    expect(await show('admin-1')).toMatchObject({ status: 200 })
    expect(await statuses()).toEqual(['sent'])
  })

  test('what can be chosen is listed as everything is, a page at a time', async () => {
    const look = async (path: string) => (await delivery.ask(undefined, 'GET', `/api/v1/${path}`)).body
    expect(await look('shipments/carriers')).toMatchObject({
      data: [{ code: 'courier' }, { code: 'pickup' }],
      meta: { page: 1, limit: 20, total: 2, pages: 1 },
    })
    expect(await look('pickup-points?page=2&limit=2')).toMatchObject({
      data: [{ id: 'odesa-1' }],
      meta: { page: 2, limit: 2, total: 3, pages: 2 },
    })
  })

  test('what waits equally long has one order, so that no page shows it twice', async () => {
    const orders = [5, 3, 1, 4, 2]
    for (const order of orders) {
      await make(order)
      await hear(OrderConfirmed, { ...orderFields('confirmed'), order_id: order, currency: 'UAH' })
    }
    const paged: unknown[] = []
    for (let page = 1; page <= orders.length; page += 1) {
      const { body } = await delivery.ask('courier-1', 'GET', `/api/v1/shipments?limit=1&page=${page}`)
      paged.push(...(body.data as { order_id: string }[]).map(({ order_id }) => order_id))
    }
    expect(paged).toEqual(['1', '2', '3', '4', '5'])
  })

  test('who may what', async () => {
    await make()
    expect((await post('sent', undefined)).status).toBe(401)
    expect((await post('sent', 'customer-7')).status).toBe(403)
    expect((await post('received', undefined)).status).toBe(401)
    expect((await delivery.ask('customer-7', 'GET', '/api/v1/shipments')).status).toBe(403)
    for (const path of ['/api/v1/pickup-points', '/api/v1/shipments/carriers'])
      expect((await delivery.ask(undefined, 'GET', path)).status).toBe(200)
    expect((await post('sent', 'courier-1', 99)).status).toBe(404)
  })
})
