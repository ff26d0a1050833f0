import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { ok } from '../../contracts/errors.ts'
import { InFlight } from './in-flight.ts'
import { send, service, testHttp } from './testing.ts'

/** A route that answers when it is let go. */
function waiting(options: Parameters<typeof testHttp>[0] = {}) {
  const app = testHttp(options)
  const gate = Promise.withResolvers<void>()
  const body = Type.Object({})
  const run = async () => {
    await gate.promise
    return ok({})
  }
  app.http.post('/wait', { summary: 'Wait', guard: 'open', body, reply: Type.Object({}), run })
  return {
    ...app,
    letGo: gate.resolve,
    fail: gate.reject,
    wait: () => send(app.http, 'POST', '/wait', { body: {} }),
  }
}

describe('past the number of requests that it holds at once', () => {
  test('it turns away at once and says when to come back, and serves again when there is room', async () => {
    const { http, wait, letGo } = waiting({ inFlightMax: 2 })
    const [first, second] = [wait(), wait()]
    const third = await wait()
    expect(third).toMatchObject({ status: 503, json: { code: 'overloaded' } })
    expect(third.headers.get('retry-after')).toBe('1')
    expect(await send(http, 'GET', '/health/live')).toMatchObject({ status: 200 })
    letGo()
    expect([(await first).status, (await second).status, (await wait()).status]).toEqual([200, 200, 200])
  })

  test('it logs that it turned some away, not each of them', async () => {
    const { wait, letGo, lines } = waiting({ inFlightMax: 1 })
    const first = wait()
    for (let i = 0; i < 50; i++) await wait()
    letGo()
    await first
    expect(lines).toMatchObject([{ level: 'error', code: 'overloaded', turned_away: 1 }])
  })
})

describe('the answer of those who are turned away', () => {
  test('is a problem document like any other', async () => {
    const { http, wait, letGo } = waiting({ inFlightMax: 1 })
    const first = wait()
    const turnedAway = await send(http, 'POST', '/wait?secret=1', { headers: { 'x-request-id': '"mine"' } })
    expect(turnedAway.json).toEqual({
      type: 'urn:kiosk:problem:overloaded',
      title: 'Too much to do',
      status: 503,
      code: 'overloaded',
      detail: 'The service has as much work as it can hold; try again.',
      instance: '/wait',
      request_id: '"mine"',
    })
    expect(turnedAway.headers.get('content-type')).toBe('application/problem+json')
    expect(turnedAway.headers.get('x-request-id')).toBe('"mine"')
    const metrics = await send(http, 'GET', '/metrics')
    expect(metrics.text).toContain(
      'route="/wait",method="POST",surface="rpc",status="503",service="stall"} 1',
    )
    letGo()
    await first
  })

  test('comes to each of a thousand, in their order', async () => {
    const { wait, letGo } = waiting({ inFlightMax: 1 })
    const first = wait()
    const order: number[] = []
    const refused = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        const { status } = await wait()
        order.push(i)
        return status
      }),
    )
    expect(new Set(refused)).toEqual(new Set([503]))
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    letGo()
    expect((await first).status).toBe(200)
  })
})

describe('a route that is slow', () => {
  /** Beside a route that waits, one that does not. */
  function beside(options: Parameters<typeof testHttp>[0]) {
    const app = waiting(options)
    const reply = Type.Object({})
    app.http.get('/quick', { summary: 'Quick', guard: 'open', reply, run: async () => ok({}) })
    return app
  }

  test('leaves half of the places to the others', async () => {
    const { http, wait, letGo } = beside({ inFlightMax: 200 })
    const waits = Array.from({ length: 150 }, wait)
    expect(await send(http, 'GET', '/quick')).toMatchObject({ status: 200 })
    letGo()
    const statuses = (await Promise.all(waits)).map(({ status }) => status)
    expect([statuses.filter((status) => status === 200).length, statuses.length]).toEqual([100, 150])
  })

  test('is given fewer places while all of its requests wait too long', async () => {
    const { wait } = waiting({ inFlightMax: 1000, requestTimeoutMs: 100 })
    const crowd = () => Promise.all(Array.from({ length: 200 }, wait))
    const codesOf = (replies: Awaited<ReturnType<typeof crowd>>) =>
      replies.map(({ json }) => (json as { code: string }).code)
    const before = codesOf(await crowd())
    expect(before.filter((code) => code === 'deadline_exceeded')).toHaveLength(200)
    const after = codesOf(await crowd())
    expect(after.filter((code) => code === 'overloaded').length).toBeGreaterThan(0)
    expect(after.filter((code) => code === 'deadline_exceeded').length).toBeGreaterThanOrEqual(64)
  })
})

describe('a request that takes too long', () => {
  test('is answered 503, and what comes later is dropped', async () => {
    const { wait, letGo, lines } = waiting({ requestTimeoutMs: 30 })
    expect(await wait()).toMatchObject({ status: 503, json: { code: 'deadline_exceeded' } })
    letGo()
    await Bun.sleep(0)
    expect(lines).toMatchObject([{ level: 'error', status: 503, code: 'deadline_exceeded' }])
  })

  test('and fails after all is logged all the same', async () => {
    const { wait, fail, lines } = waiting({ requestTimeoutMs: 30 })
    await wait()
    fail(new Error('too late and wrong'))
    await Bun.sleep(0)
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      err: { message: 'too late and wrong' },
      route: '/wait',
    })
  })

  test('makes room for the next', async () => {
    const { wait } = waiting({ requestTimeoutMs: 30, inFlightMax: 1 })
    expect((await wait()).json).toMatchObject({ code: 'deadline_exceeded' })
    expect((await wait()).json).toMatchObject({ code: 'deadline_exceeded' })
  })
})

test('requests end in the order in which they came, each at its own time', async () => {
  const inFlight = new InFlight()
  const expired: string[] = []
  const done = Promise.withResolvers<void>()
  const exchange = (name: string, inMs: number) => {
    const one = {
      dueAtMs: performance.now() + inMs,
      expire() {
        expect(performance.now()).toBeGreaterThanOrEqual(one.dueAtMs)
        expired.push(name)
        inFlight.remove(one)
        if (inFlight.size === 0) done.resolve()
      },
    }
    inFlight.add(one)
    return one
  }
  exchange('first', 20)
  const answered = exchange('answered', 25)
  exchange('last', 60)
  inFlight.remove(answered)
  await done.promise
  expect(expired).toEqual(['first', 'last'])
})

test('of those who are still sending, the slow ones are ended, and nobody who has sent', () => {
  const inFlight = new InFlight()
  const ended: string[] = []
  const exchange = (name: string) => {
    const one = {
      dueAtMs: performance.now() + 60_000,
      expire() {
        ended.push(name)
        inFlight.remove(one)
      },
    }
    inFlight.add(one)
    return one
  }
  inFlight.sending(exchange('slow'), 0)
  const sent = exchange('sent')
  inFlight.sending(sent, 0)
  inFlight.sending(exchange('slower'), 1)
  inFlight.sending(exchange('quick'), 900)
  inFlight.sent(sent)
  inFlight.endSlow(999)
  expect(ended).toEqual([])
  inFlight.endSlow(1_500)
  expect([ended, inFlight.size]).toEqual([['slow', 'slower'], 2])
})

describe('the log of requests', () => {
  async function linesOf(level: 'info' | 'debug') {
    const { http, lines } = testHttp({ level })
    const body = Type.Object({ password: Type.String() })
    http.post('/ok', {
      summary: 'A',
      guard: 'service',
      body,
      reply: Type.Object({}),
      run: async () => ok({}),
    })
    const sent = {
      headers: { ...service, cookie: 'canary-1', 'x-request-id': 'r' },
      body: { password: 'canary-2' },
    }
    await send(http, 'POST', '/ok?token=canary-3', sent)
    await send(http, 'POST', '/ok?token=canary-3', { ...sent, body: { password: 4 } })
    await send(http, 'POST', '/canary-4', sent)
    expect(JSON.stringify(lines)).not.toContain('canary')
    expect(JSON.stringify(lines)).not.toContain('the-service-token')
    return lines.map(({ level, route, status, code }) => [level, route, status, code])
  }

  test('tells refusals, and answers to whoever wants to know; never what was sent', async () => {
    const refused = [
      ['info', '/ok', 400, 'invalid_argument'],
      ['info', '(none)', 404, 'route_not_found'],
    ]
    expect(await linesOf('info')).toEqual(refused)
    expect(await linesOf('debug')).toEqual([['debug', '/ok', 200, undefined], ...refused])
  })
})

describe('the metrics of requests', () => {
  test('count by route and status, never by path', async () => {
    const { http } = testHttp()
    const params = Type.Object({ id: Type.Integer() })
    http.get('/api/v1/things/:id', {
      summary: 'A',
      guard: 'open',
      params,
      reply: Type.Object({}),
      run: async () => ok({}),
    })
    for (const path of [
      '/api/v1/things/1',
      '/api/v1/things/2',
      '/api/v1/things/x',
      '/secret-1',
      '/secret-2',
    ]) {
      await send(http, 'GET', path)
    }
    const { text } = await send(http, 'GET', '/metrics')
    expect(text).toContain(
      'http_requests_total{route="/api/v1/things/:id",method="GET",surface="rest",status="200",service="stall"} 2',
    )
    expect(text).toContain(
      'http_requests_total{route="/api/v1/things/:id",method="GET",surface="rest",status="400",service="stall"} 1',
    )
    expect(text).toContain(
      'http_requests_total{route="(none)",method="GET",surface="rpc",status="404",service="stall"} 2',
    )
    expect(text).toContain(
      'http_request_duration_seconds_count{route="/api/v1/things/:id",method="GET",surface="rest",service="stall"} 3',
    )
    expect(text).not.toContain('secret')
  })

  test('show what is being worked on', async () => {
    const { http, wait, letGo } = waiting()
    const waits = [wait(), wait()]
    expect((await send(http, 'GET', '/metrics')).text).toContain('http_requests_in_flight{service="stall"} 2')
    letGo()
    await Promise.all(waits)
    expect((await send(http, 'GET', '/metrics')).text).toContain('http_requests_in_flight{service="stall"} 0')
  })
})
