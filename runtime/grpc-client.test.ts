import { afterAll, beforeAll, expect, test } from 'bun:test'
import { status } from '@grpc/grpc-js'
import { fail, ok } from '../contracts/errors.ts'
import { LOMS } from '../contracts/gen/loms/v1/loms_pb.ts'
import type { Call } from './call.ts'
import { startServer } from './grpc/grpc.fixture.ts'
import { GrpcCallError, type GrpcClient, grpcClient } from './grpc.ts'

let server: Awaited<ReturnType<typeof startServer>>
let client: GrpcClient<typeof LOMS>
const calls: Call[] = []

beforeAll(async () => {
  server = await startServer(
    LOMS,
    {
      listOrder: {
        guard: 'open',
        handle: async (call, { orderId }) => {
          calls.push(call)
          return ok({ status: 'payed', user: orderId, items: [{ sku: 4_294_967_295, count: 2 }] })
        },
      },
      orderPayed: { guard: 'open', handle: async () => fail('order_not_payable') },
      cancelOrder: { guard: 'open', handle: () => Promise.withResolvers<never>().promise },
      createOrder: {
        guard: 'open',
        handle: async () => ok({ orderId: 1n }),
      },
    },
    { closeMs: 0 },
  )
  client = grpcClient(LOMS, `127.0.0.1:${server.port}`, { replyLimitBytes: 1024 })
})

afterAll(async () => {
  client.close()
  server.client.close()
  await server.close(0)
})

/** What a question was refused with. */
async function refusalOf(asked: Promise<unknown>): Promise<GrpcCallError> {
  const outcome = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof GrpcCallError) return outcome
  throw new Error('no GrpcCallError', { cause: outcome })
}

test('a typed question gets a typed answer, and the metadata goes along', async () => {
  const metadata = { 'x-request-id': 'from-here', 'idempotency-key': 'k' }
  const reply = await client.ask.listOrder(
    { orderId: 9_223_372_036_854_775_807n },
    { deadlineMs: 1000, metadata },
  )
  expect(reply).toMatchObject({ user: 9_223_372_036_854_775_807n, items: [{ sku: 4_294_967_295, count: 2 }] })
  expect(calls.at(-1)).toMatchObject({ requestId: 'from-here', idempotency: { key: 'k' } })
})

test('a refusal is told by its status and its reason', async () => {
  const error = await refusalOf(client.ask.orderPayed({ orderId: 1n }, { deadlineMs: 1000 }))
  expect(error).toMatchObject({
    code: status.FAILED_PRECONDITION,
    reason: 'order_not_payable',
    domain: 'kiosk',
  })
  expect(error.details).toHaveLength(1)
  expect(error.message).toContain('/loms.v1.LOMS/OrderPayed')
})

test('a question ends at its deadline', async () => {
  const error = await refusalOf(client.ask.cancelOrder({ orderId: 1n }, { deadlineMs: 30 }))
  expect(error.code).toBe(status.DEADLINE_EXCEEDED)
})

test('a server that is away is told at once, and found again when it is back', async () => {
  const first = await startServer(LOMS)
  const away = grpcClient(LOMS, `127.0.0.1:${first.port}`, { replyLimitBytes: 1024 })
  await away.ask.stocks({ sku: 1 }, { deadlineMs: 1000 })
  await first.close(0)
  first.client.close()
  const startedAt = performance.now()
  const error = await refusalOf(away.ask.stocks({ sku: 1 }, { deadlineMs: 20_000 }))
  expect(error.code).toBe(status.UNAVAILABLE)
  expect(performance.now() - startedAt).toBeLessThan(5000)
  await using _back = await startServer(LOMS, {}, { port: first.port })
  let reply: unknown
  const givenUpAt = performance.now() + 10_000
  while (reply === undefined && performance.now() < givenUpAt) {
    reply = await away.ask.stocks({ sku: 1 }, { deadlineMs: 1000 }).catch(() => Bun.sleep(20))
  }
  expect(reply).toMatchObject({ stocks: [] })
  away.close()
})

test('a reply over the limit is an error', async () => {
  await using big = await startServer(LOMS, {
    listOrder: { guard: 'open', handle: async () => ok({ status: 'x'.repeat(2000) }) },
  })
  const small = grpcClient(LOMS, `127.0.0.1:${big.port}`, { replyLimitBytes: 1024 })
  const error = await refusalOf(small.ask.listOrder({ orderId: 1n }, { deadlineMs: 1000 }))
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED)
  small.close()
})
