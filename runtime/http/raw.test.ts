//! What is neither a route nor a page: handed to whoever serves it by other means.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { fail, ok } from '../../contracts/errors.ts'
import type { Listening } from '../http.ts'
import { Refusal } from '../refusal.ts'
import type { RawRoute } from './raw.ts'
import { send, testHttp } from './testing.ts'

type Run = RawRoute['run']

function raw(run: Run, options: Parameters<typeof testHttp>[0] = {}) {
  const app = testHttp(options)
  app.http.otherwise((method, path) => {
    if (path === '/elsewhere') return { ...fail('method_not_allowed'), headers: { allow: 'PUT, OPTIONS' } }
    return path.startsWith('/passed') ? { method, path: '/passed/:what', surface: 'rest', run } : undefined
  })
  return app
}

describe('a request', () => {
  test('is answered as it is told, with its name, its cookies and the headers of all', async () => {
    const { http } = raw(
      async () => ok({ status: 201, body: 'tea', headers: { 'x-a': 'b' }, cookies: ['a=1', 'b=2'] }),
      { headers: () => ({ 'x-all': 'yes' }) },
    )
    const reply = await send(http, 'POST', '/passed/on')
    expect([reply.status, reply.text, reply.headers.getSetCookie()]).toEqual([201, 'tea', ['a=1', 'b=2']])
    expect(['x-a', 'x-all', 'x-request-id'].map((name) => reply.headers.get(name))).toEqual([
      'b',
      'yes',
      'req_1',
    ])
  })

  test('is told what was sent, to the limit', async () => {
    const { http } = raw(async (request) => {
      const body = await request.body()
      return body.ok ? ok({ status: 200, body: body.value ?? 'nothing', headers: {} }) : body
    })
    expect((await send(http, 'POST', '/passed/on', { text: 'tea' })).text).toBe('tea')
    expect((await send(http, 'POST', '/passed/on')).text).toBe('nothing')
    expect(await send(http, 'POST', '/passed/on', { text: 'x'.repeat(1001) })).toMatchObject({
      status: 413,
      json: { code: 'body_too_large' },
    })
  })

  test('of a large body is turned away where many are in work, and one of a small body is not', async () => {
    const gate = Promise.withResolvers<void>()
    const { http } = raw(
      async (request) => {
        const body = await request.body()
        if (!body.ok) return body
        await gate.promise
        return ok({ status: 200, body: null, headers: {} })
      },
      { bodyLimitBytes: 1_000_000, inFlightMax: 1000 },
    )
    const text = 'x'.repeat(65 * 1024)
    const headers = { 'content-length': String(text.length) }
    const large = () => send(http, 'POST', '/passed/on', { text, headers })
    const held = Array.from({ length: 64 }, large)
    expect(await large()).toMatchObject({ status: 503, json: { code: 'overloaded' } })
    const small = send(http, 'POST', '/passed/on', { text: 'tea', headers: { 'content-length': '3' } })
    gate.resolve()
    expect(new Set((await Promise.all([...held, small])).map(({ status }) => status))).toEqual(new Set([200]))
    expect((await large()).status).toBe(200)
  })

  test('is refused with the headers of the refusal', async () => {
    const { http } = raw(async () => ({ ...fail('too_many_requests'), headers: { 'x-a': 'b' } }))
    const reply = await send(http, 'GET', '/passed/on')
    expect(reply).toMatchObject({ status: 429, json: { code: 'too_many_requests' } })
    expect(reply.headers.get('x-a')).toBe('b')
    const elsewhere = await send(http, 'GET', '/elsewhere')
    expect([elsewhere.status, elsewhere.headers.get('allow')]).toEqual([405, 'PUT, OPTIONS'])
    const asked = await send(http, 'OPTIONS', '/elsewhere')
    expect([asked.status, asked.headers.get('allow'), asked.text]).toEqual([204, 'PUT, OPTIONS', ''])
  })

  test('that is nobody’s is not found; pages and routes are as before', async () => {
    const { http } = raw(async () => ok({ status: 200, body: null, headers: {} }))
    expect(await send(http, 'GET', '/nowhere')).toMatchObject({
      status: 404,
      json: { code: 'route_not_found' },
    })
    expect((await send(http, 'GET', '/health/live')).status).toBe(200)
  })

  test('is counted and logged by its route', async () => {
    const { http, lines } = raw(async (request) => {
      request.calledBy('user:7')
      return fail('unavailable')
    })
    await send(http, 'GET', '/passed/on?token=x')
    expect(lines).toMatchObject([{ route: '/passed/:what', caller: 'user:7', status: 503 }])
    expect((await send(http, 'GET', '/metrics')).text).toContain('route="/passed/:what"')
  })

  test('that goes wrong is a problem document: as it says, or as a bug', async () => {
    const refusing = raw(async () => {
      throw new Refusal('unavailable', 'for a test')
    })
    expect((await send(refusing.http, 'GET', '/passed/on')).json).toMatchObject({ code: 'unavailable' })
    const wrong = raw(async () => {
      throw new Error('a secret')
    })
    const reply = await send(wrong.http, 'GET', '/passed/on')
    expect([reply.status, reply.text.includes('a secret')]).toEqual([500, false])
  })

  test('past those that are held at once is turned away', async () => {
    const gate = Promise.withResolvers<void>()
    const { http } = raw(
      async () => {
        await gate.promise
        return ok({ status: 200, body: null, headers: {} })
      },
      { inFlightMax: 1 },
    )
    const first = send(http, 'GET', '/passed/on')
    expect((await send(http, 'GET', '/passed/on')).json).toMatchObject({ code: 'overloaded' })
    gate.resolve()
    expect((await first).status).toBe(200)
  })

  test('leaves half of the places to other routes', async () => {
    const gate = Promise.withResolvers<void>()
    const { http } = raw(
      async (request) => {
        if (request.request.method === 'POST') await gate.promise
        return ok({ status: 200, body: null, headers: {} })
      },
      { inFlightMax: 200 },
    )
    const posts = Array.from({ length: 150 }, () => send(http, 'POST', '/passed/on'))
    expect((await send(http, 'GET', '/passed/on')).status).toBe(200)
    gate.resolve()
    const statuses = (await Promise.all(posts)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(100)
  })

  test('whose body comes too late is not carried out: its caller was told so', async () => {
    const read = Promise.withResolvers<readonly unknown[]>()
    const { http } = raw(
      async (request) => {
        const body = await request.body()
        read.resolve([body, request.signal.aborted])
        return body.ok ? ok({ status: 200, body: null, headers: {} }) : body
      },
      { requestTimeoutMs: 30 },
    )
    const sending = new TransformStream<Uint8Array, Uint8Array>()
    const head = { method: 'POST', body: sending.readable, headers: { 'transfer-encoding': 'chunked' } }
    const answer = await http.handle(new Request('http://localhost/passed/on', head))
    expect(await answer.json()).toMatchObject({ status: 408, code: 'body_too_slow' })
    const writer = sending.writable.getWriter()
    await writer.write(new TextEncoder().encode('tea'))
    await writer.close()
    expect(await read.promise).toEqual([fail('body_too_slow'), true])
  })

  test('that takes too long is answered, and whoever works on it is told so', async () => {
    const told = Promise.withResolvers<unknown>()
    const { http } = raw(
      ({ signal }) => {
        signal.addEventListener('abort', () => told.resolve(signal.reason))
        return new Promise(() => {})
      },
      { requestTimeoutMs: 30 },
    )
    expect((await send(http, 'GET', '/passed/on')).json).toMatchObject({ code: 'deadline_exceeded' })
    expect(await told.promise).toMatchObject({ name: 'TimeoutError' })
  })
})

test('an answer that is kept open is cut off where nothing goes by it for as long as was said', async () => {
  const { http } = raw(async (request) => {
    request.keepOpen(1)
    const body = new ReadableStream({ start: (controller) => controller.enqueue('tea') })
    return ok({ status: 200, body, headers: {} })
  })
  const server = http.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect(server.port, '127.0.0.1')
  const closed = Promise.withResolvers<void>()
  socket.on('error', () => {})
  socket.on('close', () => closed.resolve())
  socket.resume()
  socket.write('GET /passed/on HTTP/1.1\r\nHost: stall\r\n\r\n')
  // Bun looks after them every four seconds; without our word it would be ten and more.
  const startedAt = performance.now()
  await closed.promise
  expect(performance.now() - startedAt).toBeLessThan(9_000)
  await server.close(0)
}, 20_000)

describe('on a socket', () => {
  const left = Promise.withResolvers<unknown>()
  const { http, lines } = raw((request) => {
    const { signal } = request
    signal.addEventListener('abort', () => left.resolve(signal.reason))
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(fail('unavailable'))))
  })
  let server: Listening
  beforeAll(() => {
    server = http.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => server.close(0))

  test('a caller that leaves is noticed, counted, and no failure', async () => {
    const socket = connect(server.port, '127.0.0.1')
    const counted = async () => (await send(http, 'GET', '/metrics')).text.includes('status="499"')
    socket.write('GET /passed/on HTTP/1.1\r\nHost: stall\r\n\r\n')
    while (
      !(await send(http, 'GET', '/metrics')).text.includes('http_requests_in_flight{service="stall"} 1')
    ) {
      await Bun.sleep(1)
    }
    socket.destroy()
    expect(await left.promise).not.toMatchObject({ name: 'TimeoutError' })
    while (!(await counted())) await Bun.sleep(1)
    expect(lines).toEqual([])
  })
})
