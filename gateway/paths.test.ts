//! Paths that could mean two things to two readers, as bytes on a socket: none of them reaches a route that was not asked for.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type Echo, openDoor, overSocket, startEcho, type TestDoor, tokenFor } from './fixture.ts'
import { type UpstreamName, upstreamNames } from './routes.ts'

let echoes: Record<UpstreamName, Echo>
let door: TestDoor
let token: string

beforeAll(async () => {
  echoes = Object.fromEntries(upstreamNames.map((name) => [name, startEcho(name)])) as typeof echoes
  door = openDoor({ upstreams: echoes })
  token = await tokenFor(7, 'admin')
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await Promise.all(upstreamNames.map((name) => echoes[name][Symbol.asyncDispose]()))
})
beforeEach(() => {
  for (const name of upstreamNames) echoes[name].arrived.length = 0
})

const arrived = () =>
  upstreamNames.flatMap((name) =>
    echoes[name].arrived.map(({ method, target }) => `${name} ${method} ${target}`),
  )

/** As HTTP/1.1 asks, and as HTTP/1.0 may. */
const named = 'HTTP/1.1\r\nHost: shop.example'
const unnamed = 'HTTP/1.0'

async function ask(target: string, headers = '', version = named): Promise<number> {
  const head = `GET ${target} ${version}\r\nAuthorization: Bearer ${token}\r\n${headers}Connection: close\r\n\r\n`
  const answer = await overSocket(door.port, head)
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}

describe('nobody is asked', () => {
  test.each([
    ['an escaped slash', '/api/v1/orders%2f7'],
    ['an escaped slash in capitals', '/api/v1/orders%2F7'],
    ['an escaped slash in an id', '/api/v1/orders/7%2fcancel'],
    ['a slash escaped twice', '/api/v1/orders/7%252fcancel'],
    ['an escaped backslash', '/api/v1/orders%5c7'],
    ['escaped dots before an escaped slash', '/api/v1/products/..%2forders'],
    ['dots escaped with their slash', '/api/v1/products/%2e%2e%2forders'],
    ['an escaped letter', '/api/v1/%6frders'],
    ['an escaped letter of an id', '/api/v1/orders/%37'],
    ['an escaped zero', '/api/v1/orders/7%00'],
    ['an escaped new line', '/api/v1/orders/7%0d%0aX:%20y'],
    ['an overlong escape', '/api/v1/products/%c0%ae%c0%ae/orders'],
    ['half an escape', '/api/v1/orders/%2'],
    ['no escape', '/api/v1/orders/%zz'],
    ['two slashes', '/api/v1//orders'],
    ['two slashes first', '//api/v1/orders'],
    ['a host in the path', '//evil.example/api/v1/orders'],
    ['two slashes in front of an id', '/api/v1/orders//7'],
    ['a slash at the end', '/api/v1/orders/'],
    ['a slash at the end of an id', '/api/v1/orders/7/'],
    ['capitals', '/API/v1/orders'],
    ['capitals of a segment', '/api/v1/Orders'],
    ['a parameter of a segment', '/api/v1/orders;x=1'],
    ['a parameter of an id', '/api/v1/orders/7;/cancel'],
    ['a dot at the end', '/api/v1/orders./7'],
    ['three dots', '/api/v1/products/.../orders'],
    ['a colon', '/api/v1/orders/:id'],
    ['a bar', '/api/v1/orders|7'],
    ['a letter that is no ASCII', '/api/v1/оrders'],
    ['a fragment', '/api/v1/orders#/../internal'],
    ['an id without end', `/api/v1/orders/${'7'.repeat(2000)}`],
    ['the inside by way of the API', '/api/v1/orders/../../../internal/api/v1/auth'],
    ['the inside by escaped dots', '/api/v1/%2e%2e/%2e%2e/internal/api/v1/auth'],
    ['the RPC surface by way of the API', '/api/v1/../../order/info'],
    ['the inside by backslashes', '/api/v1\\..\\..\\internal\\api\\v1\\auth'],
    ['the figures of a service', '/api/v1/orders/../../../metrics/../order/info'],
    ['an absolute target elsewhere', 'http://evil.example/internal/api/v1/auth'],
  ])('for %s', async (_, target) => {
    expect([400, 404, 405]).toContain(await ask(target))
    expect([400, 404, 405]).toContain(await ask(target, '', unnamed))
    expect(arrived()).toEqual([])
  })

  test('for a header that names another path', async () => {
    for (const name of ['X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-Forwarded-Prefix']) {
      await ask('/api/v1/orders', `${name}: /internal/api/v1/auth\r\n`)
    }
    expect(new Set(arrived())).toEqual(new Set(['loms GET /api/v1/orders']))
  })
})

describe('a path is judged and passed on as one and the same', () => {
  // Bun resolves dot segments, and backslashes, before anybody here sees them, as a browser does before it asks: what is
  // left is the only path there is.
  test.each([
    ['/api/v1/products/../orders', 'loms GET /api/v1/orders'],
    ['/api/v1/products/%2e%2e/orders', 'loms GET /api/v1/orders'],
    ['/api/v1/./orders', 'loms GET /api/v1/orders'],
    ['/api/v1\\orders', 'loms GET /api/v1/orders'],
    ['http://evil.example/api/v1/orders', 'loms GET /api/v1/orders'],
  ])('%s', async (target, reached) => {
    expect([await ask(target), await ask(target, '', unnamed)]).toEqual([200, 200])
    expect(arrived()).toEqual([reached, reached])
  })

  test('and guarded as what it is, whatever it was reached by', async () => {
    for (const target of ['/api/v1/products/../warehouses', '/api/v1/products/%2e%2e/warehouses']) {
      const answer = await overSocket(
        door.port,
        `GET ${target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toStartWith('HTTP/1.1 401')
    }
    expect(arrived()).toEqual([])
  })

  test('a query goes along as it came', async () => {
    const target = '/api/v1/products?q=%2e%2e%2f&next=/../internal&x=a%20b&back=http://a/b'
    expect([await ask(target), await ask(target, '', unnamed)]).toEqual([200, 200])
    expect(arrived()).toEqual([`catalog GET ${target}`, `catalog GET ${target}`])
  })
})

test('a page’s host is compared with the one that is asked, and with none where none is named', async () => {
  const answer = await overSocket(
    door.port,
    'POST /api/v1/login HTTP/1.0\r\nOrigin: http://host.invalid\r\nContent-Length: 2\r\n\r\n{}',
  )
  expect(answer).toStartWith('HTTP/1.1 403')
  expect(arrived()).toEqual([])
})
