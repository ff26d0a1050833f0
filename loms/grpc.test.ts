//! LOMS over the wire, asked by a client that is made from nothing but the proto files.
import { afterAll, describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import protobuf from 'protobufjs'
import { int64Max, uint16Max, uint32Max } from '../contracts/scalars.ts'
import { post } from '../tests/harness/ask.ts'
import { allRows, changingNothing } from '../tests/harness/rows.ts'
import { grpcDoor, httpDoor } from './doors.fixture.ts'
import { lomsInMemory, paymentWindowMs, violations } from './fixture.ts'

const loms = await lomsInMemory([
  [1, 1, 200_000],
  [1, 2, 5],
  [2, 2, 3],
  [uint32Max, 1, 10],
])
const server = await grpcDoor(loms)

const protos = resolve(import.meta.dir, '../contracts/proto')
const root = new protobuf.Root()
root.resolvePath = (origin, target) => (origin === '' ? target : resolve(protos, target))
root.loadSync(
  ['loms/v1/loms.proto', 'google/rpc/status.proto', 'google/rpc/error_details.proto'].map((path) =>
    resolve(protos, path),
  ),
  { keepCase: true },
)
const loaded = loadPackageDefinition(
  fromJSON(root.toJSON(), { keepCase: true, longs: String, defaults: true }),
)
const { LOMS } = (loaded as never as { loms: { v1: { LOMS: typeof Client } } }).loms.v1
const client = new LOMS(`127.0.0.1:${server.port}`, credentials.createInsecure())

afterAll(async () => {
  expect(await violations(loms)).toEqual([])
  client.close()
  await server.close(1000)
  await loms.store.close()
})

type Method = 'CreateOrder' | 'ListOrder' | 'OrderPayed' | 'CancelOrder' | 'Stocks'
type Said = {
  readonly code: number
  readonly value: Record<string, unknown>
  /** What the status details hold, by the name of the message. */
  readonly details: Readonly<Record<string, Record<string, unknown>>>
  readonly replayed: boolean
}
type Unary = (
  request: object,
  metadata: Metadata,
  callback: (error: ServiceError | null, value: Record<string, unknown>) => void,
) => { on(event: 'metadata', listener: (metadata: Metadata) => void): void }

function ask(method: Method, request: object, key?: string): Promise<Said> {
  const metadata = new Metadata()
  if (key !== undefined) metadata.set('idempotency-key', key)
  const unary = (client as never as Record<Method, Unary>)[method]
  return new Promise((resolve) => {
    let replayed = false
    const call = unary.call(client, request, metadata, (error, value) =>
      resolve({
        code: error?.code ?? status.OK,
        value,
        details: error === null ? {} : detailsOf(error),
        replayed,
      }),
    )
    call.on('metadata', (first) => {
      replayed = first.get('idempotent-replayed').length > 0
    })
  })
}

function detailsOf(error: ServiceError): Said['details'] {
  const decode = (name: string, bytes: Uint8Array) => {
    const type = root.lookupType(name)
    return type.toObject(type.decode(bytes), { longs: String, defaults: true })
  }
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  if (!(bytes instanceof Uint8Array)) return {}
  const Status = root.lookupType('google.rpc.Status')
  const { details } = Status.decode(bytes) as never as {
    details: { type_url: string; value: Uint8Array }[]
  }
  return Object.fromEntries(
    details.map(({ type_url, value }) => {
      const name = type_url.slice(type_url.lastIndexOf('/') + 1)
      return [name, decode(name, value)]
    }),
  )
}

const reasonIn = ({ details }: Said) => details['google.rpc.ErrorInfo']?.reason
const pathsIn = ({ details }: Said) =>
  (details['google.rpc.BadRequest']?.field_violations as { field: string }[] | undefined)?.map(
    ({ field }) => field,
  )

/** A refusal that has left every table as it was, in short. */
async function refusalOf(method: Method, request: object) {
  const said = await changingNothing(loms, () => ask(method, request))
  const paths = pathsIn(said)
  return { code: said.code, reason: reasonIn(said), ...(paths && { paths }) }
}
const invalid = (...paths: string[]) => ({ code: 3, reason: 'invalid_argument', paths })

async function place(items: readonly object[] = [{ sku: 1, count: 1 }]): Promise<string> {
  const { code, value } = await ask('CreateOrder', { user: 7, items })
  expect(code).toBe(status.OK)
  return value.order_id as string
}

describe('CreateOrder and ListOrder', () => {
  test('make an order and say what it is, the items summed and by SKU', async () => {
    const order_id = await place([
      { sku: 2, count: 1 },
      { sku: 1, count: 2 },
      { sku: 1, count: 3 },
    ])
    expect(await ask('ListOrder', { order_id })).toMatchObject({
      code: status.OK,
      value: {
        status: 'awaiting payment',
        user: '7',
        items: [
          { sku: 1, count: 5 },
          { sku: 2, count: 1 },
        ],
      },
    })
    await ask('CancelOrder', { order_id })
  })

  test('take every number to the end of its range, exactly', async () => {
    const user = String(int64Max)
    for (const items of [[{ sku: uint32Max, count: 1 }], [{ sku: 1, count: uint16Max }]]) {
      const { value } = await ask('CreateOrder', { user, items })
      expect((await ask('ListOrder', value)).value).toMatchObject({ user, items })
    }
  })

  test('are the same order as over HTTP', async () => {
    const order_id = await place()
    const { body } = await post(httpDoor(loms), '/order/info', { orderID: order_id })
    expect(body).toEqual({ status: 'awaiting payment', user: 7, items: [{ sku: 1, count: 1 }] })
  })

  test('answer 3 with every path for what is out of range, 0 being what was left out', async () => {
    const items = [{ sku: 1, count: 1 }]
    for (const user of [0, '-1', '-9223372036854775808']) {
      expect(await refusalOf('CreateOrder', { user, items })).toEqual(invalid('/user'))
    }
    expect(await refusalOf('CreateOrder', {})).toEqual(invalid('/user', '/items'))
    const wrong = [{ count: 1 }, { sku: 1 }, { sku: 1, count: uint16Max + 1 }, { sku: 1, count: uint32Max }]
    expect(await refusalOf('CreateOrder', { user: 1, items: wrong })).toEqual(
      invalid('/items/0/sku', '/items/1/count', '/items/2/count', '/items/3/count'),
    )
    const many = Array.from({ length: 101 }, () => ({ sku: 1, count: 1 }))
    expect(await refusalOf('CreateOrder', { user: 1, items: many })).toEqual(invalid('/items'))
    expect((await ask('CreateOrder', { user: 1, items: many.slice(1) })).code).toBe(status.OK)
    const twice = [
      { sku: 1, count: uint16Max },
      { sku: 1, count: 1 },
    ]
    expect(await refusalOf('CreateOrder', { user: 1, items: twice })).toEqual(invalid('/items/1/count'))
  })

  test('answer 9 with the order and every shortage in the details when stock is short', async () => {
    const said = await ask('CreateOrder', {
      user: 7,
      items: [
        { sku: 2, count: 4 },
        { sku: 99, count: 1 },
        { sku: 1, count: 1 },
      ],
    })
    expect({ code: said.code, reason: reasonIn(said) }).toEqual({ code: 9, reason: 'insufficient_stock' })
    const details = said.details['loms.v1.InsufficientStock']
    expect(details).toEqual({
      order_id: expect.stringMatching(/^[1-9]/),
      shortages: [
        { sku: 2, wanted: 4, available: '3' },
        { sku: 99, wanted: 1, available: '0' },
      ],
    })
    const { value } = await ask('ListOrder', { order_id: details?.order_id })
    expect(value.status).toBe('failed')
  })
})

describe('OrderPayed and CancelOrder', () => {
  test('answer the same again, without a second effect', async () => {
    const paid = await place()
    const cancelled = await place()
    expect(await ask('OrderPayed', { order_id: paid })).toMatchObject({ code: 0, value: {} })
    expect(await ask('CancelOrder', { order_id: cancelled })).toMatchObject({ code: 0, value: {} })
    const before = await allRows(loms)
    expect((await ask('OrderPayed', { order_id: paid })).code).toBe(0)
    expect((await ask('CancelOrder', { order_id: cancelled })).code).toBe(0)
    expect(await allRows(loms)).toEqual(before)
    const statuses = [paid, cancelled].map(async (order_id) => (await ask('ListOrder', { order_id })).value)
    expect((await Promise.all(statuses)).map((value) => value.status)).toEqual(['payed', 'cancelled'])
  })

  test('answer 9 in a status that does not allow them', async () => {
    const [paid, cancelled] = [await place(), await place()]
    await ask('OrderPayed', { order_id: paid })
    await ask('CancelOrder', { order_id: cancelled })
    const notPayable = { code: 9, reason: 'order_not_payable' }
    expect(await refusalOf('OrderPayed', { order_id: cancelled })).toEqual(notPayable)
    const notCancellable = { code: 9, reason: 'order_not_cancellable' }
    expect(await refusalOf('CancelOrder', { order_id: paid })).toEqual(notCancellable)
    const { details } = await ask('CancelOrder', { order_id: paid })
    expect(details['google.rpc.ErrorInfo']?.metadata).toMatchObject({ reason: 'payed' })
  })

  test('answer 9 for a payment at the deadline, which expires the order', async () => {
    const order_id = await place()
    loms.pass(paymentWindowMs)
    const said = await ask('OrderPayed', { order_id })
    expect([said.code, reasonIn(said)]).toEqual([9, 'order_not_payable'])
    expect((await ask('ListOrder', { order_id })).value.status).toBe('cancelled')
  })
})

describe('an order id', () => {
  for (const method of ['ListOrder', 'OrderPayed', 'CancelOrder'] as const) {
    test(`of ${method} that nobody has is 5, one below 1 is 3`, async () => {
      for (const order_id of ['999999', String(int64Max)]) {
        expect(await refusalOf(method, { order_id })).toEqual({ code: 5, reason: 'order_not_found' })
      }
      for (const order_id of ['0', '-1']) {
        expect(await refusalOf(method, { order_id })).toEqual(invalid('/order_id'))
      }
    })
  }
})

describe('Stocks', () => {
  test('say what can be bought in each warehouse, also where that is nothing', async () => {
    const of = async () => (await ask('Stocks', { sku: 2 })).value.stocks
    expect(await of()).toEqual([{ warehouse_id: '2', count: '3' }])
    const order_id = await place([{ sku: 2, count: 3 }])
    expect(await of()).toEqual([{ warehouse_id: '2', count: '0' }])
    await ask('CancelOrder', { order_id })
    expect((await ask('Stocks', { sku: 1 })).value.stocks).toMatchObject([
      { warehouse_id: '1' },
      { warehouse_id: '2', count: '5' },
    ])
  })

  test('answer 5 for a SKU that was never in stock, and 3 for 0', async () => {
    expect(await refusalOf('Stocks', { sku: 99 })).toEqual({ code: 5, reason: 'sku_not_found' })
    expect(await refusalOf('Stocks', {})).toEqual(invalid('/sku'))
  })
})

test('an idempotency key gets the first answer again, and 6 for another request', async () => {
  const request = { user: 7, items: [{ sku: 1, count: 1 }] }
  const first = await ask('CreateOrder', request, 'k')
  const again = await changingNothing(loms, () => ask('CreateOrder', request, 'k'))
  expect(again).toEqual({ ...first, replayed: true })
  expect(first.replayed).toBe(false)
  const other = await changingNothing(loms, () => ask('CreateOrder', { ...request, user: 8 }, 'k'))
  expect([other.code, reasonIn(other)]).toEqual([6, 'idempotency_key_reused'])
})
