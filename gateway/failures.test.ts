//! Services that are away, slow, or die: what the visitor is told, and what is never asked twice.
import { describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { freePort } from '../tests/harness/ports.ts'
import { bearer, openDoor, startEcho, startRaw, until } from './fixture.ts'

const problemOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { code: string }),
})
const unavailable = { status: 503, code: 'unavailable' }
const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const json = { 'content-type': 'application/json' }

describe('a service that is away', () => {
  test('is a problem document that says to come back', async () => {
    await using door = openDoor({})
    const response = await door.ask('GET', '/api/v1/products')
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await problemOf(response)).toMatchObject(unavailable)
  })

  test('is asked once more a moment later, since nothing has arrived there', async () => {
    for (const method of ['GET', 'POST']) {
      const port = freePort()
      await using door = openDoor({ upstreams: { loms: `http://127.0.0.1:${port}` } })
      const asking = door.ask(method, '/api/v1/orders', {
        headers: { ...(await bearer(7)), ...json },
        ...(method === 'POST' ? { body: '{"a":1}' } : {}),
      })
      await until(async () => /outcome="not_arrived"\S* 1/.test(await door.metrics()))
      await using upstream = await startRaw((socket) => socket.write(whole), port)
      expect((await asking).status).toBe(200)
      expect(upstream.asked).toEqual([`${method} /api/v1/orders HTTP/1.1`])
    }
  })

  test('is left alone after a few tries, and found again when it is back', async () => {
    const port = freePort()
    await using door = openDoor({ upstreams: { catalog: `http://127.0.0.1:${port}` } })
    const state = async () => /breaker_state{[^}]*catalog[^}]*} (\d)/.exec(await door.metrics())?.[1]
    for (let index = 0; index < 4; index++) await door.ask('GET', '/api/v1/products')
    expect(await state()).toBe('2')
    const readiness = await door.ask('GET', '/health/ready')
    expect(await readiness.json()).toMatchObject({
      status: 'degraded',
      degraded: expect.arrayContaining(['catalog']),
    })
    const tries = async () =>
      /peer="catalog"[^}]*outcome="not_arrived"\S* (\d+)/.exec(await door.metrics())?.[1]
    const before = await tries()
    expect((await door.ask('GET', '/api/v1/products')).status).toBe(503)
    expect(await tries()).toBe(before)
    await using _ = await startRaw((socket) => socket.write(whole), port)
    await until(async () => (await door.ask('GET', '/api/v1/products')).status === 200)
    expect(await state()).toBe('0')
  })

  test('does not keep the others from answering', async () => {
    await using catalog = startEcho('catalog')
    await using door = openDoor({ upstreams: { catalog } })
    const headers = await bearer(7)
    for (let index = 0; index < 8; index++) await door.ask('GET', '/api/v1/orders', { headers })
    expect((await door.ask('GET', '/api/v1/products')).status).toBe(200)
  })
})

test.each(['000 None', '099 Early', '600 Late', '999 Last'])(
  'a service that answers %p has not answered',
  async (status) => {
    await using upstream = await startRaw((socket) =>
      socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nok`),
    )
    await using door = openDoor({ upstreams: { catalog: upstream.url, notifier: upstream.url } })
    expect(await problemOf(await door.ask('GET', '/api/v1/products'))).toMatchObject(unavailable)
    const headers = await bearer(7)
    const listening = door.ask('GET', '/api/v1/notifications/stream', { headers })
    expect(await problemOf(await listening)).toMatchObject(unavailable)
  },
)

test('a connection whose answer nobody can have is closed, though the service goes on', async () => {
  let closed = 0
  await using upstream = await startRaw((socket) => {
    socket.on('close', () => {
      closed += 1
    })
    socket.write('HTTP/1.1 999 Last\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')
  })
  await using door = openDoor({ upstreams: { catalog: upstream.url, notifier: upstream.url } })
  const headers = await bearer(7)
  for (const path of ['/api/v1/products', '/api/v1/notifications/stream'])
    expect((await door.ask('GET', path, { headers })).status).toBe(503)
  await until(async () => closed === 2)
})

test('what an address was asked is counted by what became of it, however often somebody looks', async () => {
  await using catalog = startEcho('catalog')
  await using door = openDoor({ upstreams: { catalog } })
  const counted = async () =>
    [
      ...(await door.metrics()).matchAll(
        /upstream_requests_total{[^}]*peer="catalog"[^}]*outcome="(\w+)"[^}]*} (\d+)/g,
      ),
    ]
      .map(([, outcome, count]) => `${outcome} ${count}`)
      .toSorted()
  const others = ['given_up 0', 'lost 0', 'not_arrived 0']
  expect(await counted()).toEqual(['answered 0', ...others])
  for (const _ of [1, 2, 3]) await door.ask('GET', '/api/v1/products')
  for (const _ of [1, 2]) expect(await counted()).toEqual(['answered 3', ...others])
  await door.ask('GET', '/api/v1/products')
  expect(await counted()).toEqual(['answered 4', ...others])
})

describe('a service that dies while it answers', () => {
  const cut = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it'

  test('is a problem document where nothing was handed on yet', async () => {
    await using upstream = await startRaw((socket) => socket.end(cut))
    await using door = openDoor({ upstreams: { catalog: upstream } })
    expect(await problemOf(await door.ask('GET', '/api/v1/products'))).toMatchObject(unavailable)
  })

  test('before it says anything, too', async () => {
    await using upstream = await startRaw((socket) => socket.destroy())
    await using door = openDoor({ upstreams: { catalog: upstream } })
    expect(await problemOf(await door.ask('GET', '/api/v1/products'))).toMatchObject(unavailable)
  })

  test('cuts the visitor off where some of it was handed on: no end that looks like one', async () => {
    await using upstream = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n')
      socket.write('x'.repeat(500_000), () => socket.destroy())
    })
    await using door = openDoor({ upstreams: { catalog: upstream } })
    const socket = connect(door.port, '127.0.0.1')
    const closed = Promise.withResolvers<void>()
    let received = ''
    socket.on('data', (data) => {
      received += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => closed.resolve())
    socket.write('GET /api/v1/products HTTP/1.1\r\nHost: shop\r\n\r\n')
    await closed.promise
    expect(received).toStartWith('HTTP/1.1 200')
    expect(received).not.toEndWith('0\r\n\r\n')
    expect(door.lines.some(({ msg }) => msg === 'an answer was cut off')).toBe(true)
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'is not asked a %s twice, also by a kept connection',
    async (method) => {
      const perConnection = new WeakMap<object, number>()
      await using upstream = await startRaw((socket, head) => {
        if (head.startsWith('GET')) socket.write(whole)
        else socket.destroy()
        perConnection.set(socket, (perConnection.get(socket) ?? 0) + 1)
      })
      await using door = openDoor({ upstreams: { catalog: upstream, loms: upstream } })
      const headers = { ...(await bearer(1, 'admin')), ...json }
      // A connection that is kept, and then closed under the next request.
      expect((await door.ask('GET', '/api/v1/products')).status).toBe(200)
      const path = {
        POST: '/api/v1/products',
        PUT: '/api/v1/orders/7/status',
        PATCH: '/api/v1/products/7',
        DELETE: '/api/v1/products/7',
      }[method]
      const response = await door.ask(method, path ?? '', { headers, body: '{}' })
      expect(await problemOf(response)).toMatchObject(unavailable)
      expect(upstream.asked.filter((line) => line.startsWith(method))).toEqual([`${method} ${path} HTTP/1.1`])
    },
  )
})

describe('a service that takes its time', () => {
  test('is given up when the time of the request is over', async () => {
    const gone = Promise.withResolvers<void>()
    await using upstream = await startRaw((socket) => socket.on('close', () => gone.resolve()))
    await using door = openDoor({ upstreams: { catalog: upstream }, env: { REQUEST_TIMEOUT_MS: '150' } })
    const response = await door.ask('GET', '/api/v1/products')
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'deadline_exceeded' })
    await gone.promise
  })

  test('and does so again and again is left alone', async () => {
    await using upstream = await startRaw(() => {})
    await using door = openDoor({ upstreams: { catalog: upstream }, env: { REQUEST_TIMEOUT_MS: '60' } })
    await Promise.all(Array.from({ length: 6 }, () => door.ask('GET', '/api/v1/products')))
    expect(await problemOf(await door.ask('GET', '/api/v1/products'))).toMatchObject(unavailable)
  })

  test('is not blamed for a visitor who sent so slowly that it had none left', async () => {
    await using upstream = await startRaw(() => {})
    await using door = openDoor({ upstreams: { accounts: upstream }, env: { REQUEST_TIMEOUT_MS: '2000' } })
    const body = '{"login":"a","password":"b"}'
    const head = `POST /api/v1/login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    const sockets = Array.from({ length: 6 }, () => connect(door.port, '127.0.0.1'))
    const answers = sockets.map(
      (socket) => new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data)))),
    )
    for (const socket of sockets) socket.write(head)
    // Their time runs from here on.
    while (!(await door.metrics()).includes('http_requests_in_flight{service="gateway"} 6'))
      await Bun.sleep(5)
    await Bun.sleep(1_300)
    for (const socket of sockets) socket.write(body)
    for (const answer of await Promise.all(answers)) expect(answer).toContain('deadline_exceeded')
    for (const socket of sockets) socket.destroy()
    expect(upstream.asked.length).toBe(6)
    expect(await door.metrics()).toMatch(/breaker_state{[^}]*accounts[^}]*} 0/)
  })

  test('does not take the places of the others', async () => {
    await using hung = await startRaw(() => {})
    await using loms = startEcho('loms')
    await using door = openDoor({
      upstreams: { catalog: hung, loms },
      fetchesMax: 10,
      env: { REQUEST_TIMEOUT_MS: '1000' },
    })
    const hanging = Array.from({ length: 30 }, () => door.ask('GET', '/api/v1/products'))
    await until(() => hung.connections === 4)
    expect((await door.ask('GET', '/api/v1/orders', { headers: await bearer(7) })).status).toBe(200)
    expect(new Set((await Promise.all(hanging)).map(({ status }) => status))).toEqual(new Set([503]))
    expect(hung.connections).toBeLessThan(10)
  })

  test('does not close the door to whoever asks for something else', async () => {
    await using hung = await startRaw(() => {})
    await using loms = startEcho('loms')
    await using door = openDoor({
      upstreams: { catalog: hung, loms },
      fetchesMax: 20,
      env: { REQUEST_TIMEOUT_MS: '1000', HTTP_IN_FLIGHT_MAX: '128' },
    })
    const headers = await bearer(7)
    const paths = ['/api/v1/products', '/api/v1/categories']
    const hanging = Array.from({ length: 200 }, (_, index) => door.ask('GET', paths[index % 2] ?? ''))
    await until(() => hung.connections === 8)
    const { status } = await door.ask('GET', '/api/v1/orders', { headers })
    expect(new Set((await Promise.all(hanging)).map((answer) => answer.status))).toEqual(new Set([503]))
    expect(status).toBe(200)
  })

  test('is told when the visitor leaves, and is not blamed for it', async () => {
    let closed = 0
    await using upstream = await startRaw((socket) => {
      socket.on('close', () => {
        closed += 1
      })
    })
    await using door = openDoor({ upstreams: { catalog: upstream } })
    for (let index = 0; index < 10; index++) {
      const leaving = new AbortController()
      const asking = door.ask('GET', '/api/v1/products', { signal: leaving.signal }).catch(() => 'left')
      await until(() => upstream.asked.length === index + 1)
      leaving.abort()
      expect(await asking).toBe('left')
      await until(() => closed === index + 1)
    }
    await until(async () => /http_requests_total{[^}]*status="499"[^}]*} 10/.test(await door.metrics()))
    expect(await door.metrics()).toMatch(/breaker_state{[^}]*catalog[^}]*} 0/)
    expect(door.lines.filter(({ level }) => level === 50)).toEqual([])
  })
})

describe('several addresses of a service', () => {
  test('share the requests by weight', async () => {
    await using main = startEcho('main')
    await using canary = startEcho('canary')
    await using door = openDoor({ upstreams: { catalog: `${main.url}=95,${canary.url}=5` } })
    for (let index = 0; index < 100; index++) await door.ask('GET', '/api/v1/products')
    expect([main.arrived.length, canary.arrived.length]).toEqual([95, 5])
  })

  test('stand in for one another: of a dead one nobody notices anything', async () => {
    await using main = startEcho('main')
    await using door = openDoor({
      upstreams: {
        catalog: `${main.url}=50,http://127.0.0.1:${freePort()}=50`,
        loms: `${main.url},http://127.0.0.1:${freePort()}`,
      },
    })
    const headers = { ...(await bearer(7)), ...json }
    for (let index = 0; index < 20; index++) {
      expect((await door.ask('GET', '/api/v1/products')).status).toBe(200)
      expect((await door.ask('POST', '/api/v1/orders', { headers, body: '{}' })).status).toBe(200)
    }
    expect(main.arrived.length).toBe(40)
  })

  test('of weight 0 are not asked', async () => {
    await using main = startEcho('main')
    await using drained = startEcho('drained')
    await using door = openDoor({ upstreams: { catalog: `${main.url}=1,${drained.url}=0` } })
    for (let index = 0; index < 10; index++) await door.ask('GET', '/api/v1/products')
    expect([main.arrived.length, drained.arrived.length]).toEqual([10, 0])
  })
})
