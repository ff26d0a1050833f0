import { expect, test } from 'bun:test'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
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
  expect(detailsIn(error).details).toMatchObject([
    { reason: 'overloaded' },
    { retry_delay: { seconds: '1' } },
  ])
  for (let i = 0; i < 20; i++) await server.ask('Stocks')
  held.release()
  expect((await first).error).toBeUndefined()
  expect((await server.ask('Stocks')).error).toBeUndefined()
  // A line for each would be the larger part of the load.
  const told = server.lines.filter(({ fields }) => fields.code === 'overloaded')
  expect(told).toMatchObject([{ level: 'error', message: 'requests turned away' }])
})

test('calls that are never sent to their end take no more places than there are, and none for longer than a default', async () => {
  await using server = await startServer(LOMS, {}, { maxInFlight: 1, deadlineDefaultMs: 300 })
  const session = connect(`http://127.0.0.1:${server.port}`)
  const other = connect(`http://127.0.0.1:${server.port}`)
  const path = '/loms.v1.LOMS/Stocks'
  const begin = (on: ClientHttp2Session) =>
    on.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' })
  const statusOf = async (stream: ClientHttp2Stream): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>()
    stream.on('response', (headers) => resolve(String(headers['grpc-status'])))
    stream.on('trailers', (headers) => resolve(String(headers['grpc-status'])))
    return await promise
  }
  // As many as one connection may have open, 64 beyond those that may run.
  const half = Array.from({ length: 65 }, () => begin(session)).map(statusOf)
  const tooMany = statusOf(begin(other))
  expect(await tooMany).toBe('8')
  expect(new Set(await Promise.all(half))).toEqual(new Set(['4']))
  expect((await server.ask('Stocks')).error).toBeUndefined()
  session.close()
  other.close()
})

test('a timeout or a compression that cannot be read is the caller’s mistake', async () => {
  await using server = await startServer(LOMS)
  const session = connect(`http://127.0.0.1:${server.port}`)
  const statusOf = async (headers: Record<string, string>, message: Buffer) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/loms.v1.LOMS/Stocks',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    const { promise, resolve } = Promise.withResolvers<string>()
    stream.on('response', (answered) => resolve(String(answered['grpc-status'])))
    stream.end(message)
    return await promise
  }
  const plain = Buffer.of(0, 0, 0, 0, 0)
  const compressed = Buffer.of(1, 0, 0, 0, 2, 7, 7)
  expect(await statusOf({ 'grpc-timeout': 'soon' }, plain)).toBe('3')
  expect(await statusOf({ 'grpc-encoding': 'gzip' }, compressed)).toBe('3')
  expect(await statusOf({ 'grpc-encoding': 'snappy' }, compressed)).toBe('12')
  session.close()
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
