import { describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { ok } from '../../contracts/errors.ts'
import { Int64Schema } from '../../contracts/scalars.ts'
import { send, testHttp } from './testing.ts'

/** A stall whose document has something of everything. */
function documented() {
  const { http } = testHttp({ securityNote: 'Ask the keeper.' })
  const reply = Type.Object({ id: Int64Schema })
  http.post('/order/create', {
    summary: 'Place an order',
    description: 'Reserves stock.',
    tags: ['orders'],
    guard: 'service',
    body: Type.Object(
      { user: Int64Schema, note: Type.Optional(Type.String()) },
      { examples: [{ user: 42 }] },
    ),
    reply,
    refusals: ['insufficient_stock'],
    changesState: true,
    run: async (_, { user }) => ok({ id: user }),
  })
  http.get('/api/v1/orders/:id', {
    summary: 'See an order',
    guard: 'user',
    params: Type.Object({ id: Type.Integer({ examples: [42] }) }),
    query: Type.Object({
      page: Type.Optional(Type.Integer({ minimum: 1, description: 'From 1.' })),
      q: Type.String(),
    }),
    reply: Type.Object({ id: Int64Schema, at: Type.Union([Type.String(), Type.Null()]) }),
    refusals: ['order_not_found', 'order_not_payable'],
    run: async (_, { params }) => ok({ id: params.id, at: null }),
  })
  http.post('/api/v1/order', {
    summary: 'Buy',
    guard: 'open',
    status: [201, 202],
    reply,
    run: async () => ok({ id: 1 }),
  })
  http.delete('/api/v1/cart', {
    summary: 'Empty',
    guard: 'open',
    status: 204,
    reply: Type.Null(),
    run: async () => ok(null),
  })
  return http
}

type Content = Record<string, { examples?: Record<string, unknown> }>
type Operation = Record<string, unknown> & {
  responses: Record<string, { content?: Content; headers?: Record<string, unknown> }>
}
type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { securitySchemes: { bearer: { description: string } } }
}

async function documentOf(): Promise<Document> {
  return (await send(documented(), 'GET', '/swagger/json')).json as Document
}

async function operation(path: string, method: string): Promise<Operation> {
  const found = (await documentOf()).paths[path]?.[method]
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`)
  return found
}

test('the linter finds nothing to say about the document', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-document-'))
  try {
    const path = join(folder, 'openapi.json')
    await Bun.write(path, JSON.stringify(await documentOf()))
    const command = [
      'x',
      '--bun',
      '--no-install',
      'redocly',
      'lint',
      '--extends=recommended',
      '--format=json',
      path,
    ]
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const lint = Bun.spawn([process.execPath, ...command], { stdout: 'pipe', stderr: 'ignore', env })
    const { problems } = JSON.parse(await lint.stdout.text())
    expect({ code: await lint.exited, problems }).toEqual({ code: 0, problems: [] })
  } finally {
    await rm(folder, { recursive: true })
  }
}, 30_000)

describe('every refusal of a route is documented by its status', () => {
  async function codesOf(path: string, method: string) {
    const { responses } = await operation(path, method)
    return Object.entries(responses)
      .filter(([status]) => Number(status) >= 400)
      .map(([status, { content }]) => [
        Number(status),
        Object.keys(content?.['application/problem+json']?.examples ?? {}),
      ])
  }

  test('of RPC', async () => {
    expect(await codesOf('/order/create', 'post')).toEqual([
      [400, ['invalid_argument', 'malformed_body', 'idempotency_key_invalid']],
      [401, ['unauthenticated']],
      [403, ['permission_denied']],
      [408, ['body_too_slow']],
      [409, ['in_progress']],
      [412, ['insufficient_stock']],
      [413, ['body_too_large']],
      [415, ['unsupported_media_type']],
      [422, ['idempotency_key_reused']],
      [500, ['internal']],
      [503, ['overloaded', 'unavailable', 'deadline_exceeded']],
    ])
  })

  test('of REST', async () => {
    expect(await codesOf('/api/v1/orders/{id}', 'get')).toEqual([
      [400, ['invalid_argument']],
      [401, ['unauthenticated']],
      [403, ['permission_denied']],
      [404, ['order_not_found']],
      [409, ['order_not_payable']],
      [500, ['internal']],
      [503, ['overloaded', 'unavailable', 'deadline_exceeded']],
    ])
  })
})

describe('what an answer comes with is documented', () => {
  async function headersOf(path: string, method: string) {
    const { responses } = await operation(path, method)
    return Object.fromEntries(
      Object.entries(responses).map(([status, { headers = {} }]) => [
        status,
        Object.keys(headers).filter((name) => name !== 'X-Request-Id'),
      ]),
    )
  }

  test('with a refusal', async () => {
    const refusals = { 400: [], 401: ['WWW-Authenticate'], 403: [], 503: ['Retry-After'] }
    expect(await headersOf('/api/v1/orders/{id}', 'get')).toMatchObject(refusals)
    expect(await headersOf('/metrics', 'get')).toMatchObject({ 401: ['WWW-Authenticate'] })
    expect(await headersOf('/health/live', 'get')).toMatchObject({ 405: ['Allow'] })
  })

  test('with what is found elsewhere', async () => {
    expect(await headersOf('/api/v1/order', 'post')).toMatchObject({ 201: ['Location'], 202: ['Location'] })
    expect(await headersOf('/order/create', 'post')).toMatchObject({ 200: ['Idempotent-Replayed'] })
    expect(await headersOf('/api/v1/cart', 'delete')).toMatchObject({ 204: [] })
  })
})

describe('what may be sent is documented', () => {
  test('as a body, with its example and with nothing else in it', async () => {
    const schema = { additionalProperties: false, required: ['user'], examples: [{ user: 42 }] }
    expect(await operation('/order/create', 'post')).toMatchObject({
      operationId: 'post_order_create',
      tags: ['orders'],
      security: [{ bearer: [] }],
      parameters: [{ name: 'Idempotency-Key', in: 'header', required: false }],
      requestBody: { required: true, content: { 'application/json': { schema } } },
    })
  })

  test('as parameters', async () => {
    expect((await operation('/api/v1/orders/{id}', 'get')).parameters).toMatchObject([
      { name: 'id', in: 'path', required: true, example: 42 },
      { name: 'page', in: 'query', required: false, description: 'From 1.' },
      { name: 'q', in: 'query', required: true },
    ])
  })

  test('by anybody, where the route is open', async () => {
    expect(await operation('/api/v1/order', 'post')).toMatchObject({
      security: [],
      responses: { 201: {}, 202: {} },
    })
  })

  test('with which token', async () => {
    expect((await documentOf()).components.securitySchemes.bearer.description).toContain('Ask the keeper.')
  })
})
