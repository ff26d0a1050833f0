import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../../contracts/errors.ts'
import type { Call } from '../call.ts'
import { Refusal } from '../refusal.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Sent, send, service, testHttp, testNow } from './testing.ts'

/** Keeps the call that an operation was given. */
function listening(options: Parameters<typeof testHttp>[0] = {}) {
  const app = testHttp(options)
  const calls: Call[] = []
  const keep = async (call: Call) => {
    calls.push(call)
    return ok({})
  }
  const body = Type.Object({ a: Type.Optional(Type.Integer()), b: Type.Optional(Type.Integer()) })
  const common = { summary: 'Listen', guard: 'open', reply: Type.Object({}) } as const
  app.http.post('/tell', { ...common, body, changesState: true, run: keep })
  app.http.post('/ask', { ...common, body, run: keep })
  app.http.post('/thing/:id', {
    ...common,
    body,
    params: Type.Object({ id: Type.String() }),
    changesState: true,
    run: keep,
  })
  const callOf = async (sent: Sent = {}, path = '/tell') => {
    const reply = await send(app.http, 'POST', path, { body: {}, ...sent })
    expect(reply.status).toBe(200)
    return { ...(calls.at(-1) as Call), reply }
  }
  return { ...app, callOf }
}

describe('an operation is told', () => {
  test('the last value of a name that stands twice in a body, which is judged by it too', async () => {
    const { http, callOf } = listening()
    const of = async (text: string) =>
      (await callOf({ text, headers: { 'idempotency-key': 'k' } })).idempotency
    expect((await of('{"a":"x","b":1,"a":2}'))?.fingerprint).toBe((await of('{"b":1,"a":2}'))?.fingerprint)
    expect(await send(http, 'POST', '/tell', { text: '{"a":2,"a":"x"}' })).toMatchObject({ status: 400 })
  })

  test('who asks', async () => {
    const { callOf } = listening()
    expect((await callOf({ headers: service })).caller).toBe('service')
    expect((await callOf({ headers: { authorization: 'Bearer user-7' } })).caller).toBe('user:7')
    expect((await callOf()).caller).toBe('address:unknown')
  })

  test('until when anybody waits', async () => {
    expect((await listening({ requestTimeoutMs: 1234 }).callOf()).deadlineAt).toBe((testNow + 1234) as never)
  })

  test('the request id that the caller gave, and so is the caller', async () => {
    const { requestId, reply } = await listening().callOf({ headers: { 'x-request-id': 'req-from-outside' } })
    expect([requestId, reply.headers.get('x-request-id')]).toEqual(['req-from-outside', 'req-from-outside'])
  })

  test.each(['a b', 'ї', 'x'.repeat(129), 'a\tb'])(
    'a request id of our own in place of %p',
    async (given) => {
      const { requestId, reply } = await listening().callOf({
        headers: { 'x-request-id': encodeHeader(given) },
      })
      expect([requestId, reply.headers.get('x-request-id')]).toEqual(['req_1', 'req_1'])
    },
  )

  test('the trace that the caller continues', async () => {
    const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const { traceparent } = await listening().callOf({ headers: { traceparent: parent } })
    expect(traceparent.slice(0, 36)).toBe(parent.slice(0, 36))
    expect(traceparent).not.toBe(parent)
    expect((await listening().callOf()).traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  })

  test('whose shop it is, by a service only', async () => {
    const tenant = { 'x-tenant-id': 'shop-2' }
    const { callOf } = listening()
    expect((await callOf({ headers: { ...service, ...tenant } })).tenantId).toBe('shop-2' as never)
    expect((await callOf({ headers: tenant })).tenantId).toBe('default' as never)
    expect((await callOf({ headers: { ...tenant, authorization: 'Bearer user-7' } })).tenantId).toBe(
      'default' as never,
    )
  })

  test('nothing where a service names a tenant that cannot be one', async () => {
    const { http } = listening()
    const headers = { ...service, 'x-tenant-id': '../x' }
    const refused = await send(http, 'POST', '/tell', { body: {}, headers })
    expect(refused.status).toBe(400)
    expect(refused.json).toMatchObject({ errors: [{ path: '/x-tenant-id', in: 'header' }] })
  })
})

/** Bytes as they would arrive: header values are no Unicode. */
const encodeHeader = (text: string) => Buffer.from(text).toString('latin1')

describe('an idempotency key', () => {
  const key = { 'idempotency-key': 'key-1' }

  test('comes with the caller and route that it counts for, and a fingerprint of the body', async () => {
    const { callOf } = listening()
    const { idempotency } = await callOf({ headers: { ...service, ...key }, text: '{"b":2, "a":1}' })
    expect(idempotency).toEqual({
      key: 'key-1',
      scope: 'service POST /tell',
      fingerprint: fingerprintOf('a-secret', { a: 1, b: 2 }),
    })
    expect((await callOf({ headers: key })).idempotency?.scope).toBe('address:unknown POST /tell')
  })

  test('of another thing at the same route is another request', async () => {
    const { callOf } = listening()
    const one = await callOf({ headers: key }, '/thing/1')
    const other = await callOf({ headers: key }, '/thing/2')
    expect(one.idempotency?.scope).toBe(String(other.idempotency?.scope))
    expect(one.idempotency?.fingerprint).not.toBe(String(other.idempotency?.fingerprint))
  })

  test('is not needed, and means nothing where nothing changes', async () => {
    const { callOf } = listening()
    expect(await callOf()).not.toHaveProperty('idempotency')
    expect(await callOf({ headers: key }, '/ask')).not.toHaveProperty('idempotency')
  })

  test.each(['', 'a b', 'x'.repeat(256), 'ї'])('%p is refused', async (value) => {
    const headers = { 'idempotency-key': encodeHeader(value) }
    expect(await send(listening().http, 'POST', '/tell', { headers, body: {} })).toMatchObject({
      status: 400,
      json: { code: 'idempotency_key_invalid' },
    })
  })

  test.each(['!', '~'.repeat(255)])('%p is taken', async (value) => {
    expect((await listening().callOf({ headers: { 'idempotency-key': value } })).idempotency?.key).toBe(value)
  })
})

describe('a repeat is answered as the first request was, to the letter', () => {
  function replaying() {
    const app = testHttp()
    let first: string | undefined
    app.http.post('/order/pay', {
      summary: 'Pay',
      guard: 'open',
      body: Type.Object({ short: Type.Boolean() }),
      reply: Type.Object({ orderID: Type.Integer() }),
      changesState: true,
      run: async (call, { short }) => {
        const answer = short ? fail('order_not_payable', { now: 'cancelled' }) : ok({ orderID: 5 })
        if (first !== undefined) return { ...answer, replayOf: first }
        first = call.requestId
        return answer
      },
    })
    return app.http
  }

  test.each([true, false])('refused: %p', async (short) => {
    const http = replaying()
    const headers = { 'idempotency-key': 'k' }
    const [first, repeat] = [
      await send(http, 'POST', '/order/pay', { headers, body: { short } }),
      await send(http, 'POST', '/order/pay', { headers, body: { short } }),
    ]
    expect([repeat.status, repeat.text]).toEqual([first.status, first.text])
    expect([first.headers.get('idempotent-replayed'), repeat.headers.get('idempotent-replayed')]).toEqual([
      null,
      'true',
    ])
    expect([first.headers.get('x-request-id'), repeat.headers.get('x-request-id')]).toEqual([
      'req_1',
      'req_2',
    ])
  })
})

describe('a bug', () => {
  const bugs: Record<string, () => Promise<never>> = {
    'that is thrown': () => Promise.reject(new Error('canary-5521')),
    'that throws what is no error': () => Promise.reject('canary-5521'),
    'that answers another shape': async () => ok({ orderID: 'canary-5521' }) as never,
    'that answers more than it may': async () => ok({ orderID: 1, password: 'canary-5521' }) as never,
    'that answers what JSON does not have': async () => ok({ orderID: 5n }) as never,
    'that answers an undeclared status': async () => ({ ...ok({ orderID: 1 }), status: 202 }) as never,
    'that answers nothing': async () => undefined as never,
    'in its headers': async () => ({ ...ok({ orderID: 1 }), headers: { location: 'a\nb' } }) as never,
    'in its refusal': async () => fail('order_not_found', { at: 5n }) as never,
  }

  test.each(Object.keys(bugs))('%s is a 500 that tells nothing, and is logged', async (name) => {
    const { http, lines } = testHttp()
    const reply = Type.Object({ orderID: Type.Integer() })
    const run = async () => await (bugs[name] as () => Promise<never>)()
    http.post('/bug', { summary: 'Bug', guard: 'open', reply, refusals: ['order_not_found'], run })
    const answer = await send(http, 'POST', '/bug')
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal', request_id: 'req_1' } })
    expect(answer.text).not.toContain('canary')
    expect(lines.filter((line) => line.level === 'error')).toMatchObject([
      { request_id: 'req_1', route: '/bug', status: 500, err: expect.anything() },
    ])
  })
})

test('a route that was added to the app by hand tells nothing of its bugs either', async () => {
  const { http, lines } = testHttp()
  http.app.get('/raw', () => {
    throw new Error('canary-5521')
  })
  const answer = await send(http, 'GET', '/raw')
  expect(answer).toMatchObject({ status: 500, json: { code: 'internal', instance: '/raw' } })
  expect(answer.text).not.toContain('canary')
  expect(lines).toMatchObject([{ level: 'error', err: { message: 'canary-5521' } }])
})

test('a part that throws a refusal is answered by its code, and its cause is logged', async () => {
  const { http, lines } = testHttp()
  const cause = new Error('connection refused')
  const run = () => Promise.reject(new Refusal('catalog_unavailable', 'catalog is away', { cause }))
  http.post('/list', { summary: 'List', guard: 'open', reply: Type.Object({}), run })
  const reply = await send(http, 'POST', '/list')
  expect(reply).toMatchObject({ status: 503, json: { code: 'catalog_unavailable' } })
  expect(reply.headers.get('retry-after')).toBe('1')
  expect(lines).toMatchObject([{ level: 'error', err: { cause: { message: 'connection refused' } } }])
})
