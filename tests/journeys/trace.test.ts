//! One request from door to disk: its id and its trace go with it, from cart to loms and into every fact that it makes.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually, factsOf, orderIdIn, rowsOf, type Shop, shopOf } from './shop.ts'

setDefaultTimeout(60_000)
let system: TestSystem
let shop: Shop

beforeAll(async () => {
  system = await startSystem({ seed: true, env: { LOG_LEVEL: 'debug' } })
  shop = shopOf(system)
})
afterAll(() => system.stop())

const traceOf = (digit: string) => digit.repeat(32)
const spanId = 'b7ad6b7169203331'
const parentOf = (trace: string) => ({ traceparent: `00-${trace}-${spanId}-01` })

type Line = Readonly<Record<string, unknown>>

/** The first line of a service's log that has all of these fields. */
async function logged(service: string, fields: Line): Promise<Line> {
  const fits = (line: Line) => Object.entries(fields).every(([name, value]) => line[name] === value)
  return await eventually(`a line of ${service} with ${JSON.stringify(fields)}`, () =>
    system
      .logs(service)
      .map((text) => JSON.parse(text) as Line)
      .find(fits),
  )
}

test('the caller’s request id is answered and logged, and one is made where there is none', async () => {
  const named = await shop.ask('cart', '/cart/list', { user: 1 }, { 'x-request-id': 'the-callers-own' })
  expect(named.headers.get('x-request-id')).toBe('the-callers-own')
  await logged('cart', { request_id: 'the-callers-own', route: '/cart/list', status: 200 })

  const unnamed = await shop.ask('loms', '/order/info', { orderID: 999 })
  const made = String(unnamed.headers.get('x-request-id'))
  expect(made).toMatch(/^req_/)
  expect(unnamed.body).toMatchObject({ request_id: made, code: 'order_not_found' })
  await logged('loms', { request_id: made, route: '/order/info', status: 404, code: 'order_not_found' })
})

test('one trace from cart through loms into its outbox, the stream, and to the notice', async () => {
  const [user, trace] = [7, traceOf('1')]
  await shop.done('cart', '/cart/item/add', { user, sku: 2001, count: 1 })
  const orderID = orderIdIn(await shop.done('cart', '/cart/checkout', { user }, parentOf(trace)))

  const rows = rowsOf(system, 'loms', `select type, id, traceparent from outbox where key = '${orderID}'`)
  expect(rows.map(({ type }) => type)).toEqual(['order.created', 'stock.reserved'])
  for (const { traceparent } of rows) {
    expect(traceparent).toStartWith(`00-${trace}-`)
    // Every hop is a span of its own.
    expect(traceparent).not.toContain(spanId)
  }
  const facts = await factsOf(system, orderID, 2)
  expect(facts.map(({ id, type, traceparent }) => ({ type, id, traceparent }))).toEqual(
    rows.map((row) => ({
      type: String(row.type),
      id: String(row.id),
      traceparent: String(row.traceparent),
    })),
  )

  const notice = await logged('notifier', { order_id: orderID, status: 'pending' })
  expect(notice.event_id).toBe(facts[0]?.id)
})

test('each request has its own trace, also about the same order', async () => {
  const user = 8
  const create = { user, items: [{ sku: 2001, count: 1 }] }
  const orderID = orderIdIn(await shop.done('loms', '/order/create', create, parentOf(traceOf('2'))))
  await shop.done('loms', '/order/pay', { orderID }, parentOf(traceOf('3')))
  const traces = (await factsOf(system, orderID, 3)).map(({ traceparent }) => traceparent.split('-')[1])
  expect(traces).toEqual([traceOf('2'), traceOf('2'), traceOf('3')])

  // What is no trace is not passed on: a new one is begun.
  const created = await shop.done('loms', '/order/create', create, { traceparent: `00-${traceOf('0')}-x-01` })
  const [first] = await factsOf(system, orderIdIn(created), 2)
  expect(first?.traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
})
