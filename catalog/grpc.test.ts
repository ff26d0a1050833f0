//! ProductService over the wire, asked by a client that knows no more of us than the seeds' own proto.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, credentials, loadPackageDefinition, type ServiceError, status } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import protobuf from 'protobufjs'
import { money } from '../contracts/money.ts'
import { uint32Max } from '../contracts/scalars.ts'
import { doorDeps, serveGrpc } from '../tests/harness/doors.ts'
import { callWith, productWith, skuOf, startCatalog } from './fixture.ts'
import { grpc } from './grpc.ts'
import { putProduct } from './operations/put-product.ts'
import { withdrawProduct } from './operations/withdraw-product.ts'

// Written down here once more on purpose: what existing clients have, whatever becomes of ours.
const theirProto = `
  syntax = "proto3";
  package route256.product;
  service ProductService {
    rpc GetProduct(GetProductRequest) returns (GetProductResponse);
    rpc ListSkus(ListSkusRequest) returns (ListSkusResponse);
  }
  message GetProductRequest { string token = 1; uint32 sku = 2; }
  message GetProductResponse { string name = 1; uint32 price = 2; }
  message ListSkusRequest { string token = 1; uint32 start_after_sku = 2; uint32 count = 3; }
  message ListSkusResponse { repeated uint32 skus = 1; }
`

const catalog = await startCatalog()
// Both methods must be open also where everything else asks for a token.
const server = await serveGrpc(
  grpc(catalog.deps),
  doorDeps('catalog', catalog.deps.now, { requireAuth: true }),
)

const loaded = loadPackageDefinition(
  fromJSON(protobuf.parse(theirProto, { keepCase: true }).root.toJSON(), { keepCase: true }),
)
const { ProductService } = (loaded as never as { route256: { product: { ProductService: typeof Client } } })
  .route256.product
const client = new ProductService(`127.0.0.1:${server.port}`, credentials.createInsecure())

afterAll(async () => {
  client.close()
  await server.close(1000)
  await catalog.end()
})

const sold = [1, 2, 4, uint32Max]

beforeAll(async () => {
  for (const sku of [...sold, 3]) {
    const { name, description, category, weightGrams, image } = productWith({ name: `product ${sku}` })
    const content = { name, description, category, weightGrams, image, price: money(sku, 'UAH') }
    await putProduct(catalog.deps, callWith(), { ...content, sku: skuOf(sku) })
  }
  await withdrawProduct(catalog.deps, callWith(), { sku: skuOf(3) })
})

type Said = { readonly code: number; readonly value: unknown }
type Unary = (request: object, callback: (error: ServiceError | null, value: unknown) => void) => void

function ask(method: 'GetProduct' | 'ListSkus', request: object): Promise<Said> {
  const unary = (client as never as Record<typeof method, Unary>)[method]
  return new Promise((resolve) => {
    unary.call(client, request, (error, value) => resolve({ code: error?.code ?? status.OK, value }))
  })
}

const token = 'testtoken'

describe('GetProduct', () => {
  test('answers name and price, to the ends of uint32', async () => {
    for (const sku of [1, uint32Max]) {
      expect(await ask('GetProduct', { token, sku })).toEqual({
        code: status.OK,
        value: { name: `product ${sku}`, price: sku },
      })
    }
  })

  test('refuses a SKU of 0 as INVALID_ARGUMENT, also one that was left out', async () => {
    expect((await ask('GetProduct', { token, sku: 0 })).code).toBe(3)
    expect((await ask('GetProduct', { token })).code).toBe(3)
  })

  test('refuses what is not sold, or not any more, as NOT_FOUND', async () => {
    expect((await ask('GetProduct', { token, sku: 5 })).code).toBe(5)
    expect((await ask('GetProduct', { token, sku: 3 })).code).toBe(5)
  })

  test('refuses a wrong or missing token as UNAUTHENTICATED, whether the product is there or not', async () => {
    for (const wrong of [{ token: 'testtokem' }, { token: '' }, {}]) {
      expect((await ask('GetProduct', { ...wrong, sku: 1 })).code).toBe(16)
      expect((await ask('GetProduct', { ...wrong, sku: 5 })).code).toBe(16)
    }
  })
})

describe('ListSkus', () => {
  const list = async (request: object) => {
    const { code, value } = await ask('ListSkus', { token, ...request })
    return code === status.OK ? ((value as { skus?: number[] }).skus ?? []) : code
  }

  test('answers what is sold, ascending, after the given SKU', async () => {
    expect(await list({ count: 1000 })).toEqual(sold)
    expect(await list({ start_after_sku: 0, count: 1 })).toEqual([1])
    expect(await list({ start_after_sku: 2, count: 1 })).toEqual([4])
    expect(await list({ start_after_sku: 4, count: 1000 })).toEqual([uint32Max])
    expect(await list({ start_after_sku: uint32Max, count: 1 })).toEqual([])
  })

  test('walked page by page gives every SKU once', async () => {
    const seen: number[] = []
    for (;;) {
      const page = await list({ start_after_sku: seen.at(-1) ?? 0, count: 3 })
      if (typeof page === 'number') throw new Error(`refused with ${page}`)
      if (page.length === 0) break
      seen.push(...page)
    }
    expect(seen).toEqual(sold)
  })

  test('refuses a count of 0 or past 1000 as INVALID_ARGUMENT', async () => {
    for (const count of [0, 1001, uint32Max]) expect(await list({ count })).toBe(3)
  })

  test('refuses a wrong token as UNAUTHENTICATED', async () => {
    expect(await list({ token: 'x', count: 1 })).toBe(16)
  })
})
