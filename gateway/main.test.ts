//! The door as a process of its own, with real sockets on either side.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { connect } from 'node:net'
import { startSystem, type TestSystem } from '../tests/harness/system.ts'
import { type Echo, startEcho, startRaw, until } from './fixture.ts'

setDefaultTimeout(60_000)

let echo: Echo
let system: TestSystem

beforeAll(async () => {
  echo = startEcho('catalog', async (request) => {
    if (request.url.includes('slow')) await Bun.sleep(300)
    return undefined
  })
  system = await startSystem({
    services: ['gateway'],
    env: {
      GATEWAY_UPSTREAM_CATALOG: echo.url,
      GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '0',
      // One service has less than half of the places.
      HTTP_IN_FLIGHT_MAX: '4096',
    },
  })
})
afterAll(async () => {
  await system.stop()
  await echo[Symbol.asyncDispose]()
})

/** A connection that is kept, and asks one thing after another. */
async function caller(url: string) {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  let received = ''
  let isClosed = false
  let changed = Promise.withResolvers<void>()
  const change = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  socket.on('data', (data) => {
    received += data.toString('latin1')
    change()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    change()
  })
  await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
  return {
    end: () => socket.destroy(),
    isClosed: () => isClosed,
    async ask(path: string): Promise<string> {
      received = ''
      socket.write(`GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`)
      const isWhole = () => {
        const headEnd = received.indexOf('\r\n\r\n')
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1])
        return headEnd !== -1 && received.length >= headEnd + 4 + length
      }
      while (!isWhole() && !isClosed) await changed.promise
      return received
    },
  }
}

const statusOf = (answer: string) => Number(answer.slice(9, 12))

test('a thousand requests at once are all answered', async () => {
  const callers = await Promise.all(Array.from({ length: 1_000 }, () => caller(system.url('gateway'))))
  const answers = await Promise.all(callers.map((one, index) => one.ask(`/api/v1/products?n=${index}`)))
  expect(answers.filter((answer) => statusOf(answer) !== 200)).toEqual([])
  // Each its own, and nobody somebody else's.
  const wrong = answers.filter((answer, index) => !answer.includes(`"target":"/api/v1/products?n=${index}"`))
  expect(wrong).toEqual([])
  for (const one of callers) one.end()
})

test('connections to a service are kept and used again', async () => {
  await using upstream = await startRaw((socket, head) => {
    for (const _ of head.matchAll(/^GET /gm)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  await system.restart('gateway', { GATEWAY_UPSTREAM_CATALOG: upstream.url })
  const one = await caller(system.url('gateway'))
  for (let index = 0; index < 200; index++) expect(statusOf(await one.ask('/api/v1/products'))).toBe(200)
  one.end()
  expect(upstream.asked.length).toBe(200)
  expect(upstream.connections).toBe(1)
  await system.restart('gateway')
})

test('it is ready without any service, as long as nobody has missed one', async () => {
  const readiness = async () => {
    const response = await fetch(`${system.url('gateway')}/health/ready`)
    return [response.status, await response.json()]
  }
  await until(async () => Bun.deepEquals(await readiness(), [200, { status: 'ready', degraded: [] }]))
  for (let index = 0; index < 4; index++) await fetch(`${system.url('gateway')}/api/v1/categories`)
  expect(await readiness()).toEqual([200, { status: 'ready', degraded: [] }])
  for (let index = 0; index < 4; index++) await fetch(`${system.url('gateway')}/api/v1/pickup-points`)
  expect(await readiness()).toEqual([200, { status: 'degraded', degraded: ['delivery'] }])
})

describe('told to stop', () => {
  test('it finishes what it has begun, fails nobody, and ends well', async () => {
    const callers = await Promise.all(Array.from({ length: 20 }, () => caller(system.url('gateway'))))
    const statuses: number[] = []
    let isStopping = false
    const asking = callers.map(async (one) => {
      // Whoever is told to come back by another connection does not ask by this one again.
      for (let last = ''; !/connection: close/i.test(last) && !one.isClosed(); ) {
        last = await one.ask(isStopping ? '/api/v1/products' : '/api/v1/products?slow')
        statuses.push(statusOf(last))
      }
    })
    await until(() => echo.arrived.filter(({ target }) => target.includes('slow')).length >= 20)
    isStopping = true
    const startedAt = performance.now()
    await system.kill('gateway', 'SIGTERM')
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    await Promise.all(asking)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
    expect(statuses.length).toBeGreaterThanOrEqual(20)
    expect(system.logs('gateway').at(-1)).toContain('"msg":"stopped"')
    await system.start('gateway')
  })
})

test('nothing that a visitor brought along to prove who they are stands in the log', async () => {
  const secret = 'a-secret-that-nobody-may-read'
  const headers = {
    authorization: `Bearer ${secret}`,
    cookie: `session_id=${secret}`,
    'x-csrf-token': secret,
  }
  for (const path of ['/api/v1/products', '/api/v1/orders', `/nowhere?token=${secret}`]) {
    await fetch(`${system.url('gateway')}${path}`, { headers })
    await fetch(`${system.url('gateway')}${path}`, { headers: { cookie: headers.cookie }, method: 'POST' })
  }
  await system.restart('gateway')
  expect(system.logs('gateway').filter((line) => line.includes(secret))).toEqual([])
  expect(system.logs('gateway').some((line) => line.includes('request refused'))).toBe(true)
})
