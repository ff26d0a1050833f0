//! Answers that are handed on as they come: large ones, slow ones, and those that never end.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { bearer, type Echo, openDoor, sha256, startEcho, type TestDoor, until } from './fixture.ts'

const encoder = new TextEncoder()
const chunk = new Uint8Array(64 * 1024).map((_, index) => index)

/** Short, and long enough for a busy machine to answer in. */
const timeoutMs = 1_500
/** How much of a large answer there is, in chunks. */
let chunks = 800
let produced = 0
let cancelled = 0
let tick: (text: string) => void = () => {}
let upstream: Echo
let door: TestDoor

beforeAll(() => {
  upstream = startEcho('any', (request) => {
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/stream')) {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          tick = (text) => controller.enqueue(encoder.encode(text))
          tick(': hello\n\n')
        },
        cancel() {
          cancelled += 1
        },
      })
      return new Response(stream, {
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      })
    }
    if (pathname.endsWith('/invoice')) {
      let left = chunks
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- === 0) return controller.close()
          produced += 1
          controller.enqueue(chunk)
        },
        cancel() {
          cancelled += 1
        },
      })
      return new Response(stream, { headers: { 'content-type': 'application/pdf' } })
    }
    return undefined
  })
  door = openDoor({
    upstreams: { loms: upstream, notifier: upstream },
    env: { REQUEST_TIMEOUT_MS: String(timeoutMs) },
  })
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

/** Reads on until the text holds `wanted`. */
async function readUntil(reader: { read(): Promise<{ value?: Uint8Array | undefined }> }, wanted: string) {
  let text = ''
  while (!text.includes(wanted)) text += new TextDecoder().decode((await reader.read()).value)
  return text
}

const invoice = async () => door.ask('GET', '/api/v1/orders/7/invoice', { headers: await bearer(7) })

describe('a large answer', () => {
  test('arrives byte for byte', async () => {
    const response = await invoice()
    const bytes = await response.bytes()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf'])
    expect(bytes.byteLength).toBe(800 * chunk.byteLength)
    expect(sha256(bytes)).toBe(sha256(Buffer.concat(Array(800).fill(chunk))))
  })

  test('is made at the pace at which it is taken', async () => {
    produced = 0
    // Far more than fits into the buffers of three sockets, of which each may grow to tens of MiB.
    chunks = 8_000
    const response = await invoice()
    const reader = response.body?.getReader()
    await reader?.read()
    let before = -1
    await until(async () => {
      const isStill = produced === before
      before = produced
      await Bun.sleep(50)
      return isStill
    })
    expect(produced).toBeLessThan(chunks / 2)
    await reader?.cancel()
    chunks = 800
  })

  test('is no longer made when nobody takes it', async () => {
    cancelled = 0
    const response = await invoice()
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await until(() => cancelled === 1)
  })
})

test('whoever stops taking is cut off, and gives back the place that it holds', async () => {
  await using catalog = startEcho('catalog', () => new Response('x'.repeat(20_000_000)))
  await using other = openDoor({
    upstreams: { catalog, notifier: upstream },
    fetchesMax: 3,
    env: { REQUEST_TIMEOUT_MS: '300' },
  })
  const socket = connect(other.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write('GET /api/v1/products HTTP/1.1\r\nHost: shop\r\n\r\n')
  await until(() => catalog.arrived.length === 1)
  const status = async () => {
    const response = await other.ask('GET', '/api/v1/products')
    await response.body?.cancel()
    return response.status
  }
  // There is one place in this test.
  expect(await status()).toBe(503)
  await until(async () => (await status()) === 200, 20_000)
  socket.destroy()
}, 30_000)

describe('a stream of events', () => {
  const listen = async (headers: Record<string, string> = {}) =>
    door.ask('GET', '/api/v1/notifications/stream', { headers: { ...(await bearer(7)), ...headers } })

  test('is handed on event by event, and past the time of a request', async () => {
    const response = await listen({ 'last-event-id': '41' })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(upstream.arrived.at(-1)?.headers).toMatchObject({
      'last-event-id': '41',
      'x-forwarded-for': '127.0.0.1',
    })
    const reader = response.body?.getReader()
    if (reader === undefined) throw new Error('no body')
    expect(await readUntil(reader, 'hello')).toBe(': hello\n\n')
    for (const text of ['data: one\n\n', 'data: two\n\n']) {
      await Bun.sleep(timeoutMs * 0.6)
      tick(text)
      expect(await readUntil(reader, text)).toBe(text)
    }
    cancelled = 0
    await reader.cancel()
    await until(() => cancelled === 1)
  })

  test('needs a sign-in', async () => {
    expect((await door.ask('GET', '/api/v1/notifications/stream')).status).toBe(401)
  })

  test('takes no place from anybody: three hundred listen, and orders are looked at', async () => {
    await using other = openDoor({ upstreams: { loms: upstream, notifier: upstream } })
    const { authorization } = await bearer(7)
    const head = `GET /api/v1/notifications/stream HTTP/1.1\r\nHost: shop\r\nAuthorization: ${authorization}\r\n\r\n`
    const heard = new Set<object>()
    const sockets = Array.from({ length: 300 }, () => {
      const socket = connect(other.port, '127.0.0.1')
      socket.on('data', (data) => data.includes('hello') && heard.add(socket))
      socket.on('error', () => {})
      socket.write(head)
      return socket
    })
    await until(() => heard.size === sockets.length)
    expect((await other.ask('GET', '/api/v1/orders', { headers: { authorization } })).status).toBe(200)
    cancelled = 0
    for (const socket of sockets) socket.destroy()
    await until(() => cancelled === sockets.length)
  })

  test('of a service that is away is a problem document', async () => {
    await using lonely = openDoor({})
    const response = await lonely.ask('GET', '/api/v1/notifications/stream', { headers: await bearer(7) })
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'unavailable' }),
    ])
  })

  test('that the service refuses is refused as it says', async () => {
    await using refusing = startEcho('notifier', () =>
      Response.json(
        { code: 'unauthenticated' },
        { status: 401, headers: { 'content-type': 'application/problem+json' } },
      ),
    )
    await using other = openDoor({ upstreams: { notifier: refusing } })
    const response = await other.ask('GET', '/api/v1/notifications/stream', { headers: await bearer(7) })
    expect([response.status, await response.json()]).toEqual([401, { code: 'unauthenticated' }])
  })

  test('ends as one that is over when the door is closed, which waits for nobody’s radio', async () => {
    await using other = openDoor({ upstreams: { notifier: upstream } })
    const response = await other.ask('GET', '/api/v1/notifications/stream', { headers: await bearer(7) })
    const reader = response.body?.getReader()
    await reader?.read()
    const startedAt = performance.now()
    const closed = other.close(5_000)
    expect(await reader?.read()).toEqual({ done: true, value: undefined })
    await closed
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
