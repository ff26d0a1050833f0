import { expect, spyOn, test } from 'bun:test'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { protoPath as healthProto } from 'grpc-health-check'
import { fail } from '../contracts/errors.ts'
import { LOMS } from '../contracts/gen/loms/v1/loms_pb.ts'
import { ask, askRaw, clientOf, detailsIn, heldMethod, startServer } from './grpc/grpc.fixture.ts'

const reflectionProto = resolve(
  dirname(Bun.resolveSync('@grpc/reflection', import.meta.dir)),
  '../proto/grpc/reflection/v1/reflection.proto',
)

type Stream = NodeJS.EventEmitter & { write(message: object): void; end(): void; cancel(): void }

async function healthOf(port: number, service = ''): Promise<unknown> {
  const client = clientOf(healthProto, 'grpc.health.v1.Health', port)
  const { value, error } = await ask(client, 'Check', { service }, {})
  client.close()
  return value?.status ?? error?.code
}

test('a port that is taken is an error that names it, and the library says nothing beside it', async () => {
  const said = spyOn(console, 'error').mockImplementation(() => undefined)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(startServer(LOMS, {}, { port })).rejects.toThrow(
    `gRPC cannot listen on 127.0.0.1:${port}: the port is taken`,
  )
  expect(said).not.toHaveBeenCalled()
  said.mockRestore()
  taken.close()
})

test('two servers never share a port', async () => {
  await using server = await startServer(LOMS)
  expect(server.port).toBeGreaterThan(0)
  await expect(startServer(LOMS, {}, { port: server.port })).rejects.toThrow(`:${server.port}`)
})

test('a call in flight is finished while the server closes, and no other is taken', async () => {
  const held = heldMethod({ status: 'payed' })
  const server = await startServer(LOMS, { listOrder: held.method })
  const running = server.ask('ListOrder')
  await held.entered
  const closing = server.close(10_000)
  const late = await askRaw(server.port, '/loms.v1.LOMS/Stocks', Buffer.alloc(0))
  expect(late?.code).toBe(14)
  held.release()
  expect(await running).toMatchObject({ error: undefined, value: { status: 'payed' } })
  await closing
  server.client.close()
})

test('closing waits for a handler whose caller was answered as late', async () => {
  const held = heldMethod({ status: 'payed' })
  const server = await startServer(LOMS, { listOrder: held.method }, { deadlineDefaultMs: 20 })
  expect((await server.ask('ListOrder')).error?.code).toBe(4)
  const closing = server.close(10_000).then(() => 'closed')
  server.client.close()
  // That it does not happen is no event; without the handler it would in a millisecond.
  expect(await Promise.race([closing, Bun.sleep(50).then(() => 'waiting')])).toBe('waiting')
  held.release()
  expect(await closing).toBe('closed')
})

test('a caller that still waits after the grace is answered as unavailable', async () => {
  const held = heldMethod({ status: 'payed' })
  const server = await startServer(LOMS, { listOrder: held.method })
  const running = server.ask('ListOrder')
  await held.entered
  await server.close(20)
  const { error } = await running
  expect(error?.code).toBe(14)
  expect(detailsIn(error).details).toMatchObject([{ reason: 'unavailable' }])
  held.release()
  server.client.close()
})

test('health is told of the server and of each service, and follows readiness', async () => {
  let ready = true
  await using server = await startServer(LOMS, {}, { ready: () => ready })
  expect(await healthOf(server.port)).toBe('SERVING')
  expect(await healthOf(server.port, 'loms.v1.LOMS')).toBe('SERVING')
  expect(await healthOf(server.port, 'nobody')).toBe(5)
  ready = false
  expect(await healthOf(server.port)).toBe('NOT_SERVING')
  expect(await healthOf(server.port, 'loms.v1.LOMS')).toBe('NOT_SERVING')
  ready = true
  expect(await healthOf(server.port)).toBe('SERVING')
})

test('readiness that cannot be asked is told as not serving', async () => {
  await using server = await startServer(
    LOMS,
    {},
    { ready: () => Promise.reject(new Error('the store is away')) },
  )
  expect(await healthOf(server.port)).toBe('NOT_SERVING')
  expect(server.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
})

test('whoever watches health is told when the server closes, and does not hold it up', async () => {
  const server = await startServer(LOMS)
  const client = clientOf<{ Watch(request: object): Stream }>(
    healthProto,
    'grpc.health.v1.Health',
    server.port,
  )
  expect(await healthOf(server.port)).toBe('SERVING')
  const watch = client.Watch({ service: '' })
  const statuses: unknown[] = []
  const first = Promise.withResolvers<void>()
  watch.on('data', ({ status }) => {
    statuses.push(status)
    first.resolve()
  })
  const ended = new Promise((resolve) => watch.on('error', resolve))
  await first.promise
  const startedAt = performance.now()
  await server.close(10_000)
  expect(performance.now() - startedAt).toBeLessThan(5000)
  expect(await ended).toMatchObject({ code: 14 })
  expect(statuses).toEqual(['SERVING', 'NOT_SERVING'])
  client.close()
  server.client.close()
})

type Reflected = {
  list_services_response?: { service?: { name: string }[] }
  file_descriptor_response?: { file_descriptor_proto?: Buffer[] }
}

/** What reflection answers to each question. */
async function reflected(port: number, questions: readonly object[]): Promise<Reflected[]> {
  const client = clientOf<{ ServerReflectionInfo(): Stream }>(
    reflectionProto,
    'grpc.reflection.v1.ServerReflection',
    port,
  )
  const stream = client.ServerReflectionInfo()
  const answers: Reflected[] = []
  stream.on('data', (answer) => answers.push(answer))
  for (const question of questions) stream.write(question)
  stream.end()
  await once(stream, 'end')
  client.close()
  return answers
}

test('reflection lists what is served and gives the files, those of the status details too', async () => {
  await using server = await startServer(LOMS)
  const [listed, service, info] = await reflected(server.port, [
    { list_services: '*' },
    { file_containing_symbol: 'loms.v1.LOMS.CreateOrder' },
    { file_containing_symbol: 'google.rpc.ErrorInfo' },
  ])
  expect(listed?.list_services_response?.service?.map(({ name }) => name).sort()).toEqual([
    'grpc.health.v1.Health',
    'loms.v1.LOMS',
  ])
  expect(service?.file_descriptor_response?.file_descriptor_proto?.[0]?.toString('latin1')).toContain(
    'loms/v1/loms.proto',
  )
  expect(info?.file_descriptor_response?.file_descriptor_proto?.[0]?.toString('latin1')).toContain(
    'google/rpc/error_details.proto',
  )
})

test('a server that runs in another folder reflects and answers health as well', async () => {
  const program = `
    import { startServer } from ${JSON.stringify(resolve(import.meta.dir, 'grpc/grpc.fixture.ts'))}
    import { LOMS } from ${JSON.stringify(resolve(import.meta.dir, '../contracts/gen/loms/v1/loms_pb.ts'))}
    console.log((await startServer(LOMS)).port)`
  const child = Bun.spawn([process.execPath, '-e', program], {
    cwd: tmpdir(),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  try {
    const { value } = await child.stdout.getReader().read()
    const port = Number(new TextDecoder().decode(value))
    expect(await healthOf(port)).toBe('SERVING')
    const [listed] = await reflected(port, [{ list_services: '*' }])
    expect(JSON.stringify(listed)).toContain('loms.v1.LOMS')
  } finally {
    child.kill()
    await child.exited
  }
})

test('a caller that never ends its request is answered at the deadline', async () => {
  await using server = await startServer(LOMS, {}, { deadlineDefaultMs: 30 })
  const session = connect(`http://127.0.0.1:${server.port}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/loms.v1.LOMS/Stocks',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const [headers] = await once(stream, 'response')
  expect(headers['grpc-status']).toBe('4')
  stream.destroy()
  session.destroy()
})

test('every call is counted, timed and logged by how it ended', async () => {
  await using server = await startServer(LOMS, {
    createOrder: { guard: 'open', handle: () => Promise.reject(new Error('a bug')) },
    listOrder: { guard: 'open', handle: async () => fail('unavailable') },
  })
  await server.ask('Stocks', {}, { metadata: { 'x-request-id': 'fine' } })
  await server.ask('ListOrder', {}, { metadata: { 'x-request-id': 'refused' } })
  await server.ask('CreateOrder', {}, { metadata: { 'x-request-id': 'broken' } })
  const metrics = await server.registry.metrics()
  for (const [method, code] of [
    ['Stocks', 'OK'],
    ['ListOrder', 'UNAVAILABLE'],
    ['CreateOrder', 'INTERNAL'],
  ]) {
    const labels = `method="loms.v1.LOMS/${method}"`
    expect(metrics).toContain(`grpc_server_handled_total{${labels},code="${code}"} 1`)
    expect(metrics).toContain(`grpc_server_handling_seconds_count{${labels}} 1`)
  }
  const calls = server.lines.filter(({ message }) => message === 'gRPC call')
  expect(calls.map(({ level, fields }) => [level, fields.code, fields.requestId])).toEqual([
    ['debug', 'OK', 'fine'],
    ['info', 'UNAVAILABLE', 'refused'],
    ['error', 'INTERNAL', 'broken'],
  ])
})
