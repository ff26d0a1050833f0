//! The one document of the whole API, and the page that shows it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { chromium } from 'playwright-core'
import { ok } from '../contracts/errors.ts'
import { isLoopback } from '../runtime/config.ts'
import { testHttp } from '../runtime/http/testing.ts'
import type { Listening } from '../runtime/http.ts'
import { openDoor, startEcho, type TestDoor } from './fixture.ts'
import { mergedDocument } from './openapi.ts'

type Operation = Readonly<Record<string, unknown>> & { readonly operationId: string }
type Document = {
  readonly info: { readonly description: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>
    readonly headers: Readonly<Record<string, unknown>>
  }
}

/** Two services as the runtime makes them, each with something that no visitor may see. */
function services(): readonly Listening[] {
  const product = Type.Object({ id: Type.String(), price: Type.String() })
  const catalog = testHttp().http
  catalog.get('/api/v1/products/:product_id', {
    summary: 'One product',
    tags: ['products'],
    guard: 'open',
    params: Type.Object({ product_id: Type.String({ maxLength: 64 }) }),
    reply: product,
    refusals: ['product_not_found'],
    run: async (_, { params }) => ok({ id: params.product_id, price: '1.00' }),
  })
  catalog.post('/get_product', {
    summary: 'Inside only',
    guard: 'open',
    reply: product,
    run: async () => ok({ id: 'x', price: '1.00' }),
  })
  const loms = testHttp().http
  loms.get('/api/v1/orders/:id', {
    summary: 'One order',
    guard: 'open',
    params: Type.Object({ id: Type.String() }),
    reply: Type.Object({ id: Type.String() }),
    run: async (_, { params }) => ok({ id: params.id }),
  })
  loms.post('/api/v1/orders', {
    summary: 'Order',
    guard: 'open',
    reply: Type.Object({ id: Type.String() }),
    run: async () => ok({ id: '7' }),
  })
  return [catalog, loms].map((http) => http.listen({ host: '127.0.0.1', port: 0 }))
}

let listening: readonly Listening[]
let door: TestDoor

beforeAll(() => {
  listening = services()
  const [catalog, loms] = listening
  door = openDoor({ upstreams: { ...(catalog && { catalog }), ...(loms && { loms }) } })
})
afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await Promise.all(listening.map((one) => one.close(0)))
})

const documentOf = async () => (await (await door.ask('GET', '/swagger/json')).json()) as Document

describe('the document', () => {
  test('has what goes through the door, and nothing else of the services', async () => {
    const { paths } = await documentOf()
    expect(Object.keys(paths).toSorted()).toEqual([
      '/api/v1/orders',
      '/api/v1/orders/{id}',
      '/api/v1/products/{product_id}',
    ])
  })

  test('says who may ask by the table of the door', async () => {
    const { paths } = await documentOf()
    expect(paths['/api/v1/products/{product_id}']?.get).toMatchObject({ security: [], tags: ['products'] })
    expect(paths['/api/v1/orders/{id}']?.get).toMatchObject({
      security: [{ bearer: [] }, { session: [] }],
      tags: ['loms'],
      responses: { 200: expect.anything(), 429: expect.anything() },
    })
  })

  test('says what the door itself refuses with, beside what the service does', () => {
    const problem = (examples: object) => ({ content: { 'application/problem+json': { examples } } })
    const responses = { 403: { description: 'no', ...problem({ permission_denied: {} }) } }
    const paths = { '/api/v1/products': { get: { responses }, post: { responses } } }
    const merged = mergedDocument({ catalog: { paths } }) as unknown as Document
    const codesOf = (method: string, status: number) => {
      const operation = merged.paths['/api/v1/products']?.[method] as unknown as {
        responses: Record<number, ReturnType<typeof problem> | undefined>
      }
      return Object.keys(operation.responses[status]?.content['application/problem+json'].examples ?? {})
    }
    expect(codesOf('get', 429)).toEqual(['too_many_requests'])
    expect(codesOf('post', 429)).toEqual(['too_many_requests'])
    expect(codesOf('get', 403)).toEqual(['permission_denied'])
    // Only what changes something can be a page's doing in somebody's name.
    expect(codesOf('post', 403)).toEqual(['permission_denied', 'csrf'])
  })

  describe('says of each route', () => {
    const responses = {
      200: { description: 'Done.' },
      401: { description: 'no' },
      503: { description: 'no' },
    }
    const of = (method: string) => ({ [method]: { responses } })
    const { paths, components } = mergedDocument({
      accounts: { paths: { '/api/v1/login': of('post'), '/api/v1/logout': of('post') } },
      loms: {
        paths: { '/api/v1/orders': { ...of('get'), ...of('post') }, '/api/v1/promo/validate': of('post') },
      },
      billing: { paths: { '/payments/mono/callback': of('post') } },
    }) as unknown as Document
    type Response = { readonly headers: object }
    const operation = (name: string) => {
      const [method = '', path = ''] = name.split(' ')
      return paths[path]?.[method.toLowerCase()] as
        | (Operation & { readonly responses: Readonly<Record<string, Response>> })
        | undefined
    }

    const byCookie = { session: [], csrf: [] }
    test.each([
      ['GET /api/v1/orders', [{ bearer: [] }, { session: [] }]],
      ['POST /api/v1/orders', [{ bearer: [] }, byCookie]],
      ['POST /api/v1/promo/validate', [{}, { bearer: [] }, byCookie]],
      ['POST /api/v1/logout', [{}, { bearer: [] }, byCookie]],
      ['POST /api/v1/login', []],
      ['POST /payments/mono/callback', []],
    ])('who may ask: %s', (name, security) => {
      expect(operation(name)?.security).toEqual(security)
    })

    const limits = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset']
    test.each([
      ['GET /api/v1/orders', 200, limits],
      ['GET /api/v1/orders', 401, ['X-Request-Id', 'WWW-Authenticate', ...limits]],
      ['GET /api/v1/orders', 429, ['X-Request-Id', 'Retry-After', ...limits]],
      ['GET /api/v1/orders', 503, ['X-Request-Id', 'Retry-After', ...limits]],
      ['POST /api/v1/orders', 200, limits],
      ['POST /api/v1/orders', 403, ['X-Request-Id', ...limits, 'X-CSRF-Token']],
      ['POST /api/v1/login', 200, [...limits, 'X-CSRF-Token']],
    ] as const)('what comes with it: %s %d', (name, status, names) => {
      expect(Object.keys(operation(name)?.responses[status]?.headers ?? {})).toEqual([...names])
      expect(Object.keys(components.headers)).toEqual(limits)
    })
  })

  test('keeps what the services share once', async () => {
    expect(Object.keys((await documentOf()).components.schemas)).toEqual(['Problem'])
  })

  test('names the services that it could not ask', async () => {
    const { info } = await documentOf()
    expect(info.description).toContain('not shown: accounts, billing, cart, delivery, notifier')
  })

  test('is one that the linter has nothing to say about', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kiosk-document-'))
    try {
      const path = join(folder, 'openapi.json')
      await Bun.write(path, JSON.stringify(await documentOf()))
      const linter = Bun.spawn(
        [
          process.execPath,
          'x',
          '--bun',
          '--no-install',
          'redocly',
          'lint',
          path,
          '--extends=recommended',
          '--format=json',
        ],
        {
          stdout: 'pipe',
          stderr: 'pipe',
          env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
        },
      )
      const [out, err, code] = await Promise.all([linter.stdout.text(), linter.stderr.text(), linter.exited])
      expect({ code, problems: JSON.parse(out).problems }, err).toEqual({ code: 0, problems: [] })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }, 60_000)
})

describe('schemas of one name', () => {
  const document = (schema: object, path: string) => ({
    paths: {
      [path]: { get: { operationId: 'same', responses: { 200: { $ref: '#/components/schemas/Thing' } } } },
    },
    components: { schemas: { Thing: schema, Other: { $ref: '#/components/schemas/Thing' } } },
  })
  const merged = (catalog: object, loms: object) =>
    mergedDocument({
      catalog: document(catalog, '/api/v1/products'),
      loms: document(loms, '/api/v1/orders'),
    }) as unknown as Document

  test('that are alike are one', () => {
    expect(Object.keys(merged({ type: 'string' }, { type: 'string' }).components.schemas)).toEqual([
      'Problem',
      'Thing',
      'Other',
    ])
  })

  test('that differ stay apart, each where it is meant', () => {
    const { components, paths } = merged({ type: 'string' }, { type: 'integer' })
    expect(components.schemas).toMatchObject({
      Thing: { type: 'string' },
      loms_Thing: { type: 'integer' },
      Other: { $ref: '#/components/schemas/Thing' },
      loms_Other: { $ref: '#/components/schemas/loms_Thing' },
    })
    expect(paths['/api/v1/orders']?.get?.responses).toMatchObject({
      200: { $ref: '#/components/schemas/loms_Thing' },
    })
    expect(paths['/api/v1/products']?.get?.responses).toMatchObject({
      200: { $ref: '#/components/schemas/Thing' },
    })
  })

  test('and operations of one name get names of their own', () => {
    const { paths } = merged({ type: 'string' }, { type: 'string' })
    expect([paths['/api/v1/products']?.get?.operationId, paths['/api/v1/orders']?.get?.operationId]).toEqual([
      'same',
      'loms_same',
    ])
  })

  test('of a document that is none are none', () => {
    for (const nonsense of [
      null,
      7,
      'x',
      [],
      { paths: 7, components: [] },
      { paths: { '/api/v1/products': null } },
    ]) {
      expect(mergedDocument({ catalog: nonsense })).toMatchObject({ paths: {} })
    }
  })
})

test('a service whose document is no document does not spoil the page', async () => {
  await using loms = startEcho('loms', () => new Response('<html>', { status: 200 }))
  await using other = openDoor({ upstreams: { loms } })
  expect((await other.ask('GET', '/swagger/json')).status).toBe(200)
})

const executablePath = Bun.env.CHROMIUM_BIN ?? '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)

test.skipIf(!hasBrowser)(
  hasBrowser
    ? 'the page works in a browser, without internet'
    : `the page in a browser (skipped: no Chromium at ${executablePath})`,
  async () => {
    const args = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ]
    const browser = await chromium.launch({ executablePath, args })
    try {
      const page = await browser.newPage()
      const complaints: string[] = []
      await page.route('**', async (route) => {
        const { hostname, protocol } = new URL(route.request().url())
        if (protocol === 'data:' || isLoopback(hostname)) return await route.continue()
        complaints.push(route.request().url())
        await route.abort()
      })
      page.on('pageerror', (error) => complaints.push(error.message))
      const proofs: (string | undefined)[] = []
      page.on('request', (request) => {
        if (request.url().endsWith('/products/prod_1')) proofs.push(request.headers()['x-csrf-token'])
      })
      // As it stands beside a session, see cookies.ts.
      await page.context().addCookies([{ name: 'csrf_token', value: 'mac.nonce', url: door.url }])
      await page.goto(`${door.url}/swagger`)
      await page.getByText('One product').waitFor()
      expect(await page.locator('.opblock').count()).toBe(3)
      const operation = page.locator('.opblock', { hasText: 'One product' })
      await operation.locator('.opblock-summary-control').click()
      await operation.getByRole('button', { name: 'Try it out' }).click()
      await operation.locator('tr[data-param-name=product_id] input').fill('prod_1')
      await operation.getByRole('button', { name: 'Execute' }).click()
      const answer = operation.locator('.live-responses-table .response').first()
      await answer.waitFor()
      expect(await answer.locator('.response-col_status').innerText()).toStartWith('200')
      expect(proofs).toEqual(['mac.nonce'])
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
  },
  60_000,
)
