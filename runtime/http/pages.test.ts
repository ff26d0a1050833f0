import { describe, expect, test } from 'bun:test'
import { send, service, testHttp } from './testing.ts'

describe('health', () => {
  test('a process that runs is alive', async () => {
    const { http } = testHttp({ ready: async () => ({ ready: false, degraded: [] }) })
    expect(await send(http, 'GET', '/health/live')).toMatchObject({ status: 200, json: { status: 'live' } })
  })

  test.each([
    [{ ready: true, degraded: [] }, 200, { status: 'ready', degraded: [] }],
    [{ ready: true, degraded: ['nats'] }, 200, { status: 'degraded', degraded: ['nats'] }],
    [{ ready: false, degraded: ['nats'] }, 503, { status: 'not ready', degraded: ['nats'] }],
  ])('%j is %i', async (readiness, status, json) => {
    const { http } = testHttp({ ready: async () => readiness })
    expect(await send(http, 'GET', '/health/ready')).toMatchObject({ status, json })
  })

  test('a check that fails is not ready, and tells only the log why', async () => {
    const { http, lines } = testHttp({ ready: () => Promise.reject(new Error('disk is gone')) })
    expect(await send(http, 'GET', '/health/ready')).toMatchObject({
      status: 503,
      text: '{"status":"not ready","degraded":[]}',
    })
    expect(lines).toMatchObject([{ level: 'error', err: { message: 'disk is gone' } }])
  })

  test('a check that hangs is not ready', async () => {
    const { http } = testHttp({ ready: () => new Promise(() => {}) })
    expect(await send(http, 'GET', '/health/ready')).toMatchObject({ status: 503 })
  })
})

describe('metrics', () => {
  test('are plain text of Prometheus', async () => {
    const reply = await send(testHttp().http, 'GET', '/metrics')
    expect(reply.headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
    expect(reply.text).toContain('process_resident_memory_bytes{service="stall"}')
  })
})

describe('the page', () => {
  test('fetches nothing from elsewhere', async () => {
    const http = testHttp().http
    const { text, headers } = await send(http, 'GET', '/swagger')
    expect(headers.get('content-type')).toContain('text/html')
    expect(text).not.toMatch(/https?:/)
    const sources = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source)
    expect(sources.length).toBeGreaterThan(1)
    for (const source of sources) expect(await send(http, 'GET', source)).toMatchObject({ status: 200 })
  })
})

test('the icon that browsers ask for is none, and is no refusal', async () => {
  const { http, lines } = testHttp()
  expect((await send(http, 'GET', '/favicon.ico')).status).toBe(204)
  expect(lines).toEqual([])
})

test('a token is of no use and of no harm on the open pages', async () => {
  for (const path of ['/health/live', '/health/ready', '/metrics', '/swagger', '/swagger/json']) {
    expect(await send(testHttp().http, 'GET', path, { headers: service })).toMatchObject({ status: 200 })
    expect(
      await send(testHttp().http, 'GET', path, { headers: { authorization: 'Bearer wrong' } }),
    ).toMatchObject({ status: 200 })
  }
})
