import { expect, test } from 'bun:test'
import { errors, fail, ok } from '../contracts/errors.ts'
import { LOMS } from '../contracts/gen/loms/v1/loms_pb.ts'
import { instantOf } from '../contracts/time.ts'
import type { Call } from './call.ts'
import { detailsIn, type Sent, startServer } from './grpc/grpc.fixture.ts'
import type { GrpcServerOptions } from './grpc.ts'

/** Runs one call and answers what its handler was told, or what the caller was refused with. */
async function told(sent: Sent, options: Partial<GrpcServerOptions> = {}, request: object = {}) {
  let call: Call | undefined
  await using server = await startServer(
    LOMS,
    {
      createOrder: {
        guard: 'service',
        handle: async (given) => {
          call = given
          return ok({})
        },
      },
    },
    options,
  )
  const said = await server.ask('CreateOrder', request, sent)
  return { call, ...said }
}

const service: Partial<GrpcServerOptions> = { authenticate: () => ok({ caller: 'service', isService: true }) }

test('a caller that says nothing of itself is known by its address, and has an id, a trace and a deadline', async () => {
  const now = () => instantOf(1_000_000)
  const { call, trailers } = await told({}, { now, deadlineDefaultMs: 5000 })
  expect(call).toEqual({
    tenantId: 'default' as Call['tenantId'],
    caller: 'address:127.0.0.1',
    requestId: expect.stringMatching(/^req_[0-9a-f]{32}$/),
    traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    deadlineAt: instantOf(1_005_000),
  })
  expect(trailers.get('x-request-id')).toEqual([call?.requestId ?? ''])
})

test('the id and the trace of the caller are gone on with', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const metadata = { 'x-request-id': 'checkout-17', traceparent: `00-${trace}-b7ad6b7169203331-01` }
  const { call, trailers } = await told({ metadata })
  expect(call?.requestId).toBe('checkout-17')
  expect(call?.traceparent).toStartWith(`00-${trace}-`)
  expect(call?.traceparent).not.toContain('b7ad6b7169203331')
  expect(trailers.get('x-request-id')).toEqual(['checkout-17'])
})

test.each([
  ['too long', 'x'.repeat(129)],
  ['with a space', 'two words'],
  ['empty', ''],
])('a request id that is %s is replaced by one of ours', async (_, id) => {
  const { call } = await told({ metadata: { 'x-request-id': id } })
  expect(call?.requestId).toMatch(/^req_/)
})

test('a deadline of the caller is counted by the clock of the process', async () => {
  const now = () => instantOf(1_000_000)
  const { call } = await told({ deadlineMs: 3000 }, { now })
  expect(call?.deadlineAt).toBeGreaterThan(1_002_000)
  expect(call?.deadlineAt).toBeLessThanOrEqual(1_003_001)
})

test('only a service speaks for a tenant', async () => {
  const metadata = { 'x-tenant-id': 'north' }
  expect((await told({ metadata }, service)).call?.tenantId as string | undefined).toBe('north')
  expect((await told({ metadata })).call?.tenantId as string | undefined).toBe('default')
  const { error, call } = await told({ metadata: { 'x-tenant-id': 'no/such' } }, service)
  expect(error?.code).toBe(3)
  expect(call).toBeUndefined()
})

test('the guard of the method and the authorization decide who comes in', async () => {
  const asked: unknown[] = []
  const authenticate: GrpcServerOptions['authenticate'] = (authorization, guard) => {
    asked.push([authorization, guard])
    if (authorization === undefined) return fail('unauthenticated')
    return authorization === 'Bearer right'
      ? ok({ caller: 'service', isService: true })
      : fail('permission_denied')
  }
  const nobody = await told({}, { authenticate })
  const stranger = await told({ metadata: { authorization: 'Bearer wrong' } }, { authenticate })
  const known = await told({ metadata: { authorization: 'Bearer right' } }, { authenticate })
  expect([nobody.error?.code, stranger.error?.code, known.error?.code]).toEqual([16, 7, undefined])
  expect([nobody.call, stranger.call, known.call?.caller]).toEqual([undefined, undefined, 'service'])
  expect(asked).toEqual([
    [undefined, 'service'],
    ['Bearer wrong', 'service'],
    ['Bearer right', 'service'],
  ])
})

test('an idempotency key comes with its scope and a fingerprint of the request that the secret keys', async () => {
  const order = { user: '7', items: [{ sku: 5, count: 1 }] }
  const metadata = { 'idempotency-key': 'key-1' }
  const first = await told({ metadata }, service, order)
  expect(first.call?.idempotency).toEqual({
    key: 'key-1',
    scope: 'service /loms.v1.LOMS/CreateOrder',
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  const { fingerprint } = first.call?.idempotency ?? {}
  expect((await told({ metadata }, service, order)).call?.idempotency?.fingerprint).toBe(fingerprint)
  expect(
    (await told({ metadata }, service, { ...order, user: '8' })).call?.idempotency?.fingerprint,
  ).not.toBe(fingerprint)
  const otherSecret = { ...service, idempotencySecret: 'another' }
  expect((await told({ metadata }, otherSecret, order)).call?.idempotency?.fingerprint).not.toBe(fingerprint)
  // Without a known caller the key is the address's.
  expect((await told({ metadata })).call?.idempotency?.scope).toBe(
    'address:127.0.0.1 /loms.v1.LOMS/CreateOrder',
  )
})

test.each([
  ['empty', ''],
  ['too long', 'k'.repeat(256)],
  ['with a space', 'two words'],
])('an idempotency key that is %s is refused, and nothing is done', async (_, key) => {
  const { call, error } = await told({ metadata: { 'idempotency-key': key } })
  expect(error).toMatchObject({ code: 3, details: errors.idempotency_key_invalid.message })
  expect(detailsIn(error).details).toMatchObject([{ reason: 'idempotency_key_invalid' }])
  expect(call).toBeUndefined()
})

test('the longest idempotency key is taken', async () => {
  const key = '~'.repeat(255)
  expect((await told({ metadata: { 'idempotency-key': key } })).call?.idempotency?.key).toBe(key)
})
