import { expect, test } from 'bun:test'
import { create } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { type ErrorCode, type ErrorKind, errorEntry, errors, fail, ok } from '../contracts/errors.ts'
import { InsufficientStockSchema, LOMS } from '../contracts/gen/loms/v1/loms_pb.ts'
import { askRaw, completed, detailsIn, startServer } from './grpc/grpc.fixture.ts'
import { grpcService } from './grpc.ts'
import { Refusal } from './refusal.ts'

/** The numbers of https://grpc.io/docs/guides/status-codes, written out: clients know them, not our names. */
const numbers: Record<ErrorKind, number> = {
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
}

test('every code of the catalogue is answered by the status of its kind, and named in the details', async () => {
  const codes = Object.keys(errors) as ErrorCode[]
  let next: ErrorCode = 'internal'
  await using server = await startServer(LOMS, {
    listOrder: { guard: 'open', handle: async () => fail(next) },
  })
  for (const code of codes) {
    next = code
    const { error } = await server.ask('ListOrder')
    const number = numbers[errorEntry(code).kind]
    expect(error).toMatchObject({ code: number, details: errorEntry(code).message })
    const told = detailsIn(error)
    expect(told).toMatchObject({ code: number, message: errorEntry(code).message })
    const again = { type: '.google.rpc.RetryInfo', retry_delay: { seconds: '1' } }
    expect(told.details).toEqual([
      { type: '.google.rpc.ErrorInfo', reason: code, domain: 'kiosk' },
      ...(code === 'overloaded' ? [again] : []),
    ])
  }
})

test('an invalid argument names each field by its path', async () => {
  const paths = [
    { path: 'user', message: 'at least 1' },
    { path: 'items[3].sku', message: 'at least 1' },
  ]
  await using server = await startServer(LOMS, {
    createOrder: { guard: 'open', handle: async () => fail('invalid_argument', { errors: paths }) },
  })
  const { error } = await server.ask('CreateOrder')
  expect(error?.code).toBe(3)
  expect(detailsIn(error).details[1]).toEqual({
    type: '.google.rpc.BadRequest',
    field_violations: paths.map(({ path, message }) => ({ field: path, description: message })),
  })
})

test('a thousand wrong fields are cut to what every client takes as a header', async () => {
  const paths = Array.from({ length: 1000 }, (_, at) => ({
    path: `items[${at}].count`,
    message: 'from 1 to 65535',
  }))
  await using server = await startServer(LOMS, {
    createOrder: { guard: 'open', handle: async () => fail('invalid_argument', { errors: paths }) },
  })
  const { error } = await server.ask('CreateOrder')
  const [bytes] = error?.metadata.get('grpc-status-details-bin') ?? []
  expect(Buffer.from(bytes ?? '').toString('base64').length).toBeLessThan(8 * 1024)
  const violations = detailsIn(error).details[1]?.field_violations as unknown[]
  expect(violations.length).toBeGreaterThan(50)
  expect(violations[0]).toEqual({ field: 'items[0].count', description: 'from 1 to 65535' })
})

test('a refusal carries the message of its service, which reads back from the proto file', async () => {
  const methods = completed(LOMS, {
    createOrder: {
      guard: 'open',
      handle: async () =>
        fail('insufficient_stock', { orderID: 9_007_199_254_740_993n, shortages: [{ sku: 7 }] }),
    },
  })
  const loms = grpcService(LOMS, methods, {
    insufficient_stock: (details) => {
      const shortages = [{ sku: 7, wanted: 5, available: 2n }]
      const message = create(InsufficientStockSchema, { orderId: details.orderID as bigint, shortages })
      return anyPack(InsufficientStockSchema, message)
    },
  })
  await using server = await startServer(LOMS, {}, { services: [loms] })
  const { error } = await server.ask('CreateOrder')
  expect(error?.code).toBe(9)
  expect(detailsIn(error).details).toEqual([
    {
      type: '.google.rpc.ErrorInfo',
      reason: 'insufficient_stock',
      domain: 'kiosk',
      metadata: { orderID: '9007199254740993' },
    },
    {
      type: '.loms.v1.InsufficientStock',
      order_id: '9007199254740993',
      shortages: [{ sku: 7, wanted: 5, available: '2' }],
    },
  ])
})

test('a message for the details that cannot be made is a bug, and the caller is answered all the same', async () => {
  const refusing = { guard: 'open', handle: async () => fail('unavailable') } as const
  const loms = grpcService(LOMS, completed(LOMS, { listOrder: refusing }), {
    unavailable: () => {
      throw new Error('the kopeck fell through')
    },
  })
  await using server = await startServer(LOMS, {}, { services: [loms] })
  expect((await server.ask('ListOrder')).error?.code).toBe(13)
})

test('whatever a handler throws is answered as internal without a word of it, and logged with its cause', async () => {
  const rejected = new Error('the password is hunter2', { cause: new Error('disk') })
  const throwing = [
    () => Promise.reject(rejected),
    () => {
      throw rejected
    },
    // A reply that the proto cannot hold is no better.
    async () => ok({ user: 1n, items: [{ sku: -1, count: 1 }] }),
  ]
  for (const handle of throwing) {
    await using server = await startServer(LOMS, { listOrder: { guard: 'open', handle } })
    const { error } = await server.ask('ListOrder', {}, { metadata: { 'x-request-id': 'the-id' } })
    expect(error).toMatchObject({ code: 13, details: errors.internal.message })
    expect(detailsIn(error).details).toMatchObject([{ reason: 'internal' }])
    expect(JSON.stringify(error?.metadata.toJSON())).not.toContain('hunter2')
    const line = server.lines.find(({ message }) => message === 'gRPC handler threw')
    expect(line).toMatchObject({
      level: 'error',
      fields: { method: '/loms.v1.LOMS/ListOrder', requestId: 'the-id' },
    })
    expect(line?.fields.err).toBeInstanceOf(Error)
    // The next caller is served as ever.
    expect((await server.ask('Stocks')).error).toBeUndefined()
  }
})

test('a part that says it cannot work now is told as it says', async () => {
  const away = new Refusal('unavailable', 'the store is closed', { cause: new Error('why') })
  await using server = await startServer(LOMS, {
    listOrder: { guard: 'open', handle: () => Promise.reject(away) },
  })
  const { error } = await server.ask('ListOrder')
  expect(error?.code).toBe(14)
  expect(detailsIn(error).details).toMatchObject([{ reason: 'unavailable' }])
  expect(server.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ err: away }) }),
  )
})

test('bytes that are no message are the caller’s mistake', async () => {
  await using server = await startServer(LOMS)
  const error = await askRaw(server.port, '/loms.v1.LOMS/Stocks', Buffer.from([0xff, 0xff]))
  expect(error?.code).toBe(3)
  expect(detailsIn(error).details).toMatchObject([
    { reason: 'invalid_argument' },
    { type: '.google.rpc.BadRequest' },
  ])
})

test('an int64 past 2^53 goes in and comes out exactly', async () => {
  await using server = await startServer(LOMS, {
    listOrder: { guard: 'open', handle: async (_, { orderId }) => ok({ status: 'new', user: orderId }) },
  })
  const { value } = await server.ask('ListOrder', { order_id: '9223372036854775807' })
  expect(value).toMatchObject({ user: '9223372036854775807' })
})

test('a replayed answer is marked, a refusal as well', async () => {
  await using server = await startServer(LOMS, {
    createOrder: { guard: 'open', handle: async () => ({ ...ok({ orderId: 5n }), replayOf: 'req_first' }) },
    orderPayed: {
      guard: 'open',
      handle: async () => ({ ...fail('order_not_payable'), replayOf: 'req_first' }),
    },
    cancelOrder: { guard: 'open', handle: async () => ok({}) },
  })
  const created = await server.ask('CreateOrder')
  expect(created.value).toEqual({ order_id: '5' })
  expect(created.initial.get('idempotent-replayed')).toEqual(['true'])
  const refused = await server.ask('OrderPayed')
  expect(refused.error?.code).toBe(9)
  expect(detailsIn(refused.error).details).toMatchObject([{ reason: 'order_not_payable' }])
  expect(refused.initial.get('idempotent-replayed')).toEqual(['true'])
  expect((await server.ask('CancelOrder')).initial.get('idempotent-replayed')).toEqual([])
})

test('a method that is not served is answered as unimplemented', async () => {
  await using server = await startServer(LOMS)
  expect((await askRaw(server.port, '/loms.v1.LOMS/Nothing', Buffer.alloc(0)))?.code).toBe(12)
})

test('a method without a guard, or without a handler, does not compile', () => {
  const complete = completed(LOMS)
  const { stocks, ...incomplete } = complete
  // @ts-expect-error: no guard
  expect(() => grpcService(LOMS, { ...complete, stocks: { handle: stocks.handle } })).not.toThrow()
  // @ts-expect-error: no Stocks
  expect(() => grpcService(LOMS, incomplete)).toThrow('/loms.v1.LOMS/Stocks has no handler')
})
