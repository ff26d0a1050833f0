//! Visitors who mean no good, as bytes on a socket: what arrives at a service is one request that the table allows, or nothing.
import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { openDoor, overSocket, startEcho, startRaw, tokenFor, until } from './fixture.ts'

/** A request as a reader takes it who takes nothing for granted. */
type Heard = { readonly line: string; readonly names: readonly string[]; readonly body: string }

function heardIn(text: string): Heard[] {
  if (text === '') return []
  const end = text.indexOf('\r\n\r\n') + 4
  if (end === 3) throw new Error(`half a head: ${text}`)
  const [line = '', ...lines] = text.slice(0, end - 4).split('\r\n')
  const headers = lines.map((header) => header.toLowerCase().split(': '))
  const names = headers.map(([name = '']) => name)
  const lengths = headers.flatMap(([name, value]) => (name === 'content-length' ? [Number(value)] : []))
  if (lengths.length > 1 || names.includes('transfer-encoding')) throw new Error(`two readings: ${text}`)
  const length = lengths[0] ?? 0
  const body = text.slice(end, end + length)
  if (body.length < length) throw new Error(`half a body: ${text}`)
  return [{ line, names, body }, ...heardIn(text.slice(end + length))]
}

const sent = new Map<Socket, string>()
const heard = () => [...sent.values()].flatMap(heardIn)
const inShort = ({ line, body }: Heard) => [line, body]
/** Stands for every service, and writes down every byte. */
const recorder = await startRaw((socket, data) => {
  sent.set(socket, (sent.get(socket) ?? '') + data)
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
})
const door = openDoor({ upstreams: { loms: recorder, catalog: recorder } })
const signedIn = `Host: shop\r\nAuthorization: Bearer ${await tokenFor(7, 'admin', 600)}\r\n`
beforeEach(() => sent.clear())
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await recorder[Symbol.asyncDispose]()
})

/** What an admin may ask, so that nothing but the door would be in its way. */
const hidden = `GET /api/v1/warehouses HTTP/1.1\r\n${signedIn}\r\n`
const order = 'POST /api/v1/orders HTTP/1.1'
const head = (line: string, headers: string) => `${line}\r\n${signedIn}${headers}\r\n`
const statusOf = (answer: string) => answer.slice(9, 12)
/** Until the door has closed the connection. */
const toTheEnd = (text: string) => overSocket(door.port, text, () => false)
const idle = () => until(async () => /^http_requests_in_flight{[^}]*} 0$/m.test(await door.metrics()))

describe('what could be read in two ways is not passed on', () => {
  const chunkedLine = 'Transfer-Encoding: chunked'
  test.each([
    ['a length and chunks', `Content-Length: 5\r\n${chunkedLine}`],
    ['chunks and a length', `${chunkedLine}\r\nContent-Length: 5`],
    ['chunks in quotes', 'Transfer-Encoding: "chunked"'],
    ['chunks with a parameter', 'Transfer-Encoding: chunked;q=1'],
    ['chunks after something', 'Transfer-Encoding: x, chunked'],
    ['chunks after nothing of note', 'Transfer-Encoding: identity, chunked'],
    ['chunks said twice', `${chunkedLine}\r\n${chunkedLine}`],
    ['chunks with a zero', 'Transfer-Encoding: chunked\0'],
    ['chunks with a space of another kind', 'Transfer-Encoding: chunked\xa0'],
    ['chunks torn apart', 'Transfer-Encoding: ch\tunked'],
    ['chunks nearly', 'Transfer-Encoding: xchunked'],
    ['no transfer encoding', 'Transfer-Encoding:'],
    ['a space before the colon', 'Transfer-Encoding : chunked'],
    ['a space before the name', ' Transfer-Encoding: chunked'],
    ['a folded line', 'X-A: a\r\n Transfer-Encoding: chunked'],
    ['a folded name', 'Transfer-Encoding\r\n : chunked'],
    ['a line feed in a value', 'X-A: a\nTransfer-Encoding: chunked\r\nContent-Length: 5'],
    ['a carriage return in a value', 'X-A: a\rTransfer-Encoding: chunked\r\nContent-Length: 5'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ...['+5', '5, 5', '5;', '5.0', '5e0', '0x5', '5_', '', ' ', '-5', '5 5', '18446744073709551621'].map(
      (length) => [`a length of ${JSON.stringify(length)}`, `Content-Length: ${length}`],
    ),
  ])('%s', async (_, framing) => {
    const answer = await toTheEnd(`${head(order, `${framing}\r\n`)}0\r\n\r\n${hidden}`)
    expect(statusOf(answer)).toBe('400')
    await idle()
    expect(heard()).toEqual([])
  })
})

describe('a body is passed on as the bytes that it is, with its length', () => {
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
  const chunked = 'Transfer-Encoding: chunked\r\n'
  const ofOneConnection = [
    'te',
    'trailer',
    'upgrade',
    'http2-settings',
    'keep-alive',
    'proxy-connection',
    'expect',
  ]

  test.each([
    ['with a length', 'Content-Length: 2\r\n', '{}', '{}'],
    ['with a length said twice', 'Content-Length: 2\r\nContent-Length: 2\r\n', '{}', '{}'],
    ['with zeros and spaces around its length', 'Content-Length: \t 002 \r\n', '{}', '{}'],
    ['in one chunk', chunked, `${chunk('{}')}0\r\n\r\n`, '{}'],
    ['in chunks', 'transfer-encoding:\tCHUNKED \r\n', `${chunk('{')}${chunk('}')}0\r\n\r\n`, '{}'],
    ['in a chunk with an extension', chunked, '2;Content-Length=9\r\n{}\r\n0;a=b\r\n\r\n', '{}'],
    ['that is a request', `Content-Length: ${hidden.length}\r\n`, hidden, hidden],
    ['in a chunk that is a request', chunked, `${chunk(hidden)}0\r\n\r\n`, hidden],
    ['that looks like the end of chunks', 'TE: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n', '0\r\n\r\n'],
    [
      'of a connection that is about its length',
      'Connection: content-length, host, authorization\r\nContent-Length: 2\r\n',
      '{}',
      '{}',
    ],
    [
      'of a connection that is about its chunks',
      `Connection: transfer-encoding, x-forwarded-for\r\n${chunked}`,
      `${chunk('{}')}0\r\n\r\n`,
      '{}',
    ],
    ['that waits to be asked for', 'Expect: 100-continue\r\nContent-Length: 2\r\n', '{}', '{}'],
    [
      'with a wish to speak otherwise',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nTrailer: X-A\r\nKeep-Alive: x\r\nProxy-Connection: x\r\nContent-Length: 2\r\n',
      '{}',
      '{}',
    ],
  ])('%s', async (_, headers, bytes, body) => {
    const answer = await overSocket(door.port, `${head(order, headers)}${bytes}`, (text) =>
      /HTTP\/1\.1 200 /.test(text),
    )
    expect(answer).toContain('HTTP/1.1 200 ')
    expect(heard().map(inShort)).toEqual([[order, body]])
    const [{ names } = { names: [] }] = heard()
    expect(names).toContain('authorization')
    expect(names.filter((each) => ofOneConnection.includes(each))).toEqual([])
    expect(names.filter((each) => each === 'host' || each === 'x-forwarded-for')).toHaveLength(2)
  })

  test('and not with what asks for something, where it means nothing', async () => {
    for (const method of ['GET', 'HEAD']) {
      sent.clear()
      const line = `${method} /api/v1/products HTTP/1.1`
      for (const [headers, body] of [
        [`Content-Length: ${hidden.length}\r\n`, hidden],
        [chunked, `${chunk(hidden)}0\r\n\r\n`],
      ])
        expect(statusOf(await overSocket(door.port, `${head(line, headers ?? '')}${body}`))).toBe('200')
      await idle()
      expect(heard().map(inShort)).toEqual([
        [line, ''],
        [line, ''],
      ])
    }
  })
})

test('what comes behind a request is judged by itself, or not at all', async () => {
  const anonymous = 'GET /api/v1/warehouses HTTP/1.1\r\nHost: shop\r\n\r\n'
  const inside = `GET /internal/api/v1/auth HTTP/1.1\r\n${signedIn}\r\n`
  for (const behind of [anonymous, inside]) {
    sent.clear()
    await toTheEnd(`${head(order, 'Content-Length: 2\r\n')}{}${behind}`)
    await idle()
    expect([[], [[order, '{}']]]).toContainEqual(heard().map(inShort))
  }
})

describe('a body that is cut off is not passed on', () => {
  test.each([
    ['within its length', 'Content-Length: 5\r\n', '{}'],
    ['before it began', 'Content-Length: 5\r\n', ''],
    ['after a chunk that would do', 'Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n'],
    ['within a chunk', 'Transfer-Encoding: chunked\r\n', '5\r\n{}'],
    ['before the end of chunks', 'Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n0'],
  ])('%s', async (_, headers, body) => {
    for (const cut of ['end', 'resetAndDestroy'] as const) {
      const socket = connect(door.port, '127.0.0.1')
      const closed = new Promise((resolve) => socket.on('close', resolve))
      socket.on('error', () => {})
      socket.resume()
      socket.write(`${head(order, headers)}${body}`)
      await until(async () => /^http_requests_in_flight{[^}]*} 1$/m.test(await door.metrics()))
      socket[cut]()
      await closed
      await idle()
    }
    expect(heard()).toEqual([])
  })
})

describe('a target', () => {
  test.each([
    ['without a host of its own', 'http:///api/v1/products'],
    ['with somebody’s name and password', 'http://a:b@evil.example/api/v1/products'],
    ['of a host that is none', 'http://[evil/api/v1/products'],
    ['of another scheme', 'https://evil.example/api/v1/products'],
    ['of this very machine', `http://127.0.0.1:1/api/v1/products`],
    ['that climbs above everything', '/../../api/v1/products'],
    ['with a fragment behind a query', '/api/v1/products?a#/../../internal'],
    ['with a whole URL for a query', '/api/v1/products?http://evil.example/internal'],
  ])('%s is the path that the table has', async (_, target) => {
    expect(statusOf(await overSocket(door.port, head(`GET ${target} HTTP/1.1`, '')))).toBe('200')
    expect(heard().map(({ line }) => line.replace(/\?.*(?= )/, ''))).toEqual([
      'GET /api/v1/products HTTP/1.1',
    ])
  })

  test.each([
    ['with its path in the query', 'http://evil.example?/api/v1/products'],
    ['of a scheme of nobody', 'ftp://evil.example/api/v1/products'],
    ['without slashes', 'http:api/v1/products'],
    ['of a tunnel', 'evil.example:80'],
    ['of everything', '*'],
    ['with a tab', '/api/v1/products?a\tb'],
    ['with a control character', '/api/v1/products?a\x01b'],
    ['that is cut by a zero', '/api/v1/products\0.css'],
    ['with a host behind it', '/api/v1/products@evil.example'],
  ])('%s leads nowhere', async (_, target) => {
    const answer = await overSocket(door.port, head(`GET ${target} HTTP/1.1`, ''))
    expect(['400', '404', '505']).toContain(statusOf(answer))
    expect(heard()).toEqual([])
  })

  test.each([
    'evil.example/internal?',
    'evil.example?',
    'a@b',
    '',
    'a, b',
    '..',
    '[::1',
    'shop:99999',
    '%2f',
  ])('beside the host %p is the same, or none', async (host) => {
    await overSocket(door.port, `GET /api/v1/products HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    for (const { line } of heard()) expect(line).toBe('GET /api/v1/products HTTP/1.1')
    sent.clear()
    for (const path of [
      '/api/v1/products/../warehouses',
      '/internal/api/v1/auth',
      '/api/v1/products/..%2fwarehouses',
    ])
      await overSocket(door.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(heard()).toEqual([])
  })
})

describe('headers', () => {
  const get = 'GET /api/v1/products HTTP/1.1'

  test('that are too much for a service with what we add are refused with a document', async () => {
    await using catalog = startEcho('catalog')
    // There is one place at the service.
    await using other = openDoor({ upstreams: { catalog }, fetchesMax: 3 })
    const floods = {
      'long ones': `X-A: ${'a'.repeat(16_200)}\r\n`,
      many: Array.from({ length: 195 }, (_, index) => `a${index}: 1\r\n`).join(''),
    }
    for (const flood of Object.values(floods)) {
      const answer = await overSocket(other.port, `${get}\r\nHost: shop\r\n${flood}\r\n`)
      expect(answer).toStartWith('HTTP/1.1 400')
      expect(answer).toContain('"code":"invalid_argument"')
      expect((await other.ask('GET', '/api/v1/products')).status).toBe(200)
    }
    expect(catalog.arrived).toHaveLength(2)
  })

  test('by names that are taken in a program go along like others, or not at all', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const lines = names.map((name) => `${name}: x\r\n`).join('')
    expect(statusOf(await overSocket(door.port, head(get, `${lines}Connection: __proto__\r\n`)))).toBe('200')
    expect(heard().map(inShort)).toEqual([[get, '']])
  })
})

describe('what a service says', () => {
  const answered = 'HTTP/1.1 200 OK\r\n'
  const poison = `${answered}Content-Length: 6\r\n\r\npoison`

  test.each([
    ['behind its answer', 'GET', `${answered}Content-Length: 2\r\n\r\nok${poison}`],
    ['behind an answer without a body', 'GET', `HTTP/1.1 204 No Content\r\n\r\n${poison}`],
    [
      'where it was asked for a head only',
      'HEAD',
      `${answered}Content-Length: ${poison.length}\r\n\r\n${poison}`,
    ],
    ['in two lengths', 'GET', `${answered}Content-Length: 2\r\nContent-Length: 99\r\n\r\nok${poison}`],
    [
      'in a length and chunks',
      'GET',
      `${answered}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${poison}`,
    ],
    ['in no HTTP', 'GET', `hello\r\n\r\n${poison}`],
    [
      'when it changes the protocol',
      'GET',
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${poison}`,
    ],
    ['in more headers than anybody reads', 'GET', `${answered}${'a: b\r\n'.repeat(2_000)}\r\n${poison}`],
  ])('%s is nobody’s answer', async (_, method, text) => {
    let isFirst = true
    await using service = await startRaw((socket) => {
      socket.write(isFirst ? text : `${answered}Content-Length: 2\r\n\r\nok`)
      isFirst = false
    })
    await using other = openDoor({ upstreams: { catalog: service }, env: { REQUEST_TIMEOUT_MS: '300' } })
    const first = await other.ask(method, '/api/v1/products')
    expect([200, 204, 503]).toContain(first.status)
    expect(await first.text()).not.toContain('poison')
    for (const _ of [1, 2, 3]) {
      const next = await other.ask('GET', '/api/v1/products')
      expect([next.status, await next.text()]).toEqual([200, 'ok'])
    }
  })
})

test('however many send slowly, the door is soon open again to whoever does not', async () => {
  await using accounts = startEcho('accounts')
  await using door = openDoor({
    upstreams: { accounts, catalog: accounts },
    env: { HTTP_IN_FLIGHT_MAX: '64', REQUEST_TIMEOUT_MS: '20000', GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '0' },
  })
  const begun = 'POST /api/v1/login HTTP/1.1\r\nHost: shop\r\nContent-Length: 20\r\n\r\n{'
  const statuses: string[] = []
  const slow = Array.from({ length: 100 }, () => {
    const socket = connect(door.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('data', (data) => statuses.push(data.toString('latin1', 9, 12)))
    socket.write(begun)
    return socket
  })
  const ask = async () => (await door.ask('GET', '/api/v1/products')).status
  // So many had no place.
  await until(() => statuses.length === 36)
  expect(await ask()).toBe(503)
  await until(async () => (await ask()) === 200)
  expect(accounts.arrived.filter(({ method }) => method === 'POST')).toEqual([])
  expect(new Set(statuses)).toEqual(new Set(['408', '503']))
  for (const socket of slow) socket.destroy()
})
