//! What arrives on a socket and no well-behaved client would send: it gets a 4xx or a closed connection, never a 5xx.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { Type } from '@sinclair/typebox'
import { ok } from '../../contracts/errors.ts'
import type { Listening } from '../http.ts'
import { testHttp } from './testing.ts'

const limitBytes = 100_000
const { http, lines } = testHttp({ bodyLimitBytes: limitBytes, requestTimeoutMs: 300 })
let server: Listening

beforeAll(() => {
  const body = Type.Object({ text: Type.String() })
  const run = async (_: unknown, { text }: { text: string }) => ok({ length: text.length })
  http.post('/echo', {
    summary: 'Echo',
    guard: 'open',
    body,
    reply: Type.Object({ length: Type.Integer() }),
    run,
  })
  server = http.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => server.close(0))

/** A connection whose answers are read as text. */
class Line {
  readonly #socket: Socket
  #text = ''
  #isClosed = false
  #changed = Promise.withResolvers<void>()

  constructor() {
    this.#socket = connect(server.port, '127.0.0.1')
    this.#socket.on('data', (data) => this.#change(() => (this.#text += data.toString('latin1'))))
    this.#socket.on('close', () => this.#change(() => (this.#isClosed = true)))
    // A connection that is cut while we still send is what some of these requests deserve.
    this.#socket.on('error', () => this.#change(() => (this.#isClosed = true)))
  }

  #change(apply: () => void): void {
    apply()
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  send(...parts: string[]): this {
    for (const part of parts) this.#socket.write(part, 'latin1')
    return this
  }

  /** Statuses of the first `count` answers; fewer where the connection was closed before. */
  async statuses(count = 1): Promise<number[]> {
    const found = () => [...this.#text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    while (found().length < count && !this.#isClosed) await this.#changed.promise
    return found()
  }

  async closed(): Promise<string> {
    while (!this.#isClosed) await this.#changed.promise
    return this.#text
  }

  get text(): string {
    return this.#text
  }

  end(): void {
    this.#socket.destroy()
  }
}

const json = 'Host: localhost\r\nContent-Type: application/json\r\n'
const post = (headers: string, body = '') => `POST /echo HTTP/1.1\r\n${json}${headers}\r\n${body}`
const good = post('Content-Length: 13\r\n', '{"text":"tea"}'.slice(0, 13))
const fine = post('Content-Length: 14\r\n', '{"text":"tea"}')
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

async function statusOf(...parts: string[]): Promise<number | undefined> {
  const line = new Line().send(...parts)
  const [status] = await line.statuses()
  line.end()
  return status
}

test('what is well formed is served, as often as asked on one connection', async () => {
  const line = new Line().send(
    fine,
    fine,
    post('Transfer-Encoding: chunked\r\n', `${chunk('{"text"')}${chunk(':"tea"}')}0\r\n\r\n`),
  )
  expect(await line.statuses(3)).toEqual([200, 200, 200])
  line.end()
})

describe('a body that is too large', () => {
  const problem = '"code":"body_too_large"'

  test('is refused by what it declares, before it is sent', async () => {
    const line = new Line().send(post(`Content-Length: ${limitBytes + 1}\r\n`))
    expect(await line.statuses()).toEqual([413])
    expect(line.text).toContain(problem)
    line.end()
  })

  test('is refused without a declared length too, as soon as it is', async () => {
    const line = new Line().send(post('Transfer-Encoding: chunked\r\n'), chunk('x'.repeat(limitBytes + 1)))
    expect(await line.statuses()).toEqual([413])
    expect(line.text).toContain(problem)
    line.end()
  })

  test('does not spoil the connection for the next request', async () => {
    const large = 'x'.repeat(limitBytes + 1)
    const line = new Line().send(post(`Content-Length: ${large.length}\r\n`, large), fine)
    line.send(post('Transfer-Encoding: chunked\r\n', `${chunk(large)}0\r\n\r\n`), fine)
    expect(await line.statuses(4)).toEqual([413, 200, 413, 200])
    line.end()
  })

  test('is refused to clients that send it all before they listen', async () => {
    for (const body of ['x'.repeat(5_000_000), new Blob(['x'.repeat(5_000_000)]).stream()]) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${server.url}/echo`, { method: 'POST', headers, body })
      expect([response.status, await response.json()]).toMatchObject([413, { code: 'body_too_large' }])
    }
  })

  test('of terabytes is refused and the connection is closed', async () => {
    const text = await new Line().send(post('Content-Length: 9000000000000000\r\n')).closed()
    expect(text).toStartWith('HTTP/1.1 413')
  })
})

describe('a body that does not come', () => {
  test('is a 408 that closes the connection', async () => {
    const text = await new Line().send(post('Content-Length: 13\r\n', '{"te')).closed()
    expect(text).toStartWith('HTTP/1.1 408')
    expect(text).toContain('"code":"body_too_slow"')
    expect(text.toLowerCase()).toContain('connection: close')
  })

  test('nor does one that comes a byte at a time', async () => {
    const line = new Line().send(post('Content-Length: 90000\r\n'))
    const drip = setInterval(() => line.send('x'), 20)
    expect(await line.statuses()).toEqual([408])
    clearInterval(drip)
    line.end()
  })

  test('is nobody’s problem where the caller has gone', async () => {
    const before = lines.filter((line) => line.level === 'error').length
    const line = new Line().send(post('Content-Length: 13\r\n', '{"te'))
    await new Promise((resolve) => setImmediate(resolve))
    line.end()
    expect(await statusOf(fine)).toBe(200)
    expect(lines.filter((line) => line.level === 'error')).toHaveLength(before)
  })
})

describe('requests that two readers could read differently are refused', () => {
  test.each([
    ['two lengths', post('Content-Length: 14\r\nContent-Length: 15\r\n', '{"text":"tea"}')],
    ['a length and chunks', post('Content-Length: 14\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['a negative length', post('Content-Length: -1\r\n', '{"text":"tea"}')],
    ['a length that is no number', post('Content-Length: 0x0e\r\n', '{"text":"tea"}')],
    ['a signed length', post('Content-Length: +14\r\n', '{"text":"tea"}')],
    ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', `${chunk('{"text":"tea"}')}0\r\n\r\n`)],
    ['a chunk without a size', post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n')],
    ['no host', 'POST /echo HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n'],
    ['a space before the colon', `POST /echo HTTP/1.1\r\n${json}Content-Length : 14\r\n\r\n{"text":"tea"}`],
    ['a header without a name', post(': x\r\n')],
    ['a header that is folded', post('X-A: 1\r\n 2\r\nContent-Length: 14\r\n', '{"text":"tea"}')],
    ['a bare line feed', 'POST /echo HTTP/1.1\nHost: localhost\n\n'],
    ['no HTTP at all', 'hello there\r\n\r\n'],
    ['another version', 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n'],
    ['a header of 100 kB', post(`X-A: ${'a'.repeat(100_000)}\r\n`)],
  ])('%s', async (_, text) => {
    const line = new Line().send(text)
    const [status] = await line.statuses()
    line.end()
    // 505 says that the version is not one of ours; a connection that is closed without a word says enough.
    if (status !== undefined && status !== 505) expect(status).toBeWithin(400, 500)
  })

  test('two hosts, of which another reader may take the other', async () => {
    const line = new Line().send(fine.replace('Host: localhost\r\n', 'Host: localhost\r\nHost: other\r\n'))
    expect(await line.statuses()).toEqual([400])
    line.end()
  })

  test.each(['', 'a b', 'a/b', 'a b/c/../../'])('the host %p, which is none', async (host) => {
    const line = new Line().send(`OPTIONS /health/live HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(await line.statuses()).toEqual([400])
    line.end()
  })

  test('and what is smuggled behind them is not served', async () => {
    const hidden = 'POST /echo HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const line = new Line().send(
      post(`Content-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${hidden}`),
    )
    expect((await line.closed()).match(/HTTP\/1\.1 \d/g) ?? []).toHaveLength(1)
  })
})

describe('HTTP/1.0 need not name the host', () => {
  const asked = async (head: string, body = '') => {
    const line = new Line().send(`${head}\r\n\r\n${body}`)
    const [status] = await line.statuses()
    const { text } = line
    line.end()
    return { status, text }
  }

  test.each([
    ['GET /health/live HTTP/1.0', 200],
    ['HEAD /health/live HTTP/1.0', 200],
    ['GET /health/live?by=balancer HTTP/1.0', 200],
    ['OPTIONS /health/live HTTP/1.0', 204],
    ['OPTIONS / HTTP/1.0', 404],
    ['GET /nowhere/health/live HTTP/1.0', 404],
    ['GET //health/live HTTP/1.0', 404],
    ['GET //localhost/health/live HTTP/1.0', 404],
    ['GET /nowhere/../health/live HTTP/1.0', 200],
    ['GET http://localhost/health/live HTTP/1.0', 200],
    ['GET /echo HTTP/1.0', 405],
    ['GET /health/live HTTP/1.0\r\nHost:', 400],
    ['GET /health/live HTTP/1.0\r\nHost: a\r\nHost: b', 400],
    // Bun's own answer, without a problem document.
    ['GET /health/live HTTP/1.1', 400],
  ])('%p is %d', async (head, status) => {
    expect((await asked(head)).status).toBe(status)
  })

  test('and is served like any other, with its body and its connection', async () => {
    const { status, text } = await asked(
      'POST /echo HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 14',
      '{"text":"tea"}',
    )
    expect(status).toBe(200)
    expect(text).toEndWith('{"length":3}')
    expect((await asked('GET /metrics HTTP/1.0')).text).toContain('http_requests_total{')
  })

  test('nor is it told what it was said to ask', async () => {
    expect((await asked('GET /nowhere HTTP/1.0')).text).not.toContain('invalid')
  })
})

describe('bodies that are no JSON object of ours are 4xx', () => {
  test.each([
    ['cut short by its length', good, 400],
    ['deep arrays', withLength(`{"text":${'['.repeat(40_000)}`), 400],
    ['deep and closed', withLength(`{"text":${'['.repeat(40_000)}${']'.repeat(40_000)}}`), 400],
    ['deep objects', withLength(`{"text":${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}}`), 400],
    ['a prototype', withLength('{"__proto__":{"admin":true},"text":"tea"}'), 400],
    ['a constructor', withLength('{"constructor":{"prototype":{"admin":true}},"text":"tea"}'), 400],
    [
      'ten thousand unknown fields',
      withLength(`{${Array.from({ length: 9_000 }, (_, i) => `"f${i}":1`).join()}}`),
      400,
    ],
    ['a huge number', withLength(`{"text":${'9'.repeat(50_000)}}`), 400],
    ['an invalid byte', withLength('{"text":"\xff"}'), 400],
    ['half a surrogate', withLength('{"text":"\\ud800"}'), 400],
    ['a NUL', withLength('{"text":"\\u0000"}'), 400],
    ['a form', withLength('text=tea').replace('application/json', 'application/x-www-form-urlencoded'), 415],
    ['no type', withLength('{"text":"tea"}').replace('Content-Type: application/json\r\n', ''), 415],
    ['nothing', withLength(''), 400],
    ['nothing, and no length', `POST /echo HTTP/1.1\r\n${json}\r\n`, 400],
  ])('%s', async (_, text, status) => {
    expect(await statusOf(text)).toBe(status)
  })
})

function withLength(body: string): string {
  return post(`Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`, body)
}

test('methods and paths that nobody serves are 4xx, whatever they are made of', async () => {
  const paths = [
    '/',
    '//',
    '/%zz',
    '/%00',
    '/..',
    '/../../etc/passwd',
    '/echo/',
    '/echo%2f',
    `/${'a'.repeat(8000)}`,
    '/\xff',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'TRACE', 'PATCH', 'PROPFIND']) {
      const status = await statusOf(`${method} ${path} HTTP/1.1\r\n${json}\r\n`)
      if (status !== undefined)
        expect([method, path, status >= 400 && status < 500]).toEqual([method, path, true])
    }
  }
})

test('after all this it still serves, and nothing of it was a bug', async () => {
  expect(await statusOf(fine)).toBe(200)
  expect(lines.filter((line) => line.level === 'error')).toEqual([])
  expect(({} as Record<string, unknown>).admin).toBeUndefined()
})
