//! Requests in forms that few have seen: those that HTTP allows are served as any other, those that it does not are refused, and nothing is half understood.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { counted } from '../faults/counted.ts'
import type { TestSystem } from '../harness/system.ts'
import {
  bearerLine,
  type Cases,
  casesTried,
  chunked,
  expectAnswers,
  expectClosed,
  expectUnderstood,
  expectWell,
  goodText,
  jsonType,
  limitBytes,
  type Part,
  post,
  routes,
  services,
  startAbused,
  understoodBy,
  withLength,
  wordsOf,
} from './abused.ts'
import { Connection } from './connection.ts'

setDefaultTimeout(60_000)
const triedBefore = casesTried
let system: TestSystem

beforeAll(async () => {
  system = await startAbused()
})
afterAll(() => system.stop())

describe.each(services)('%s', (service) => {
  const text = goodText(service)
  const { path } = routes[service]
  const lengthLine = `Content-Length: ${text.length}\r\n`
  const chunk = `${text.length.toString(16)}\r\n${text}\r\n`
  const request = (line: string, headers = 'Host: localhost\r\n') => [
    `${line}\r\n${headers}${bearerLine(service)}${jsonType}${lengthLine}\r\n${text}`,
  ]

  test('serves what is unusual and allowed', async () => {
    const allowed: Cases = {
      'HTTP/1.0': request(`POST ${path} HTTP/1.0`),
      'HTTP/1.0 that stays': request(
        `POST ${path} HTTP/1.0`,
        'Host: localhost\r\nConnection: keep-alive\r\n',
      ),
      'a whole URL': request(`POST ${system.url(service)}${path} HTTP/1.1`),
      // The target's host is the one that counts (RFC 9112, section 3.2.2), and we serve only one.
      'a whole URL of another host': request(`POST http://example.com${path} HTTP/1.1`),
      'a query that nobody asked for': request(`POST ${path}?a=1&__proto__[x]=1&a=2 HTTP/1.1`),
      'a length said twice': post(service, `${jsonType}${lengthLine}${lengthLine}`, text),
      'a length with zeros': post(service, `${jsonType}Content-Length: 000${text.length}\r\n`, text),
      'one chunk': post(service, chunked, `${chunk}0\r\n\r\n`),
      'a chunk a letter': post(
        service,
        chunked,
        ...[...text].map((letter) => `1\r\n${letter}\r\n`),
        '0\r\n\r\n',
      ),
      'a chunk with an extension': post(service, chunked, chunk.replace('\r', ';a=b\r'), '0\r\n\r\n'),
      'CHUNKED in large letters': post(service, chunked.replace('chunked', 'CHUNKED'), `${chunk}0\r\n\r\n`),
      'another method in a header': post(
        service,
        `${jsonType}X-HTTP-Method-Override: DELETE\r\n${lengthLine}`,
        text,
      ),
      'an upgrade to HTTP/2': post(
        service,
        `${jsonType}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n${lengthLine}`,
        text,
      ),
      'bytes past ASCII in a header': [...post(service, `X-A: ключ\r\n${jsonType}${lengthLine}`, text)],
      'a byte order mark': withLength(service, `\ufeff${text}`),
      'spaces around it': withLength(service, ` \r\n\t${text} \n`),
    }
    await expectAnswers(system, service, understoodBy(service), allowed)
  })

  test('asks for the body where the caller waits to be asked', async () => {
    await using connection = new Connection(system.url(service))
    connection.send(...post(service, `${jsonType}Expect: 100-continue\r\n${lengthLine}`))
    expect((await connection.answers(1)).map(({ status }) => status)).toEqual([100])
    connection.send(text)
    expect((await connection.answers(2)).map(wordsOf)).toEqual(['100', understoodBy(service)])
  })

  test('refuses what is encoded', () =>
    expectAnswers(system, service, '415 unsupported_media_type', {
      gzip: withLength(service, Bun.gzipSync(Buffer.from(text)), `${jsonType}Content-Encoding: gzip\r\n`),
      'gzip that is none': withLength(service, text, `${jsonType}Content-Encoding: gzip\r\n`),
      br: withLength(service, text, `${jsonType}Content-Encoding: br\r\n`),
      'of nobody': withLength(service, text, `${jsonType}Content-Encoding: identity, x\r\n`),
    }))

  test('closes on what is not allowed', async () => {
    const lines: Readonly<Record<string, string>> = {
      'a host and a port': 'GET example.com:80 HTTP/1.1',
      'everything at once': 'OPTIONS * HTTP/1.1',
      'a path with backslashes': 'GET \\health\\live HTTP/1.1',
      'a space before': ' GET /health/live HTTP/1.1',
      'two spaces': 'GET  /health/live HTTP/1.1',
      tabs: 'GET\t/health/live\tHTTP/1.1',
      'a space in the path': 'GET /health/live x HTTP/1.1',
      'small letters': 'get /health/live HTTP/1.1',
      'another protocol': 'GET /health/live ICY/1.1',
      'a version of nobody': 'GET /health/live HTTP/1.2',
    }
    const forms: Readonly<Record<string, readonly Part[]>> = {
      'lines that end in LF only': [request(`POST ${path} HTTP/1.1`)[0]?.replaceAll('\r', '') ?? ''],
      'a CR within a header': post(service, `X-A: a\rX-B: b\r\n${jsonType}${lengthLine}`, text),
      'an empty line before': ['\r\n\r\n', ...request(`POST ${path} HTTP/1.1`)],
      'a header without a name': post(service, `: x\r\n${jsonType}${lengthLine}`, text),
      'a header with a space in its name': post(service, `X A: x\r\n${jsonType}${lengthLine}`, text),
      'a length past 64 bits': post(service, `${jsonType}Content-Length: 99999999999999999999\r\n`, text),
      'chunked twice': post(
        service,
        `${jsonType}Transfer-Encoding: chunked, chunked\r\n`,
        `${chunk}0\r\n\r\n`,
      ),
      'chunked and compressed': post(
        service,
        `${jsonType}Transfer-Encoding: gzip, chunked\r\n`,
        `${chunk}0\r\n\r\n`,
      ),
      'two transfer encodings': post(
        service,
        `${chunked}Transfer-Encoding: identity\r\n`,
        `${chunk}0\r\n\r\n`,
      ),
      'a control character before chunked': post(
        service,
        `${jsonType}Transfer-Encoding: \x0bchunked\r\n`,
        `${chunk}0\r\n\r\n`,
      ),
      'chunks in HTTP/1.0': [
        `POST ${path} HTTP/1.0\r\nHost: localhost\r\n${bearerLine(service)}${chunked}\r\n${chunk}0\r\n\r\n`,
      ],
      'an extension that is longer than the chunk': post(
        service,
        chunked,
        chunk.replace('\r', `;${'a'.repeat(50_000)}\r`),
        '0\r\n\r\n',
      ),
    }
    const cases = Object.fromEntries(
      Object.entries(lines).map(([name, line]) => [name, [`${line}\r\nHost: localhost\r\n\r\n`]]),
    )
    await expectClosed(system, service, { ...cases, ...forms }, [400, 413, 505])
  })

  test('answers requests that come at once in their order, or closes', async () => {
    await using quick = new Connection(system.url(service))
    quick.send('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(50))
    expect((await quick.answers(50)).map(({ status }) => status)).toEqual(Array(50).fill(200))
    // Bun does not hold a request back behind one that takes its time: it gives the connection up.
    await using slow = new Connection(system.url(service))
    const hidden = '/nothing-of-this-kind'
    slow.send(...withLength(service, text), `GET ${hidden} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const first = understoodBy(service)
    const answers = (await slow.answers(2, 2_000)).map(wordsOf)
    expect([[], [first], [first, '404 route_not_found']]).toContainEqual(answers)
  })

  test('holds only so many large bodies at once, and serves those with small ones', async () => {
    const half = post(service, `${jsonType}Content-Length: ${limitBytes}\r\n`, '{"user": 1,')
    const large = Array.from({ length: 80 }, () => new Connection(system.url(service)).send(...half))
    const isTurnedAway = async (each: Connection) => {
      const [answer] = await each.answers()
      if (answer?.status !== 503) throw new Error('it was held')
    }
    await Promise.any(large.map(isTurnedAway))
    await expectUnderstood(system, service)
    const answered = await Promise.all(large.map((each) => each.answers()))
    const statuses = answered.map(([answer]) => answer?.status)
    const count = (status: number) => statuses.filter((each) => each === status).length
    expect([count(408), count(503)]).toEqual([64, 16])
    const turnedAway = answered.flat().find(({ status }) => status === 503)
    expect(turnedAway?.body).toContain('"code":"overloaded"')
    expect(turnedAway?.headers).toMatch(/^retry-after: 1\r?$/im)
    await Promise.all(large.map((each) => each[Symbol.asyncDispose]()))
  })

  test('is well after all of it', () => expectWell(system, service))
})

test('and all of it was counted', () => {
  const tried = casesTried - triedBefore
  expect(tried).toBeGreaterThan(40 * services.length)
  counted(17, { 'requests in rare forms': tried })
})
