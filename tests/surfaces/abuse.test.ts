//! What nobody with good intentions sends, at every service: a 4xx or a closed connection, never a 5xx, and life goes on.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { counted } from '../faults/counted.ts'
import type { TestSystem } from '../harness/system.ts'
import {
  answerTo,
  type Cases,
  casesTried,
  chunked,
  copies,
  expectAnswers,
  expectClosed,
  expectUnderstood,
  expectWell,
  get,
  goodText,
  jsonType,
  limitBytes,
  methodsOf,
  nested,
  post,
  routes,
  type Service,
  services,
  startAbused,
  withLength,
  wordsOf,
} from './abused.ts'
import { Connection } from './connection.ts'

setDefaultTimeout(60_000)
const triedBefore = casesTried

let system: TestSystem
/** Connections that have sent half a head and then nothing. */
const silent = new Map<Service, Connection>()

beforeAll(async () => {
  system = await startAbused()
  for (const service of services) {
    silent.set(service, new Connection(system.url(service)).send('POST / HTTP/1.1\r\nHo'))
  }
})
afterAll(() => system.stop())

const expectProblems = (service: Service, wanted: string, cases: Cases) =>
  expectAnswers(system, service, wanted, cases)

describe.each(services)('%s', (service) => {
  const text = goodText(service)

  test('refuses what is not JSON', () =>
    expectProblems(service, '400 malformed_body', {
      nothing: withLength(service, ''),
      'half of it': withLength(service, text.slice(0, -3)),
      words: withLength(service, 'please'),
      'two of them': withLength(service, `${text}${text}`),
      'single quotes': withLength(service, text.replaceAll('"', "'")),
      'not a number': withLength(service, '{"user":NaN}'),
      'bytes that are no UTF-8': withLength(service, Uint8Array.of(0x22, 0xff, 0xfe, 0x22)),
      UTF16: withLength(service, Buffer.from(text, 'utf16le')),
      'a zero byte': withLength(service, `${text}\0`),
      'gzip, said to be plain': withLength(service, Bun.gzipSync(Buffer.from(text))),
    }))

  test('refuses JSON of another shape, however deep or broad it is', () =>
    expectProblems(service, '400 invalid_argument', {
      'a list': withLength(service, `[${text}]`),
      'a word': withLength(service, '"order"'),
      'a number': withLength(service, '7'),
      null: withLength(service, 'null'),
      'an empty object': withLength(service, '{}'),
      'a list in lists': withLength(service, nested('[', ']', 45_000)),
      'an object in objects': withLength(service, nested('{"a":', '}', 15_000)),
      'lists in a field': withLength(service, `{"user":${nested('[', ']', 45_000)}}`),
      'ten thousand fields': withLength(service, `{${copies(8_000, (i) => `"f${i}":1`).join(',')}}`),
      'many wrong items': withLength(
        service,
        `{"user":1,"items":[${copies(9_000, () => '{"x":1}').join(',')}]}`,
      ),
      'numbers past every range': withLength(
        service,
        '{"user":1e400,"sku":-1,"count":1e99,"token":"testtoken"}',
      ),
      'text for numbers': withLength(service, '{"user":"one","sku":"2001","token":"testtoken"}'),
      'numbers with a fraction': withLength(service, '{"user":1.5,"sku":2001.5,"token":"testtoken"}'),
      ...Object.fromEntries(
        Object.entries(routes[service].good).flatMap(([name, value]) =>
          [null, [value], { value }, true].map((wrong) => [
            `${JSON.stringify(wrong)} for its ${name}`,
            withLength(service, JSON.stringify({ ...routes[service].good, [name]: wrong })),
          ]),
        ),
      ),
    }))

  test('refuses what would change how objects work, and they work as before', async () => {
    const and = (more: string) => withLength(service, `${text.slice(0, -1)},${more}}`)
    await expectProblems(service, '400 invalid_argument', {
      __proto__: and('"__proto__":{"user":7,"isService":true}'),
      'an escaped __proto__': and('"\\u005f_proto__":{"isService":true}'),
      constructor: and('"constructor":{"prototype":{"isService":true}}'),
      toString: and('"toString":"x"'),
    })
    await expectUnderstood(system, service)
  })

  test('refuses a body of another type', () =>
    expectProblems(service, '415 unsupported_media_type', {
      none: withLength(service, text, ''),
      text: withLength(service, text, 'Content-Type: text/plain\r\n'),
      form: withLength(service, 'user=1', 'Content-Type: application/x-www-form-urlencoded\r\n'),
      multipart: withLength(service, text, 'Content-Type: multipart/form-data; boundary=x\r\n'),
      'another charset': withLength(service, text, 'Content-Type: application/json; charset=utf-16\r\n'),
      'another JSON': withLength(service, text, 'Content-Type: application/jsonx\r\n'),
    }))

  test('refuses a body that is too large, whether it says so or not', async () => {
    const large = 'x'.repeat(limitBytes + 1)
    await expectProblems(service, '413 body_too_large', {
      'declared and not sent': post(service, `${jsonType}Content-Length: ${limitBytes + 1}\r\n`),
      'declared and sent': withLength(service, `"${large}"`),
      'of terabytes': post(service, `${jsonType}Content-Length: 9000000000000000\r\n`),
      'in one chunk': post(service, chunked, `${large.length.toString(16)}\r\n${large}\r\n`),
      'in a thousand chunks': post(service, chunked, ...copies(1_100, () => `64\r\n${'x'.repeat(100)}\r\n`)),
    })
  })

  test('refuses a body that does not come, and gives up the connection', async () => {
    const slow = { 'that stops': '{"u', 'that never begins': '' }
    const refused = Object.entries(slow).map(async ([name, body]) => {
      await using connection = new Connection(system.url(service))
      connection.send(...post(service, `${jsonType}Content-Length: ${text.length}\r\n`, body))
      const [answer] = await connection.answers()
      expect([name, wordsOf(answer)]).toEqual([name, '408 body_too_slow'])
      expect(await connection.closed()).toBe(true)
    })
    await Promise.all(refused)
  })

  test('knows its paths to the letter', () =>
    expectProblems(service, '404 route_not_found', {
      'a path of nobody': get('/nothing'),
      'one more slash': get(`${routes[service].path}/`),
      'two slashes': get(`/${routes[service].path}`),
      'large letters': get(routes[service].path.toUpperCase()),
      'a file above': get('/swagger/../../../etc/passwd'),
      'a file above, escaped': get('/swagger/..%2f..%2fpackage.json'),
      'a zero byte, escaped': get('/%00'),
      'half an escape': get('/%z'),
      'another service’s inside': get(
        service === 'accounts' ? '/internal/api/v1/payment' : '/internal/api/v1/user/1/profile',
      ),
      'a tunnel': ['CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    }))

  test('names the methods that a path does take', async () => {
    const allowed = methodsOf(service)
    const methods = ['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE'].filter((method) => !allowed.includes(method))
    for (const method of methods) {
      const answer = await answerTo(system, service, [
        `${method} ${routes[service].path} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      ])
      expect([method, wordsOf(answer)]).toEqual([method, '405 method_not_allowed'])
      expect(answer?.headers.toLowerCase()).toContain(`\r\nallow: ${allowed.toLowerCase()}\r\n`)
    }
  })

  test('refuses an idempotency key that is none', () => {
    if (!routes[service].takesKeys) return
    const keyed = (key: string) =>
      post(service, `${jsonType}Idempotency-Key: ${key}\r\nContent-Length: ${text.length}\r\n`, text)
    return expectProblems(service, '400 idempotency_key_invalid', {
      long: keyed('k'.repeat(256)),
      'with a space': keyed('a b'),
      'not ASCII': keyed('ключ'),
    })
  })

  test('reads no request in two ways: nothing hides behind another one', async () => {
    const hidden = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const both = { 'length first': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n' }
    const framings: Readonly<Record<string, string>> = {
      ...both,
      'chunked first': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
      'two lengths': 'Content-Length: 5\r\nContent-Length: 6\r\n',
      'a list of lengths': 'Content-Length: 5, 5\r\n',
      'a negative length': 'Content-Length: -5\r\n',
      'a length with a sign': 'Content-Length: +5\r\n',
      'a length in hex': 'Content-Length: 0x5\r\n',
      'a space before the colon': 'Content-Length : 5\r\n',
      'nearly chunked': 'Transfer-Encoding: xchunked\r\n',
      identity: 'Transfer-Encoding: identity\r\n',
      'chunked, then something': 'Transfer-Encoding: chunked, identity\r\n',
      'a folded line': 'X-Folded: a\r\n Content-Length: 5\r\nContent-Length: 5\r\n',
      'a line without a colon': 'Content-Length\r\nContent-Length: 5\r\n',
    }
    const hiding = (headers: string, before = '0\r\n\r\n') =>
      post(service, `${jsonType}${headers}`, `${before}${hidden}`)
    const each = (
      cases: Readonly<Record<string, string>>,
      make: (text: string) => readonly (string | Uint8Array)[],
    ) => Object.fromEntries(Object.entries(cases).map(([name, text]) => [name, make(text)]))
    await expectClosed(system, service, each(framings, hiding), [400])
    const chunk = `${text.length.toString(16)}\r\n${text}\r\n`
    const chunks = {
      'no number': 'zz\r\n{}\r\n0\r\n\r\n',
      'a negative number': '-5\r\n{}\r\n0\r\n\r\n',
      'a number with a sign': `+${chunk}0\r\n\r\n`,
      'a number with a prefix': `0x${chunk}0\r\n\r\n`,
      'past 64 bits': 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n',
      'a space after the number': `${chunk.replace('\r', ' \r')}0\r\n\r\n`,
      'lines that end in LF only': `${chunk}0\r\n\r\n`.replaceAll('\r', ''),
      'more than was said': `${chunk.slice(0, -2)}XX0\r\n\r\n`,
      trailers: `${chunk}0\r\nX-Service: 1\r\n\r\n`,
      'trailers without an end': `${chunk}0\r\n${'X-A: aaaa\r\n'.repeat(5_000)}`,
    }
    await expectClosed(
      system,
      service,
      each(chunks, (body) => hiding('Transfer-Encoding: chunked\r\n', body)),
      [400],
    )
  })

  test('does not read more headers than anybody needs', async () => {
    const floods: Cases = {
      'ten thousand': post(service, copies(10_000, (i) => `X-${i}: y\r\n`).join('')),
      'one of 100 kB': post(service, `X-Large: ${'a'.repeat(100_000)}\r\n`),
      'a path of 100 kB': get(`/${'a'.repeat(100_000)}`),
      'without an end': [`POST / HTTP/1.1\r\n${copies(10_000, (i) => `X-${i}: y\r\n`).join('')}`],
    }
    for (const [name, parts] of Object.entries(floods)) {
      await using connection = new Connection(system.url(service))
      const [answer] = await connection.send(...parts).answers()
      expect([name, answer?.status]).toEqual([name, 431])
      expect(await connection.closed()).toBe(true)
    }
  })

  test('closes on what is no HTTP of ours', async () => {
    const strange: Cases = {
      TLS: [Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3)],
      'HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      'HTTP/3.0': get('/health/live', 'HTTP/3.0'),
      'HTTP/0.9': ['GET /health/live\r\n\r\n'],
      'a method of nobody': [`BREW ${routes[service].path} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
      zeros: ['\0\0\0\0\r\n\r\n'],
      'a zero in a header': post(service, 'X-A: a\0b\r\nContent-Length: 2\r\n', '{}'),
      'no host': ['GET /health/live HTTP/1.1\r\n\r\n'],
    }
    // 505 is not our failure: it is the name of HTTP's answer to another version.
    await expectClosed(system, service, strange, [400, 505])
  })

  test('is none the worse for connections that are cut or left open', async () => {
    for (let i = 0; i < 100; i++) {
      await using connection = new Connection(system.url(service))
      connection.send(...post(service, `${jsonType}Content-Length: ${text.length}\r\n`, text.slice(0, 9)))
    }
    const idle = Array.from({ length: 200 }, () => new Connection(system.url(service)))
    for (const connection of idle) connection.send('POST / HT')
    await expectUnderstood(system, service)
    await Promise.all(idle.map((one) => one[Symbol.asyncDispose]()))
  })

  test('is well after all of it, and has had no trouble of its own', () => expectWell(system, service))
})

test('whoever never ends a head is cut off', async () => {
  // Bun looks after them every four seconds; by now most of their time is over.
  const closed = [...silent].map(async ([service, connection]) => [service, await connection.closed(20_000)])
  expect(await Promise.all(closed)).toEqual(services.map((service) => [service, true]))
})

test('a path is never taken for another one, whatever the Host header says', async () => {
  await using connection = new Connection(system.url('loms'))
  const sent = connection.send('GET /public-side/health/live HTTP/1.1\r\nHost: a b\r\n\r\n')
  const [answer] = await sent.answers()
  expect(answer?.status).toBeGreaterThanOrEqual(400)
})

test('that were enough cases, and the counters know of no 5xx', async () => {
  const failed: string[] = []
  for (const service of services) {
    const metrics = await (await fetch(`${system.url(service)}/metrics`)).text()
    failed.push(...metrics.split('\n').filter((line) => /^http_requests_total\{.*status="5\d\d"/.test(line)))
  }
  expect(failed).toEqual([])
  const tried = casesTried - triedBefore
  expect(tried).toBeGreaterThan(40 * services.length)
  counted(17, { 'hostile requests': tried, '5xx': failed.length })
})
