//! Somebody else's ProductService: a real gRPC server that knows nothing of us, and counts.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import protobuf from 'protobufjs'
import { newId, type Sku } from '../../contracts/ids.ts'
import { uint32Max } from '../../contracts/scalars.ts'
import { plusMs, processClock } from '../../contracts/time.ts'
import { type Call, childTraceparent } from '../../runtime/call.ts'
import { createLog } from '../../runtime/log.ts'
import { post } from '../../tests/harness/ask.ts'
import { startCart } from '../fixture.ts'
import { Others } from '../others.fixture.ts'
import { type ForeignOptions, foreignCatalog } from './foreign.ts'

// Theirs, not ours: what a client of such a service has.
const theirProto = `
  syntax = "proto3";
  package route256.product;
  service ProductService { rpc GetProduct(GetProductRequest) returns (GetProductResponse); }
  message GetProductRequest { string token = 1; uint32 sku = 2; }
  message GetProductResponse { string name = 1; uint32 price = 2; }
`
const loaded = loadPackageDefinition(
  fromJSON(protobuf.parse(theirProto, { keepCase: true }).root.toJSON(), { keepCase: true }),
)
const { service } = (
  loaded as never as { route256: { product: { ProductService: { service: ServiceDefinition } } } }
).route256.product.ProductService

type Request = { readonly token: string; readonly sku: number }
/** A product, a status to refuse with, or no answer at all. */
type Answer = { readonly name: string; readonly price: number } | status | 'silence'

const now = processClock()
const logLines: Record<string, unknown>[] = []
const log = createLog('cart', 'info', {
  destination: { write: (line) => void logLines.push(JSON.parse(line)) },
})

let server: Server
let address: string
let arrivals: { readonly atMs: number; readonly sku: number }[]
let runningMost: number
let answer: (request: Request, tryOfSku: number) => Answer | Promise<Answer>
beforeEach(async () => {
  arrivals = []
  runningMost = 0
  logLines.length = 0
  answer = ({ sku }) => ({ name: `product ${sku}`, price: sku })
  let running = 0
  const getProduct = async ({ request }: ServerUnaryCall<Request, object>, reply: sendUnaryData<object>) => {
    running += 1
    runningMost = Math.max(runningMost, running)
    arrivals.push({ atMs: performance.now(), sku: request.sku })
    const said = await answer(request, arrivals.filter(({ sku }) => sku === request.sku).length)
    running -= 1
    if (said === 'silence') return
    if (typeof said === 'number') reply({ code: said, details: 'theirs' })
    else reply(null, said)
  }
  server = new Server()
  server.addService(service, { GetProduct: getProduct })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  )
  address = `127.0.0.1:${await promise}`
})
afterEach(() => server.forceShutdown())

const options = (): ForeignOptions => ({
  address,
  token: 'their-token',
  now,
  log,
  requestsPerSecond: 1000,
  atOnceMax: 5,
  attemptsMax: 3,
})

async function withCatalog<R>(
  own: Partial<ForeignOptions>,
  run: (ask: (skus: readonly number[], leftMs?: number) => ReturnType<typeof products>) => Promise<R>,
): Promise<R> {
  const catalog = foreignCatalog({ ...options(), ...own })
  try {
    return await run((skus, leftMs) => products(catalog, skus, leftMs))
  } finally {
    catalog.close()
  }
}

/** What is known of the SKUs: name and price, or the code of the refusal. */
async function products(
  catalog: ReturnType<typeof foreignCatalog>,
  skus: readonly number[],
  leftMs = 10_000,
): Promise<Record<number, readonly [string, number]> | string> {
  const call: Call = {
    tenantId: 'default' as never,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(now(), leftMs),
  }
  const asked = await catalog.products(call, skus as readonly Sku[])
  if (!asked.ok) return asked.error.code
  return Object.fromEntries([...asked.value].map(([sku, { name, price }]) => [sku, [name, price] as const]))
}

const first = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('the products', () => {
  test('are asked one by one, with the token, to the ends of uint32; what is not sold is absent', async () => {
    const tokens = new Set<string>()
    answer = ({ token, sku }) => {
      tokens.add(token)
      return sku === 2 ? status.NOT_FOUND : { name: `№ ${sku}`, price: sku }
    }
    await withCatalog({}, async (ask) => {
      expect(await ask([1, 2, uint32Max])).toEqual({
        1: ['№ 1', 1],
        [uint32Max]: [`№ ${uint32Max}`, uint32Max],
      })
      expect(await ask([2])).toEqual({})
    })
    expect(tokens).toEqual(new Set(['their-token']))
    expect(arrivals.map(({ sku }) => sku).toSorted()).toEqual([1, 2, 2, uint32Max])
  })
})

describe('the limits', () => {
  test('of 10 in any second and 5 at once hold, however the questions come', async () => {
    answer = async ({ sku }) => {
      await Bun.sleep(10)
      return { name: `product ${sku}`, price: sku }
    }
    await withCatalog({ requestsPerSecond: 10 }, async (ask) => {
      // One alone, and a crowd just before its second is over: a window that began with the one would let 19 through.
      await ask([1])
      await Bun.sleep(900)
      const [some, others] = await Promise.all([ask(first(9)), ask(first(9))])
      expect([some, others].map((each) => Object.keys(each).length)).toEqual([9, 9])
    })
    expect(arrivals).toHaveLength(19)
    const within = ({ atMs }: { atMs: number }) =>
      arrivals.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1000).length
    expect(Math.max(...arrivals.map(within))).toBeLessThanOrEqual(10)
    expect(runningMost).toBe(5)
  })

  test('count every try, and the place of one who has given up goes to the next', async () => {
    answer = (_, tryOfSku) => (tryOfSku < 3 ? status.RESOURCE_EXHAUSTED : { name: 'late', price: 1 })
    await withCatalog({ requestsPerSecond: 2 }, async (ask) => {
      // The third try has to wait for the first one's second.
      expect(await ask([1], 700)).toBe('catalog_unavailable')
      expect(arrivals).toHaveLength(2)
      expect(await ask([1])).toEqual({ 1: ['late', 1] })
      expect(arrivals).toHaveLength(3)
    })
  })
})

describe('a try', () => {
  for (const code of [status.RESOURCE_EXHAUSTED, status.UNAVAILABLE]) {
    test(`that is answered ${status[code]} is followed by another, three in all`, async () => {
      answer = (_, tryOfSku) => (tryOfSku < 3 ? code : { name: 'at last', price: 7 })
      await withCatalog({}, async (ask) => expect(await ask([1])).toEqual({ 1: ['at last', 7] }))
      expect(arrivals).toHaveLength(3)
      arrivals = []
      answer = () => code
      await withCatalog({}, async (ask) => expect(await ask([1])).toBe('catalog_unavailable'))
      expect(arrivals).toHaveLength(3)
    })
  }

  for (const code of [
    status.UNAUTHENTICATED,
    status.INTERNAL,
    status.UNKNOWN,
    status.INVALID_ARGUMENT,
    status.DEADLINE_EXCEEDED,
  ]) {
    test(`that is answered ${status[code]} is the last, and is said in the log`, async () => {
      answer = () => code
      await withCatalog({}, async (ask) => expect(await ask([1])).toBe('catalog_unavailable'))
      expect(arrivals).toHaveLength(1)
      expect(logLines).toHaveLength(1)
      expect(JSON.stringify(logLines[0])).toContain(status[code])
      expect(JSON.stringify(logLines[0])).not.toContain('their-token')
    })
  }

  test('is the only one where one is allowed', async () => {
    answer = () => status.UNAVAILABLE
    await withCatalog({ attemptsMax: 1 }, async (ask) => expect(await ask([1])).toBe('catalog_unavailable'))
    expect(arrivals).toHaveLength(1)
  })

  test('that nobody hears is tried again too, and fails in good time', async () => {
    server.forceShutdown()
    await withCatalog({}, async (ask) => {
      const startedAt = performance.now()
      expect(await ask([1], 5000)).toBe('catalog_unavailable')
      expect(performance.now() - startedAt).toBeLessThan(4000)
    })
  })
})

test('when the time is over the answer is catalog_unavailable, and nothing more is asked', async () => {
  answer = () => 'silence'
  await withCatalog({}, async (ask) => {
    const startedAt = performance.now()
    expect(await ask(first(20), 300)).toBe('catalog_unavailable')
    expect(performance.now() - startedAt).toBeLessThan(1000)
    expect(await ask([1], 0)).toBe('catalog_unavailable')
  })
  expect(arrivals).toHaveLength(5)
})

test('a cart that asks it adds what it sells and lists it, and refuses what it does not sell', async () => {
  answer = ({ sku }) => (sku === 2 ? status.NOT_FOUND : { name: `product ${sku}`, price: 100 })
  const others = new Others()
  others.stock.set(1, 5).set(2, 5)
  const catalog = foreignCatalog({ ...options(), now: others.now })
  const cart = await startCart({ others, products: catalog })
  const app = cart.httpDoor()
  const ask = (path: string, body: object) => post(app, path, { user: 7, ...body })
  expect((await ask('/cart/item/add', { sku: 1, count: 2 })).status).toBe(200)
  expect((await ask('/cart/item/add', { sku: 2, count: 1 })).body.code).toBe('unknown_sku')
  expect((await ask('/cart/list', {})).body).toEqual({
    items: [{ sku: 1, count: 2, name: 'product 1', price: 100 }],
    totalPrice: 200,
  })
  answer = () => status.UNAUTHENTICATED
  expect(await ask('/cart/list', {})).toMatchObject({ status: 503, body: { code: 'catalog_unavailable' } })
  catalog.close()
  await cart.close()
})
