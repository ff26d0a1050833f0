import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../contracts/errors.ts'
import { Int64Schema } from '../contracts/scalars.ts'
import { request, send, service, testHttp } from './http/testing.ts'

/** A stall with one route of every sort. */
function stall() {
  const app = testHttp()
  const { http } = app
  http.post('/order/create', {
    summary: 'Order',
    guard: 'service',
    body: Type.Object({ user: Int64Schema }),
    reply: Type.Object({ orderID: Int64Schema }),
    refusals: ['insufficient_stock'],
    run: async (_, body) =>
      body.user === 13 ? fail('insufficient_stock', { shortages: [{ sku: 1 }] }) : ok({ orderID: body.user }),
  })
  http.get('/api/v1/orders/:id', {
    summary: 'See',
    guard: 'user',
    params: Type.Object({ id: Int64Schema }),
    query: Type.Object({ page: Type.Optional(Type.Integer({ minimum: 1 })) }),
    reply: Type.Object({ id: Int64Schema, page: Type.Integer() }),
    refusals: ['order_not_found'],
    run: async (_, { params, query }) =>
      params.id === '404' ? fail('order_not_found') : ok({ id: params.id, page: query.page ?? 1 }),
  })
  http.post('/api/v1/orders', {
    summary: 'Order',
    guard: 'open',
    body: Type.Object({ wait: Type.Optional(Type.Boolean()) }),
    reply: Type.Object({ id: Type.String() }),
    status: [201, 202],
    run: async (_, { wait }) => ({
      ...ok({ id: '5' }),
      headers: { location: '/api/v1/orders/5' },
      ...(wait === true ? { status: 202 } : {}),
    }),
  })
  http.delete('/api/v1/cart', {
    summary: 'Empty the cart',
    guard: 'open',
    reply: Type.Null(),
    status: 204,
    run: async () => ok(null),
  })
  http.put('/api/v1/orders/:id/status', {
    summary: 'Set',
    guard: 'service',
    params: Type.Object({ id: Int64Schema }),
    body: Type.Object({ status: Type.Literal('shipped') }),
    reply: Type.Object({ id: Int64Schema, status: Type.String() }),
    run: async (_, { status }, { params, identity }) => {
      expect(identity.isService).toBe(true)
      return ok({ id: params.id, status })
    },
  })
  return app
}

describe('an answer', () => {
  test('is JSON with the request id', async () => {
    const reply = await send(stall().http, 'POST', '/order/create', { headers: service, body: { user: 7 } })
    expect(reply).toMatchObject({ status: 200, text: '{"orderID":7}' })
    expect(reply.headers.get('content-type')).toBe('application/json')
    expect(reply.headers.get('x-request-id')).toBe('req_1')
  })

  test('carries the status and the headers that the operation chose', async () => {
    const { http } = stall()
    const made = await send(http, 'POST', '/api/v1/orders', { body: {} })
    const taken = await send(http, 'POST', '/api/v1/orders', { body: { wait: true } })
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/orders/5'])
    expect(taken.status).toBe(202)
  })

  test('with nothing to say has no body and no type', async () => {
    const reply = await send(stall().http, 'DELETE', '/api/v1/cart')
    expect(reply).toMatchObject({ status: 204, text: '' })
    expect(reply.headers.get('content-type')).toBeNull()
  })

  test('to a question is kept by nobody on the way', async () => {
    const reply = await send(stall().http, 'GET', '/api/v1/orders/5?page=2', { headers: service })
    expect(reply).toMatchObject({ status: 200, json: { id: '5', page: 2 } })
    expect(reply.headers.get('cache-control')).toBe('no-store')
  })

  test('of another verb takes path and body together', async () => {
    const sent = { headers: service, body: { status: 'shipped' } }
    const reply = await send(stall().http, 'PUT', '/api/v1/orders/5/status', sent)
    expect(reply.json).toEqual({ id: '5', status: 'shipped' })
  })
})

describe('a refusal', () => {
  test('is a problem document with what the operation adds, 412 to RPC', async () => {
    const reply = await send(stall().http, 'POST', '/order/create', { headers: service, body: { user: 13 } })
    expect(reply.headers.get('content-type')).toBe('application/problem+json')
    expect(reply.headers.get('x-request-id')).toBe('req_1')
    expect(reply).toMatchObject({
      status: 412,
      json: {
        code: 'insufficient_stock',
        instance: '/order/create',
        request_id: 'req_1',
        shortages: [{ sku: 1 }],
      },
    })
  })

  test('of what is wrong in path, query and body tells everything at once', async () => {
    const { http } = stall()
    const seen = await send(http, 'GET', '/api/v1/orders/x?page=0&more=1', { headers: service })
    expect(seen.status).toBe(400)
    expect(seen.json).toMatchObject({
      code: 'invalid_argument',
      instance: '/api/v1/orders/x',
      errors: [
        { in: 'path', path: '/id' },
        { in: 'query', path: '/page' },
        { in: 'query', path: '/more', message: 'is not a known field' },
      ],
    })
    const set = await send(http, 'PUT', '/api/v1/orders/x/status', {
      headers: service,
      body: { status: 'new' },
    })
    expect(set.json).toMatchObject({
      errors: [
        { in: 'path', path: '/id' },
        { path: '/status', message: 'must be "shipped"' },
      ],
    })
  })
})

describe('a body', () => {
  const post = (sent: Parameters<typeof send>[3]) =>
    send(stall().http, 'POST', '/order/create', { ...sent, headers: { ...service, ...sent?.headers } })

  test.each([
    ['not JSON', '{"user":'],
    ['two values', '{} {}'],
    ['NaN', '{"user":NaN}'],
    ['a trailing comma', '{"user":1,}'],
    ['a comment', '{"user":1/*one*/}'],
    ['empty', ''],
    ['blank', '  '],
    ['a thousand open brackets', '['.repeat(999)],
  ])('that is %s is malformed', async (_, text) => {
    expect(await post({ text })).toMatchObject({ status: 400, json: { code: 'malformed_body' } })
  })

  test('that is not UTF-8 is malformed, and nothing of it is guessed', async () => {
    const bytes = new Uint8Array([...Buffer.from('{"user":"'), 0xff, 0xfe, ...Buffer.from('"}')])
    const headers = { ...service, 'content-type': 'application/json' }
    const response = await stall().http.handle(
      new Request('http://localhost/order/create', { method: 'POST', headers, body: bytes }),
    )
    expect(await response.json()).toMatchObject({ status: 400, code: 'malformed_body' })
  })

  test.each(['[]', 'null', '7', '"text"'])('that is %s and no object is of the wrong shape', async (text) => {
    expect(await post({ text })).toMatchObject({
      status: 400,
      json: { code: 'invalid_argument', errors: [{ path: '', message: 'must be an object' }] },
    })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'multipart/form-data; boundary=x',
    '',
  ])('of type %p is not read', async (type) => {
    expect(await post({ text: '{"user":1}', headers: { 'content-type': type } })).toMatchObject({
      status: 415,
      json: { code: 'unsupported_media_type' },
    })
  })

  test.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset="UTF-8"'])(
    'of type %p is read',
    async (type) => {
      expect(await post({ text: '{"user":1}', headers: { 'content-type': type } })).toMatchObject({
        status: 200,
      })
    },
  )

  test('of another charset is not read', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-16' }
    expect(await post({ text: '{"user":1}', headers })).toMatchObject({ status: 415 })
  })

  test('larger than the limit is refused, to the byte', async () => {
    const padded = (bytes: number) => `{"user":1}${' '.repeat(bytes - 10)}`
    expect(await post({ text: padded(1000) })).toMatchObject({ status: 200 })
    expect(await post({ text: padded(1001) })).toMatchObject({
      status: 413,
      json: { code: 'body_too_large', limit_bytes: 1000 },
    })
  })

  test('may be left out where nothing in it is required', async () => {
    const { http } = stall()
    expect(await send(http, 'POST', '/api/v1/orders')).toMatchObject({ status: 201 })
    expect(await send(http, 'POST', '/order/create', { headers: service })).toMatchObject({ status: 400 })
  })

  test.each(['\\u0000', '\\ud800', 'a\\udfffb'])(
    'with text %p that cannot be stored is refused where it stands',
    async (bad) => {
      const { http } = testHttp()
      http.post('/note', {
        summary: 'Note',
        guard: 'open',
        body: Type.Object({ lines: Type.Array(Type.String()) }),
        reply: Type.Object({ lines: Type.Array(Type.String()) }),
        run: async (_, body) => ok(body),
      })
      const refused = await send(http, 'POST', '/note', { text: `{"lines":["fine","${bad}"]}` })
      expect(refused.json).toMatchObject({ code: 'invalid_argument', errors: [{ path: '/lines/1' }] })
      const stored = await send(http, 'POST', '/note', { text: '{"lines":["\\ud83d\\ude00 \\u0447"]}' })
      expect(stored.json).toEqual({ lines: ['😀 ч'] })
    },
  )
})

describe('what is no route', () => {
  test.each([
    '/',
    '/nope',
    '/order/create/',
    '//order/create',
    '/order//create',
    '/ORDER/CREATE',
    '/api/v1/orders/',
    '/order/create/../pay/x',
  ])('%s is not found', async (path) => {
    const reply = await send(stall().http, 'POST', path, { body: {} })
    expect(reply).toMatchObject({ status: 404, json: { code: 'route_not_found' } })
    expect(reply.headers.get('content-type')).toBe('application/problem+json')
  })

  test.each([
    ['GET', '/order/create', 'POST, OPTIONS'],
    ['HEAD', '/order/create', 'POST, OPTIONS'],
    ['DELETE', '/api/v1/orders/5', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/v1/orders', 'POST, OPTIONS'],
    ['POST', '/health/live', 'GET, HEAD, OPTIONS'],
    ['POST', '/swagger/json', 'GET, HEAD, OPTIONS'],
  ])(
    '%s %s is a method that the path does not take, and it says which it does',
    async (method, path, allow) => {
      const reply = await send(stall().http, method, path)
      expect([reply.status, reply.headers.get('allow')]).toEqual([405, allow])
      if (method !== 'HEAD') expect(reply.json).toMatchObject({ code: 'method_not_allowed' })
    },
  )

  test('OPTIONS tells the methods without a body', async () => {
    const reply = await send(stall().http, 'OPTIONS', '/api/v1/orders/5')
    expect(reply).toMatchObject({ status: 204, text: '' })
    expect(reply.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await send(stall().http, 'OPTIONS', '/nope')).toMatchObject({ status: 404 })
  })

  test('HEAD answers as GET does, without the body', async () => {
    const reply = await send(stall().http, 'HEAD', '/api/v1/orders/5', { headers: service })
    expect(reply).toMatchObject({ status: 200, text: '' })
    expect(reply.headers.get('content-type')).toBe('application/json')
  })
})

describe('the table of routes', () => {
  test('lists what was declared', () => {
    expect(
      stall().http.routes.map(({ method, path, guard, surface }) => `${method} ${path} ${guard} ${surface}`),
    ).toEqual([
      'POST /order/create service rpc',
      'GET /api/v1/orders/:id user rest',
      'POST /api/v1/orders open rest',
      'DELETE /api/v1/cart open rest',
      'PUT /api/v1/orders/:id/status service rest',
    ])
  })

  test('takes no route without a guard, and no answer of another shape', () => {
    const { http } = testHttp()
    const run = async () => ok({})
    // @ts-expect-error a route without a guard does not compile
    http.post('/a', { summary: 'A', reply: Type.Object({}), run })
    // @ts-expect-error the reply is not what the operation answers
    http.post('/b', { summary: 'B', guard: 'open', reply: Type.Object({ id: Type.Integer() }), run })
    expect(http.routes).toHaveLength(2)
  })

  test('takes no path whose names are not declared', () => {
    const { http } = testHttp()
    const entry = { summary: 'A', guard: 'open', reply: Type.Object({}), run: async () => ok({}) } as const
    expect(() => http.get('/a/:id', entry)).toThrow('the names in /a/:id')
    expect(() => http.get('/a/:id', { ...entry, params: Type.Object({ other: Type.String() }) })).toThrow()
    expect(() => http.get('a//b', entry)).toThrow('not a path')
  })
})

test('every guarded route turns away who brings no token, before anything is read', async () => {
  const { http } = stall()
  for (const { method, path, guard } of http.routes) {
    const sent = method === 'GET' ? {} : { text: '{' }
    const response = await http.handle(request(method, path.replace(':id', 'x'), sent))
    if (guard === 'open') expect(response.status).not.toBe(401)
    else expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  }
})
