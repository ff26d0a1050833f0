import { expect, test } from 'bun:test'
import { LOMS } from '../contracts/gen/loms/v1/loms_pb.ts'
import { askRaw, detailsIn, heldMethod, startServer } from './grpc/grpc.fixture.ts'

test('a handler past the deadline of the server is answered as late', async () => {
  await using server = await startServer(
    LOMS,
    { listOrder: { guard: 'open', handle: () => Promise.withResolvers<never>().promise } },
    { deadlineDefaultMs: 30, closeMs: 0 },
  )
  const { error } = await server.ask('ListOrder', {}, { metadata: { 'x-request-id': 'late' } })
  expect(error?.code).toBe(4)
  expect(detailsIn(error).details).toMatchObject([{ reason: 'deadline_exceeded' }])
  expect(error?.metadata.get('x-request-id')).toEqual(['late'])
})

test('the deadline of the caller is the handler’s', async () => {
  const asked = Promise.withResolvers<number>()
  await using server = await startServer(
    LOMS,
    {
      listOrder: {
        guard: 'open',
        handle: (call) => {
          asked.resolve(call.deadlineAt)
          return Promise.withResolvers<never>().promise
        },
      },
    },
    { closeMs: 0 },
  )
  const before = Date.now()
  const { error } = await server.ask('ListOrder', {}, { deadlineMs: 80 })
  expect(error?.code).toBe(4)
  const deadlineAt = await asked.promise
  expect(deadlineAt).toBeGreaterThan(before)
  // Well before the server's own 5 s.
  expect(deadlineAt).toBeLessThan(before + 4000)
})

test.each([
  ['plain', 0],
  ['compressed', 2],
] as const)('a %s request over the limit is refused, not waited for', async (_, algorithm) => {
  await using server = await startServer(LOMS)
  const bytes = Buffer.alloc(5 * 1024 * 1024)
  const options = { 'grpc.default_compression_algorithm': algorithm }
  const error = await askRaw(server.port, '/loms.v1.LOMS/Stocks', bytes, options)
  expect(error?.code).toBe(3)
  expect(detailsIn(error).details).toMatchObject([{ reason: 'body_too_large' }])
  expect((await server.ask('Stocks')).error).toBeUndefined()
})

test('one call more than may run is refused at once, and there is room again when one has ended', async () => {
  const held = heldMethod({})
  await using server = await startServer(LOMS, { listOrder: held.method }, { maxInFlight: 1 })
  const first = server.ask('ListOrder')
  await held.entered
  const { error } = await server.ask('Stocks')
  expect(error?.code).toBe(8)
  expect(detailsIn(error).details).toMatchObject([{ reason: 'overloaded' }])
  held.release()
  expect((await first).error).toBeUndefined()
  expect((await server.ask('Stocks')).error).toBeUndefined()
})

test('a handler whose caller has given up still takes its place', async () => {
  const held = heldMethod({})
  await using server = await startServer(LOMS, { listOrder: held.method }, { maxInFlight: 1 })
  const started = Promise.withResolvers<() => void>()
  const first = server.ask('ListOrder', {}, { cancel: started.resolve })
  const cancel = await started.promise
  await held.entered
  cancel()
  expect((await first).error?.code).toBe(1)
  expect((await server.ask('Stocks')).error?.code).toBe(8)
  held.release()
})
