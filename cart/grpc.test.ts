//! Checkout over the wire, asked by a client that is made from nothing but the proto files.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import protobuf from 'protobufjs'
import { int64Max, uint16Max, uint32Max } from '../contracts/scalars.ts'
import type { GrpcServer } from '../runtime/grpc.ts'
import { post } from '../tests/harness/ask.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, startCart } from './fixture.ts'

const protos = resolve(import.meta.dir, '../contracts/proto')
const root = new protobuf.Root()
root.resolvePath = (origin, target) => (origin === '' ? target : resolve(protos, target))
root.loadSync(
  ['checkout/v1/checkout.proto', 'google/rpc/status.proto', 'google/rpc/error_details.proto'].map((path) =>
    resolve(protos, path),
  ),
  { keepCase: true },
)
const loaded = loadPackageDefinition(
  fromJSON(root.toJSON(), { keepCase: true, longs: String, defaults: true }),
)
const { Checkout } = (loaded as never as { checkout: { v1: { Checkout: typeof Client } } }).checkout.v1

let cart: Cart
let server: GrpcServer
let client: Client
beforeEach(async () => {
  cart = await startCart()
  cart.others.offer([1, 250, 100_000], [uint32Max, 5, 10])
  server = await cart.grpcDoor()
  client = new Checkout(`127.0.0.1:${server.port}`, credentials.createInsecure())
})
afterEach(async () => {
  client.close()
  await server.close(1000)
  await cart.close()
})

type Method = 'AddToCart' | 'DeleteFromCart' | 'ListCart' | 'ClearCart' | 'Purchase'
type Said = {
  readonly code: number
  readonly value: Record<string, unknown>
  readonly reason?: unknown
  readonly paths?: readonly string[]
}
type Unary = (
  request: object,
  metadata: Metadata,
  callback: (error: ServiceError | null, value: Record<string, unknown>) => void,
) => void

function ask(method: Method, request: object, key?: string): Promise<Said> {
  const metadata = new Metadata()
  if (key !== undefined) metadata.set('idempotency-key', key)
  const unary = (client as never as Record<Method, Unary>)[method]
  return new Promise((resolve) => {
    unary.call(client, request, metadata, (error, value) =>
      resolve(error === null ? { code: status.OK, value } : { value, ...refusalIn(error) }),
    )
  })
}

/** Reads the status details as any client could that has google.rpc's protos. */
function refusalIn(error: ServiceError): Omit<Said, 'value'> {
  const decode = (name: string, bytes: unknown) =>
    root.lookupType(name).decode(bytes as Uint8Array) as never as Record<string, never>
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  if (bytes === undefined) return { code: error.code }
  const details: { type_url: string; value: Uint8Array }[] = decode('google.rpc.Status', bytes).details ?? []
  const said: { code: number; reason?: unknown; paths?: string[] } = { code: error.code }
  for (const { type_url, value } of details) {
    if (type_url.endsWith('google.rpc.ErrorInfo')) said.reason = decode('google.rpc.ErrorInfo', value).reason
    if (!type_url.endsWith('google.rpc.BadRequest')) continue
    const violations: { field: string }[] = decode('google.rpc.BadRequest', value).field_violations ?? []
    said.paths = violations.map(({ field }) => field)
  }
  return said
}

async function refusalOf(method: Method, request: object) {
  const { value: _, ...said } = await changingNothing(cart, () => ask(method, request))
  return said
}
const invalid = (...paths: string[]) => ({ code: 3, reason: 'invalid_argument', paths })
const add = (sku: number, count: number, user: number | string = 7) => ask('AddToCart', { user, sku, count })

test('AddToCart, ListCart, DeleteFromCart and ClearCart are the cart of the HTTP door', async () => {
  expect(await add(uint32Max, 1)).toEqual({ code: 0, value: {} })
  await add(1, 2)
  await add(1, 3)
  const listed = {
    items: [
      { sku: 1, count: 5, name: 'product 1', price: 250 },
      { sku: uint32Max, count: 1, name: `product ${uint32Max}`, price: 5 },
    ],
    total_price: 1255,
  }
  expect(await ask('ListCart', { user: 7 })).toEqual({ code: 0, value: listed })
  const { items, totalPrice } = (await post(cart.httpDoor(), '/cart/list', { user: 7 })).body
  expect({ items, total_price: totalPrice }).toEqual(listed)
  expect(await ask('DeleteFromCart', { user: 7, sku: 1, count: 2 })).toEqual({ code: 0, value: {} })
  // A count of 0, which is also one that was left out, takes the whole line.
  await ask('DeleteFromCart', { user: 7, sku: uint32Max })
  expect(await cart.lines(7)).toEqual([[1, 3]])
  expect(await ask('ClearCart', { user: 7 })).toEqual({ code: 0, value: {} })
  expect(await ask('ListCart', { user: 7 })).toEqual({ code: 0, value: { items: [], total_price: 0 } })
})

test('Purchase answers the order, exactly to the end of int64, and the cart is empty', async () => {
  const user = String(int64Max)
  cart.others.nextOrderId = int64Max
  await add(1, 2, user)
  expect(await ask('Purchase', { user })).toEqual({ code: 0, value: { order_id: user } })
  expect(await cart.lines(int64Max)).toEqual([])
  expect(await refusalOf('Purchase', { user })).toEqual({ code: 9, reason: 'cart_empty' })
})

describe('a refusal', () => {
  test('is 3 with every path that is out of range, 0 being what was left out', async () => {
    expect(await refusalOf('AddToCart', {})).toEqual(invalid('/user', '/sku', '/count'))
    expect(await refusalOf('AddToCart', { user: '-1', sku: 1, count: uint16Max + 1 })).toEqual(
      invalid('/user', '/count'),
    )
    expect(await refusalOf('DeleteFromCart', { count: uint32Max })).toEqual(
      invalid('/user', '/sku', '/count'),
    )
    for (const method of ['ListCart', 'ClearCart', 'Purchase'] as const) {
      for (const user of [0, '-1', '-9223372036854775808'])
        expect(await refusalOf(method, { user })).toEqual(invalid('/user'))
    }
  })

  test('of AddToCart is 9 with its reason', async () => {
    await add(1, uint16Max)
    expect(await refusalOf('AddToCart', { user: 7, sku: 1, count: 1 })).toEqual({
      code: 9,
      reason: 'count_too_large',
    })
    const noStock = { user: 7, sku: uint32Max, count: 11 }
    expect(await refusalOf('AddToCart', noStock)).toEqual({ code: 9, reason: 'insufficient_stock' })
    expect(await refusalOf('AddToCart', { user: 7, sku: 2, count: 1 })).toEqual({
      code: 9,
      reason: 'unknown_sku',
    })
    cart.others.offer([3, uint32Max, 5])
    const tooDear = { user: 7, sku: 3, count: 1 }
    expect(await refusalOf('AddToCart', tooDear)).toEqual({ code: 9, reason: 'cart_total_too_large' })
  })

  test('of Purchase is 9 when stock is short, and the cart stays', async () => {
    await add(1, 2)
    cart.others.stock.set(1, 1)
    expect(await ask('Purchase', { user: 7 })).toMatchObject({ code: 9, reason: 'insufficient_stock' })
    expect(await cart.lines(7)).toEqual([[1, 2]])
  })

  test('is 14 when catalogue or loms do not answer', async () => {
    await add(1, 2)
    cart.others.fateOf = () => 'away'
    expect(await refusalOf('ListCart', { user: 7 })).toEqual({ code: 14, reason: 'catalog_unavailable' })
    const more = { user: 7, sku: 1, count: 1 }
    expect(await refusalOf('AddToCart', more)).toEqual({ code: 14, reason: 'catalog_unavailable' })
    expect(await ask('Purchase', { user: 7 })).toMatchObject({ code: 14, reason: 'unavailable' })
  })

  test('of ListCart is 11 when prices have risen past what the reply can say, to the last minor unit', async () => {
    await add(1, 1)
    await add(uint32Max, 1)
    cart.others.products.set(1, { name: 'gold', price: uint32Max - 5 })
    expect((await ask('ListCart', { user: 7 })).value.total_price).toBe(uint32Max)
    cart.others.products.set(1, { name: 'gold', price: uint32Max - 4 })
    expect(await refusalOf('ListCart', { user: 7 })).toEqual({ code: 11, reason: 'total_out_of_range' })
  })
})

test('an idempotency key gets the first answer again, and 6 for another request', async () => {
  await ask('AddToCart', { user: 7, sku: 1, count: 2 }, 'a')
  await changingNothing(cart, () => ask('AddToCart', { user: 7, sku: 1, count: 2 }, 'a'))
  expect(await ask('AddToCart', { user: 7, sku: 1, count: 3 }, 'a')).toMatchObject({
    code: 6,
    reason: 'idempotency_key_reused',
  })
  const first = await ask('Purchase', { user: 7 }, 'a')
  expect(first).toEqual({ code: 0, value: { order_id: '1' } })
  expect(await changingNothing(cart, () => ask('Purchase', { user: 7 }, 'a'))).toEqual(first)
})
